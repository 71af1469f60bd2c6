"""The Jobs page: every declared job can be seen, started, changed and stopped, and every refusal is told in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QScrollArea
from pytestqt.qtbot import QtBot
from stand_in_service import T0, StandInService, refusal, row, snapshot

from gui.jobs.capability import read_capabilities
from gui.jobs.inputs import NumberInput
from gui.jobs.page import JobsPage
from gui.jobs.setting_text import setting_text
from gui.jobs.start_form import StartForm
from gui.service_client import ServiceClient
from gui.unit import Unit

SETTINGS = "/unit_api/jobs/settings/job_name/stirring"


def option(name: str, kind: str, default: Any = None, **more: Any) -> dict[str, Any]:
    whole = {"name": name, "long_flag": name.replace("_", "-"), "help": "", "required": False, "multiple": False}
    return whole | {"default": default, "type": kind} | more


STIRRING = {
    "job_name": "stirring", "label": "Stirring", "group": "stir and heat", "help": "Keep the stir bar at a set speed.",
    "arguments": [],
    "options": [
        option("target_rpm", "float range", min=0, max=1500, unit="RPM", label="Target speed", first=True),
        option("use_rpm", "boolean", label="Hold the speed"),
        option("measure_rpm_only", "boolean", default=False),
        option("cycles", "integer", default=3, min=1),
    ],
    "published_settings": {
        "target_rpm": {"datatype": "float", "settable": True, "unit": "RPM", "min": 0, "max": 5000},
        "measured_rpm": {"datatype": "MeasuredRPM", "settable": False, "unit": "RPM", "label": "Measured speed"},
        "duty_cycle": {"datatype": "float", "settable": True, "unit": "%", "min": 0, "max": 100},
        "od2": {"datatype": "ODReading", "settable": False, "label": "OD2"},
        "enable_dodging_od": {"datatype": "boolean", "settable": True, "label": "Dodge OD readings"},
        "$state": {"datatype": "text", "settable": True},
    },
}  # fmt: skip
# As a plug-in may declare it: no label, no group, no units, a required option, and arguments.
BARE = {
    "job_name": "odd_job", "help": "", "arguments": [{"name": "script", "nargs": -1, "required": True, "type": "text"}],
    "options": [option("amount", "float", required=True)], "published_settings": {},
}  # fmt: skip
RULE = {
    "job_name": "temperature_automation", "automation_name": "thermostat", "help": "Hold the vial at a temperature.",
    "arguments": [], "group": "stir and heat", "options": [option("target_temperature", "float", required=True)],
    "published_settings": {"$state": {"datatype": "text", "settable": True}},
}  # fmt: skip
SUB = {
    "job_name": "od_blank delete",
    "help": "",
    "arguments": [],
    "options": [],
    "published_settings": {},
    "group": "measure",
}
VALUES = {"stirring": {"$state": "ready", "target_rpm": 500.0, "enable_dodging_od": False}}


class JobsBench:
    """The page on a service that answers what the test orders."""

    def __init__(self, driver: LoopDriver, service: StandInService) -> None:
        self.driver, self.service = driver, service
        service.answer("GET /unit_api/capabilities", 200, [STIRRING, BARE, RULE, SUB])
        self.unit, self.client = Unit(), ServiceClient(service.url)
        self.page = JobsPage(self.unit, self.client)
        self.page.resize(940, 560)
        self.page.show()
        # Where no window manager does it, a window must ask for the keyboard.
        self.page.activateWindow()
        driver.until(self.page.isActiveWindow, "the page has the keyboard")

    def begin(self, *jobs: dict[str, Any], **changes: Any) -> None:
        self.unit.handle("snapshot", {"t": T0} | snapshot(jobs=list(jobs), settings=VALUES, **changes))
        self.driver.until(lambda: self.page.start_list.rows, "the capabilities are there")

    def form(self, job_name: str) -> StartForm:
        """Open a job's form by its button."""
        [start] = [r for r in self.page.start_list.rows if r.family.job_name == job_name]
        start.button.click()
        assert self.page.form is not None
        return self.page.form

    def close(self) -> None:
        self.driver.run(self.client.close())
        self.page.deleteLater()
        self.unit.deleteLater()


