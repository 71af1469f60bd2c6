"""The look: both schemes complete and readable, icons drawn, values that grow old, states told three ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot
from stand_in_service import T0, snapshot

from gui import icons, moments, theme
from gui.unit import Unit, utc_s_of
from gui.widgets.empty_state import EmptyState
from gui.widgets.state_badge import JOB_STATES, StateBadge
from gui.widgets.value_label import ValueLabel
from gui.words import job_title, listing

READABLE = 4.5


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour: str) -> float:
        parts = (QColor(colour).redF(), QColor(colour).greenF(), QColor(colour).blueF())
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture
def look(qapp: QApplication) -> Iterator[theme.Theme]:
    del qapp
    yield theme.current()
    theme.current().choose("light")


@pytest.mark.parametrize("tokens", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(tokens: theme.Tokens) -> None:
    for ground in (tokens.surface, tokens.raised, tokens.sunken):
        assert contrast(tokens.text, ground) >= READABLE, ground
        assert contrast(tokens.quiet, ground) >= READABLE, ground
    for ground in (tokens.surface, tokens.raised):
        for text in (tokens.accent, tokens.ok, tokens.note, tokens.warn, tokens.alarm):
            assert contrast(text, ground) >= READABLE, (text, ground)
    for tone in ("ok", "note", "warn", "alarm"):
        assert contrast(asdict(tokens)[tone], asdict(tokens)[f"{tone}_soft"]) >= READABLE, tone
        assert contrast(tokens.text, asdict(tokens)[f"{tone}_soft"]) >= READABLE, tone
    assert contrast(tokens.on_accent, tokens.accent) >= READABLE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit])
def test_the_hint_in_an_empty_field_can_be_read(
    look: theme.Theme, qtbot: QtBot, scheme: str, kind: type[QLineEdit | QPlainTextEdit]
) -> None:
    look.choose(scheme)
    field = kind()
    qtbot.addWidget(field)
    field.show()
    hint = field.palette().color(QPalette.ColorRole.PlaceholderText)
    assert hint.alpha() == 255
    assert contrast(hint.name(), look.tokens.sunken) >= READABLE


def test_icons_follow_the_theme_wherever_they_are(look: theme.Theme, qtbot: QtBot) -> None:
    button, label = QPushButton("Save"), QLabel()
    for widget in (button, label):
        qtbot.addWidget(widget)
        icons.show_icon(widget, "export")
    drawn = {}
    for wanted in ("light", "dark"):
        look.choose(wanted)
        drawn[wanted] = button.icon().pixmap(16).toImage(), label.pixmap().toImage()
    assert all(light != dark for light, dark in zip(drawn["light"], drawn["dark"], strict=True))


@pytest.mark.parametrize("wanted", ["light", "dark", "system", "pink"])
def test_each_theme_dresses_the_application(look: theme.Theme, qtbot: QtBot, wanted: str) -> None:
    with qtbot.waitSignal(look.palette_changed):
        look.choose(wanted)
    sheet = QApplication.instance().styleSheet()  # type: ignore[union-attr]
    assert "$" not in sheet
    assert look.tokens.accent in sheet
    assert QApplication.palette().window().color() == QColor(look.tokens.surface)
    assert look.is_dark is (wanted == "dark")
    assert look.wanted == (wanted if wanted in ("light", "dark") else "system")


@pytest.mark.parametrize("name", icons.names())
def test_every_icon_is_drawn(look: theme.Theme, name: str) -> None:
    del look
    assert not icons.pixmap(name, "text", 16).isNull()


def test_an_icon_follows_the_theme(look: theme.Theme) -> None:
    look.choose("light")
    label = QLabel()
    icons.show_icon(label, "alarm", "alarm")
    light = label.pixmap().toImage()
    look.choose("dark")
    icons.refresh(label)
    assert label.pixmap().toImage() != light


def test_the_program_has_an_icon_in_every_size(look: theme.Theme) -> None:
    del look
    assert {size.width() for size in icons.app_icon().availableSizes()} == {16, 32, 64, 128, 256}


@pytest.mark.parametrize(
    ("series", "angle", "colour"),
    [
        ("od1", "90", "#0072b2"),
        ("od2", "135", "#e69f00"),
        ("raw_od1", "45", "#009e73"),
        ("od_fused", None, "#cc79a7"),
        ("growth_rate", None, "#d55e00"),
        ("temperature", None, "#56b4e9"),
    ],
)
def test_a_signal_has_its_colour(look: theme.Theme, series: str, angle: str | None, colour: str) -> None:
    del look
    assert theme.colour_of(series, angle).name() == colour


@pytest.mark.parametrize("state", JOB_STATES)
def test_a_jobs_state_is_told_by_word_and_icon(qtbot: QtBot, state: str) -> None:
    badge = StateBadge()
    qtbot.addWidget(badge)
    badge.show_job_state(state)
    assert badge.word == JOB_STATES[state][0]
    assert badge.accessibleName() == badge.word
    assert not badge.findChildren(QLabel)[0].pixmap().isNull()


def test_an_empty_place_offers_its_action(qtbot: QtBot) -> None:
    empty = EmptyState()
    qtbot.addWidget(empty)
    empty.explain("live", "Nothing measured yet", "The curve grows here.", "Start")
    button = empty.findChildren(type(empty._button))[0]
    with qtbot.waitSignal(empty.acted):
        button.click()
    empty.explain("live", "Nothing", "Words.")
    assert button.isHidden()


def live_unit() -> Unit:
    unit = Unit()
    unit.handle("snapshot", {"seq": 1, "t": T0} | snapshot())
    return unit


def test_a_value_shows_digits_unit_and_age(qtbot: QtBot) -> None:
    unit = live_unit()
    label = ValueLabel(unit, "℃", 2)
    qtbot.addWidget(label)
    assert label.text == "–"
    label.show_value(-30.128, utc_s_of(T0))
    assert label.text == "−30.13"
    assert not label.is_stale
    assert label.age_text == "now"


def test_an_old_value_looks_old(qtbot: QtBot) -> None:
    unit = live_unit()
    label = ValueLabel(unit, "℃", stale_after_s=15)
    qtbot.addWidget(label)
    label.show_value(30.0, utc_s_of(T0) - 20)
    assert label.is_stale
    assert label.age_text == "20 s ago"


def test_values_look_old_when_the_service_is_gone(qtbot: QtBot) -> None:
    unit = live_unit()
    label = ValueLabel(unit)
    qtbot.addWidget(label)
    label.show_value(30.0, utc_s_of(T0))
    unit.set_service("lost", "gone")
    assert label.is_stale


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(0.4, "now"), (3, "3 s ago"), (240, "4 min ago"), (7300, "2 h ago"), (86400 * 5, "5 days ago")],
)
def test_times_near_now_are_said_as_people_do(age_s: float, words: str) -> None:
    assert moments.ago(age_s) == words


def test_exact_times_carry_their_zone() -> None:
    moment = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert moments.exact(moment).endswith(str(moment.astimezone().tzname()))


def test_words_are_the_fields_not_the_codes() -> None:
    assert job_title("od_reading") == "Optical density"
    assert job_title("my_plugin_job") == "My plugin job"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing(["a"]) == "a"
    assert listing([]) == ""