@pytest.fixture
def jobs(driver: LoopDriver, service: StandInService) -> Iterator[JobsBench]:
    bench = JobsBench(driver, service)
    yield bench
    bench.close()


def line(form: StartForm, name: str) -> QLineEdit:
    [field] = [field for field in form.fields if field.option.name == name]
    assert isinstance(field.input, QLineEdit)
    return field.input


def note(form: StartForm, name: str) -> str:
    return next(field.note.text() for field in form.fields if field.option.name == name)


# what can be started


def test_every_declared_job_can_be_started_under_its_heading(jobs: JobsBench) -> None:
    jobs.begin()
    labels = [row.family.title for row in jobs.page.start_list.rows]
    assert labels == ["Od blank delete", "Stirring", "Temperature", "Odd job"]


def test_a_form_shows_first_what_people_change_first(jobs: JobsBench) -> None:
    jobs.begin()
    form = jobs.form("stirring")
    seen = [field.option.label for field in form.fields if field.isVisible()]
    assert seen == ["Target speed"]
    assert line(form, "target_rpm").hasFocus()
    assert note(form, "target_rpm") == "0 to 1500 RPM"
    form.more.click()
    assert all(field.isVisible() for field in form.fields)
    assert line(form, "cycles").text() == "3"
    kinds = {field.option.name: type(field.input) for field in form.fields}
    assert kinds["use_rpm"] is QComboBox
    assert kinds["measure_rpm_only"] is QCheckBox


def test_only_what_differs_from_the_defaults_is_sent(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin()
    jobs.service.answer_task("/unit_api/jobs/run/job_name/stirring", {"job_name": "stirring"})
    form = jobs.form("stirring")
    qtbot.keyClicks(line(form, "target_rpm"), "400,5")
    qtbot.keyClick(line(form, "target_rpm"), Qt.Key.Key_Return)
    assert form.start.text() == "Starting…"
    assert not form.start.isEnabled()
    jobs.driver.until(lambda: jobs.page.form is None, "the form closes when the job runs")
    assert jobs.service.asked("POST", "/unit_api/jobs/run/job_name/stirring") == [
        {"options": {"target_rpm": 400.5}, "args": []}
    ]


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("target_rpm", "fast", "Type a number, such as 5 or 0.25."),
        ("target_rpm", "1501", "Must be 0 to 1500 RPM."),
        ("target_rpm", "nan", "Type a number, such as 5 or 0.25."),
        ("cycles", "2.5", "Type a whole number."),
        ("cycles", "0", "Must be at least 1."),
    ],
)
def test_what_does_not_fit_is_told_beside_its_input_and_nothing_is_sent(
    jobs: JobsBench, name: str, typed: str, words: str
) -> None:
    jobs.begin()
    form = jobs.form("stirring")
    line(form, name).setText(typed)
    form.start.click()
    assert note(form, name) == words
    assert line(form, name).isVisible(), "a folded input that is wrong is unfolded"
    assert form.trouble.text() == "Correct what is marked, then start."
    assert line(form, name).hasFocus(), "where it is to be corrected"
    assert not [1 for method, _, _ in jobs.service.requests if method == "POST"]


def test_what_is_needed_is_asked_for(jobs: JobsBench) -> None:
    jobs.begin()
    form = jobs.form("odd_job")
    form.start.click()
    assert note(form, "amount") == "This is needed."
    assert form.arguments[0].note.text() == "This is needed."
    line(form, "amount").setText("2")
    form.arguments[0].input.setText("--media 2 --sleep 5")
    assert form.body() == {"options": {"amount": 2.0}, "args": ["--media", "2", "--sleep", "5"]}


def test_rules_and_subcommands_are_addressed_as_the_service_wants(jobs: JobsBench) -> None:
    jobs.begin()
    form = jobs.form("temperature_automation")
    line(form, "target_temperature").setText("37")
    assert form.body()["options"] == {"target_temperature": 37.0, "automation_name": "thermostat"}
    form = jobs.form("od_blank delete")
    assert form.capability.run_name == "od_blank"
    assert form.body()["args"] == ["delete"]


def test_a_refusal_is_shown_in_the_form_with_its_cause_and_remedy(jobs: JobsBench) -> None:
    jobs.begin()
    answer = refusal(409, "Channel 1 is taken.", "The stirrer's output is held by another job.", "Stop that job first.")
    answer[1]["error_info"]["fields"] = ["cycles"]
    jobs.service.routes["POST /unit_api/jobs/run/job_name/stirring"] = lambda body, query: answer
    form = jobs.form("stirring")
    form.start.click()
    jobs.driver.until(form.trouble.isVisible)
    words = "Channel 1 is taken. The stirrer's output is held by another job. Stop that job first."
    assert form.trouble.text() == words
    assert note(form, "cycles") == "The stirrer's output is held by another job."
    assert line(form, "cycles").hasFocus()
    assert form.start.isEnabled()
    assert form.start.text() == "Start stirring"


def test_escape_closes_the_form_and_gives_the_keyboard_back(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin()
    form = jobs.form("stirring")
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    assert jobs.page.form is None
    [start] = [r for r in jobs.page.start_list.rows if r.family.job_name == "stirring"]
    assert start.button.hasFocus()
    assert not start.button.isChecked()


def test_a_running_job_cannot_be_started_again(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    [start] = [r for r in jobs.page.start_list.rows if r.family.job_name == "stirring"]
    assert not start.button.isEnabled()
    jobs.unit.handle("job", {"job_id": 1, "job_name": "stirring", "state": "disconnected", "is_running": 0})
    assert start.button.isEnabled()
    assert jobs.page.running == {}


def test_a_card_follows_the_rule_that_is_told_after_its_job(jobs: JobsBench) -> None:
    rules = [RULE | {"automation_name": name, "label": name.capitalize()} for name in ("record", "thermostat")]
    jobs.service.answer("GET /unit_api/capabilities", 200, rules)
    jobs.begin()
    job = row(1, "temperature_automation")
    jobs.unit.handle("job", job | {"state": "init"})
    for name, value in (("automation_name", "thermostat"), ("$state", "ready")):
        told = {"job_id": 1, "job_name": "temperature_automation", "setting": name, "value": value}
        jobs.unit.handle("setting", told)
    assert [card.title for card in jobs.page.running.values()] == ["Temperature · Thermostat"]


def test_a_form_beside_cards_in_the_smallest_window_pushes_nothing_out_of_sight(jobs: JobsBench) -> None:
    long = {"job_name": "long_job", "label": "Forget the reference of relative density", "is_action": True}
    jobs.service.answer("GET /unit_api/capabilities", 200, [RULE, BARE | long])
    settings = {"temperature_automation": {"$state": "ready", "automation_name": "thermostat"}}
    jobs.unit.handle(
        "snapshot", {"t": T0} | snapshot(jobs=[row(1, "temperature_automation"), row(2, "long_job")], settings=settings)
    )
    jobs.driver.until(lambda: len(jobs.page.start_list.rows) == 2)
    jobs.page.resize(924, 560)  # what the rail leaves of 1024
    form = jobs.form("long_job")
    jobs.driver.turn()
    for inside in jobs.page.findChildren(QScrollArea):
        assert inside.widget().width() <= inside.viewport().width()
    for button in (form.start, *(card.stop for card in jobs.page.running.values())):
        assert button.fontMetrics().horizontalAdvance(button.text()) < button.width()


# what runs


def test_a_running_job_shows_its_state_and_its_settings(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    card = jobs.page.running[1]
    assert card.badge.word == "Running"
    target = card.fields["target_rpm"].input
    assert isinstance(target, NumberInput)
    assert target.text() == "500"
    assert not card.fields["measured_rpm"].isVisible()
    reading = {"measured_rpm": 499.8, "timestamp": T0}
    told = {"job_id": 1, "job_name": "stirring", "setting": "measured_rpm", "value": reading}
    jobs.unit.handle("setting", told)
    assert card.fields["measured_rpm"].isVisible()
    assert card.fields["measured_rpm"].value_label.text() == "499.8 RPM"
    jobs.unit.handle("job", row(1, "stirring", state="sleeping"))
    assert card.badge.word == "Paused"
    assert card.pause.text() == "Resume"


def change(jobs: JobsBench, qtbot: QtBot, text: str) -> Any:
    """Type a new target speed and press Enter."""
    field = jobs.page.running[1].fields["target_rpm"]
    assert isinstance(field.input, NumberInput)
    field.input.setFocus()
    field.input.selectAll()
    qtbot.keyClicks(field.input, text)
    qtbot.keyClick(field.input, Qt.Key.Key_Return)
    return field


def test_a_changed_setting_is_pending_then_taken(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    jobs.service.answer(f"PATCH {SETTINGS}", 200, {"status": "success"})
    jobs.service.answer(f"GET {SETTINGS}", 200, {"settings": {"$state": "ready", "target_rpm": 300.0}})
    field = change(jobs, qtbot, "300")
    assert field.note.text() == "setting…"
    jobs.driver.until(lambda: not field.is_pending)
    assert jobs.service.asked("PATCH", SETTINGS) == [{"settings": {"target_rpm": 300.0}}]
    assert field.note.text() == "taken"
    assert field.input.text() == "300"


def test_a_limited_setting_says_what_the_job_made_of_it(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    jobs.service.answer(f"PATCH {SETTINGS}", 200, {"status": "success"})
    jobs.service.answer(f"GET {SETTINGS}", 200, {"settings": {"$state": "ready", "target_rpm": 1500.0}})
    field = change(jobs, qtbot, "3000")
    assert not field.input.is_being_typed
    jobs.driver.until(lambda: not field.is_pending)
    assert field.note.text() == "limited to 1500 RPM"
    assert field.input.text() == "1500"


def test_a_refused_setting_goes_back_and_says_why(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    jobs.service.routes[f"PATCH {SETTINGS}"] = lambda b, q: refusal(400, "Not taken.", "The speed is not measured.")
    field = change(jobs, qtbot, "300")
    jobs.driver.until(lambda: not field.is_pending)
    assert field.input.text() == "500"
    assert field.note.text() == "Not taken. The speed is not measured."
    assert field.note.property("tone") == "alarm"


def test_no_command_is_sent_for_every_key(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["target_rpm"]
    assert isinstance(field.input, NumberInput)
    field.input.setFocus()
    field.input.selectAll()
    qtbot.keyClicks(field.input, "300")
    jobs.driver.turn()
    assert not jobs.service.asked("PATCH", SETTINGS)
    told = {"job_id": 1, "job_name": "stirring", "setting": "target_rpm", "value": 450.0}
    jobs.unit.handle("setting", told)
    assert field.input.text() == "300", "what is being typed is not overwritten"


def test_half_a_number_waits_while_another_window_is_in_front(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["target_rpm"]
    assert isinstance(field.input, NumberInput)
    field.input.selectAll()
    qtbot.keyClicks(field.input, "3")
    QApplication.sendEvent(field.input, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.ActiveWindowFocusReason))
    jobs.driver.turn()
    assert not field.is_pending
    assert field.input.text() == "3"
    QApplication.sendEvent(field.input, QFocusEvent(QEvent.Type.FocusOut, Qt.FocusReason.TabFocusReason))
    assert field.is_pending
    jobs.driver.until(lambda: not field.is_pending)


def test_escape_takes_back_what_was_typed(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["target_rpm"]
    assert isinstance(field.input, NumberInput)
    field.input.selectAll()
    qtbot.keyClicks(field.input, "300")
    jobs.unit.handle("setting", {"job_id": 1, "job_name": "stirring", "setting": "target_rpm", "value": 450.0})
    qtbot.keyClick(field.input, Qt.Key.Key_Escape)
    assert field.input.text() == "450"
    jobs.unit.handle("setting", {"job_id": 1, "job_name": "stirring", "setting": "target_rpm", "value": 400.0})
    assert field.input.text() == "400"
    assert not jobs.service.asked("PATCH", SETTINGS)


def test_a_number_outside_the_limits_is_not_sent_but_explained(jobs: JobsBench, qtbot: QtBot) -> None:
    jobs.begin(row(1, "stirring"))
    field = change(jobs, qtbot, "9000")
    assert field.note.text() == "9000: Must be 0 to 5000 RPM."
    assert field.note.property("tone") == "alarm"
    assert field.input.text() == "500"
    jobs.driver.turn()
    assert not jobs.service.asked("PATCH", SETTINGS)
    qtbot.keyClicks(field.input, "6")
    assert field.note.property("tone") == ""


def test_a_regulated_value_is_shown_with_the_digits_that_matter(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["duty_cycle"]
    assert isinstance(field.input, NumberInput)
    jobs.unit.handle("setting", {"job_id": 1, "job_name": "stirring", "setting": "duty_cycle", "value": 32.2435})
    assert field.input.text() == "32.24"
    field.input.setFocus()
    jobs.page.setFocus()
    assert not field.is_pending, "looking at it changes nothing"


def test_an_optical_density_is_named_by_its_angle(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["od2"]
    told = {"job_id": 1, "job_name": "stirring", "setting": "od2"}
    jobs.unit.handle("setting", told | {"value": {"calibrated": 0, "angle": "90", "od": 0.0213}})
    assert (field.name.text(), field.value_label.text()) == ("Optical density 90°", "0.0213 AU")


def test_the_wheel_over_a_value_without_focus_changes_nothing(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    field = jobs.page.running[1].fields["target_rpm"]
    assert isinstance(field.input, NumberInput)
    field.input.clearFocus()
    middle = QPointF(field.input.rect().center())
    at = QPointF(field.input.mapToGlobal(middle.toPoint()))
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    turn = QWheelEvent(middle, at, QPoint(0, 0), QPoint(0, 120), buttons, keys, phase, False)
    QApplication.sendEvent(field.input, turn)
    jobs.driver.turn()
    assert field.input.text() == "500"
    assert not jobs.service.asked("PATCH", SETTINGS)


def test_a_switch_is_sent_at_once(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    jobs.service.answer(f"PATCH {SETTINGS}", 200, {"status": "success"})
    jobs.service.answer(f"GET {SETTINGS}", 200, {"settings": {"enable_dodging_od": True}})
    field = jobs.page.running[1].fields["enable_dodging_od"]
    assert isinstance(field.input, QCheckBox)
    field.input.click()
    jobs.driver.until(lambda: not field.is_pending)
    assert jobs.service.asked("PATCH", SETTINGS) == [{"settings": {"enable_dodging_od": True}}]
    assert field.input.isChecked()


def test_pause_resume_and_stop(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    card = jobs.page.running[1]
    jobs.service.answer(f"PATCH {SETTINGS}", 200, {"status": "success"})
    jobs.service.answer_task("/unit_api/jobs/stop", {"stopped": [], "still_running": []})
    card.pause.click()
    assert not card.pause.isEnabled()
    jobs.driver.until(lambda: jobs.service.asked("PATCH", SETTINGS))
    jobs.unit.handle("job", row(1, "stirring", state="sleeping"))
    jobs.driver.until(card.pause.isEnabled)
    card.pause.click()
    jobs.driver.until(lambda: len(jobs.service.asked("PATCH", SETTINGS)) == 2)
    jobs.unit.handle("job", row(1, "stirring", state="ready"))
    asked = [body["settings"] for body in jobs.service.asked("PATCH", SETTINGS)]
    assert asked == [{"$state": "sleeping"}, {"$state": "ready"}]
    jobs.driver.until(card.stop.isEnabled)
    card.stop.click()
    assert card.stop.text() == "Stopping…"
    jobs.driver.until(lambda: jobs.service.asked("POST", "/unit_api/jobs/stop"))
    assert jobs.service.asked("POST", "/unit_api/jobs/stop") == [{"job_id": 1}]
    jobs.driver.until(card.stop.isEnabled)


def test_only_what_needs_the_board_waits_for_it(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"), row(2, "monitor", needs_board=False))
    jobs.unit.handle("board", {"t": T0, "state": "lost", "link": "disconnected", "since": T0})
    words = {job_id: card.badge.word for job_id, card in jobs.page.running.items()}
    assert words == {1: "Waiting for the board", 2: "Running"}


def test_a_job_nobody_declared_is_shown_and_can_be_stopped(jobs: JobsBench) -> None:
    jobs.begin(row(7, "mystery_job"), row(1, "monitor", is_long_running_job=1))
    assert list(jobs.page.running) == [7, 1]
    assert jobs.page.running[7].stop.isEnabled()


# trouble


def test_without_the_service_nothing_can_be_pressed(jobs: JobsBench) -> None:
    jobs.begin(row(1, "stirring"))
    jobs.unit.set_service("lost", "The service ended the connection.")
    card = jobs.page.running[1]
    assert card.badge.word == "Not known"
    assert not card.stop.isEnabled()
    assert not card.fields["target_rpm"].isEnabled()


def test_capabilities_that_cannot_be_read_can_be_asked_again(jobs: JobsBench) -> None:
    jobs.service.routes["GET /unit_api/capabilities"] = lambda body, query: refusal(500, "No list.", "A fault.")
    jobs.unit.handle("snapshot", {"t": T0} | snapshot())
    jobs.driver.until(lambda: jobs.page.empty.headline == "No list.")
    assert jobs.page.empty.words.startswith("A fault.")
    jobs.service.answer("GET /unit_api/capabilities", 200, [STIRRING])
    jobs.page.empty.acted.emit()
    jobs.driver.until(lambda: jobs.page.start_list.rows)
    assert not jobs.page.empty.isVisible()


@pytest.mark.parametrize(
    ("name", "entry", "value", "words"),
    [
        ("target_rpm", {"datatype": "float", "unit": "RPM"}, 499.84, "499.8 RPM"),
        ("od2", {"datatype": "ODReading"}, {"calibrated": 0, "angle": "90", "od": 0.0213}, "0.0213 AU"),
        ("od2", {"datatype": "ODReading"}, {"calibrated": 1, "angle": "90", "od": 0.5}, "0.5 OD600"),
        ("duty_cycle", {"datatype": "float", "unit": "%"}, 32.2435, "32.24 %"),
        ("voltage", {"datatype": "Voltage", "unit": "V"}, {"voltage": 5, "timestamp": T0}, "5.00 V"),
        ("temperature", {"datatype": "Temperature", "unit": "℃"}, {"temperature": 30.12, "timestamp": T0}, "30.12 °C"),
        ("versions", {"datatype": "json"}, {"app": "1.2", "firmware": "0.9"}, "app 1.2, firmware 0.9"),
        ("button_down", {"datatype": "boolean"}, False, "no"),
        ("latest_event", {"datatype": "AutomationEvent"}, {"event_name": "NoEvent", "message": None},
         "Nothing to do in the last run."),
        ("latest_event", {"datatype": "AutomationEvent"},
         {"event_name": "DilutionEvent", "message": "exchanged 1.000 of 1 ml"}, "Exchanged 1.000 of 1 mL."),
        ("ipv4", {"datatype": "string"}, "10.0.0.2", "10.0.0.2"),
        ("x", {"datatype": "float"}, None, "–"),
        ("x", {"datatype": "float"}, -12345.6, "−12346"),
    ],
)  # fmt: skip
def test_settings_are_told_with_their_unit(name: str, entry: dict[str, Any], value: Any, words: str) -> None:
    [capability] = read_capabilities([{"job_name": "j", "published_settings": {name: entry}}])
    assert setting_text(capability.settings[0], value) == words
