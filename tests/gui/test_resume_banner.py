"""What was cut off by the end of the service: named, offered, chosen among, resumed or left, from the window."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from shown_window import Shown
from stand_in_service import T0, refusal, row, snapshot

from gui.resume_dialog import ResumeDialog
from gui.resume_words import headline, job_words, what_happened
from gui.unit import utc_s_of

RESUME, DISMISS = "/unit_api/jobs/interrupted/resume", "/unit_api/jobs/interrupted/dismiss"


def job(name: str, **changes: Any) -> dict[str, Any]:
    whole = {"job_name": name, "automation_name": "", "label": name, "experiment": "exp one", "job_source": "user"}
    moments = {"started_at": T0, "ended_at": T0, "was_killed": True}
    return whole | {"options": {}, "settings": {}, "state": "ready"} | moments | changes


STIRRING = job("stirring", settings={"target_rpm": 350.0})
DOSING = job("dosing_automation", automation_name="chemostat", options={"exchange_volume_ml": 0.5, "duration": 20.0})


def interrupted(*jobs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    whole = {"rule": "ask", "is_resuming": False, "ended_at": T0 if jobs else None, "was_killed": True}
    return whole | {"jobs": list(jobs)} | changes


@pytest.fixture
def offered(shown: Shown) -> Shown:
    """A window whose service was cut off in two jobs."""
    shown.service.snapshot = snapshot(interrupted=interrupted(STIRRING, DOSING))
    shown.start()
    shown.until(lambda: shown.window.resume.isVisible(), "the offer is shown")
    return shown


def click(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def asked(shown: Shown) -> list[tuple[str, Any]]:
    return [(path, body) for method, path, body in shown.service.requests if method == "POST"]


def toasts(shown: Shown) -> str:
    return " ".join(label.text() for label in shown.window.findChildren(QLabel) if label.isVisible())


def test_nothing_is_shown_where_nothing_was_cut_off(shown: Shown) -> None:
    shown.service.snapshot = snapshot(interrupted=interrupted())
    shown.start()
    assert not shown.window.resume.isVisible()


def test_the_offer_names_the_jobs_and_goes_when_it_is_over(offered: Shown) -> None:
    banner = offered.window.resume
    assert "2 jobs were cut off" in banner.headline
    assert "Stirring (350\u00a0RPM)" in banner.words
    assert "“exp one”" in banner.words
    offered.service.send("interrupted", **interrupted(STIRRING))
    offered.until(lambda: banner.resume_button.text() == "Resume 1 job", "one is left")
    offered.service.send("interrupted", **interrupted())
    offered.until(lambda: not banner.isVisible(), "the offer is over")


def test_all_are_resumed_by_one_button_and_what_failed_says_why(offered: Shown, qtbot: QtBot) -> None:
    failed = {"job_name": "dosing_automation", "error": "No pump.", "remediation": "Calibrate it."}
    offered.service.answer_task(RESUME, {"resumed": ["stirring"], "failed": [failed]})
    click(qtbot, offered.window.resume.resume_button)
    offered.until(lambda: "Resumed 1 job" in toasts(offered), "what was resumed is told")
    assert (RESUME, {"jobs": ["stirring", "dosing_automation"]}) in asked(offered)
    assert "Dosing was not resumed" in toasts(offered)
    assert "No pump. Calibrate it." in toasts(offered)


def test_some_are_chosen_by_the_keyboard_and_the_others_stay_off(offered: Shown, qtbot: QtBot) -> None:
    offered.service.answer_task(RESUME, {"resumed": ["stirring"], "failed": []})
    offered.service.answer(f"POST {DISMISS}", 200, {"status": "success"})
    banner = offered.window.resume
    banner.resume_button.setFocus()
    qtbot.keyClick(banner.resume_button, Qt.Key.Key_Tab)
    assert banner.choose_button.hasFocus()
    qtbot.keyClick(banner.choose_button, Qt.Key.Key_Space)
    dialog = offered.window.findChild(ResumeDialog)
    assert dialog is not None
    offered.until(lambda: dialog.boxes["stirring"].hasFocus(), "the first box has the focus")
    qtbot.keyClick(dialog.boxes["stirring"], Qt.Key.Key_Tab)
    qtbot.keyClick(dialog.boxes["dosing_automation"], Qt.Key.Key_Space)
    assert dialog.act_button.text() == "Resume 1 job"
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    offered.until(lambda: (DISMISS, {"jobs": ["dosing_automation"]}) in asked(offered), "the other is left off")
    assert (RESUME, {"jobs": ["stirring"]}) in asked(offered)
    QApplication.processEvents()


def test_dosing_into_a_vial_nobody_knows_is_asked_about_first(offered: Shown, qtbot: QtBot) -> None:
    offered.service.send("interrupted", **interrupted(STIRRING, DOSING, volume_doubt="A pump was running."))
    offered.until(lambda: "A pump was running." in offered.window.resume.words, "the doubt is told")
    click(qtbot, offered.window.resume.resume_button)
    dialog = offered.window.findChild(ResumeDialog)
    assert dialog is not None
    assert dialog.names() == ["stirring"]
    assert [path for path, _ in asked(offered)] == []
    dialog.reject()
    alone = interrupted(STIRRING, volume_doubt="A pump was running.")
    assert "pump" not in what_happened(alone, utc_s_of(T0)).replace("pumped", ""), "nothing doses"


def test_with_nothing_chosen_nothing_can_be_resumed(offered: Shown, qtbot: QtBot) -> None:
    click(qtbot, offered.window.resume.choose_button)
    dialog = offered.window.findChild(ResumeDialog)
    assert dialog is not None
    for box in dialog.boxes.values():
        box.click()
    assert not dialog.act_button.isEnabled()
    dialog.reject()


def test_all_are_left_by_one_button(offered: Shown, qtbot: QtBot) -> None:
    offered.service.answer(f"POST {DISMISS}", 200, {"status": "success"})
    click(qtbot, offered.window.resume.leave_button)
    offered.until(lambda: "Nothing was resumed" in toasts(offered), "it is told")
    assert (DISMISS, {}) in asked(offered)


def test_a_refusal_is_told(offered: Shown, qtbot: QtBot) -> None:
    offered.service.answer(f"POST {RESUME}", *refusal(409, "They are being resumed already.", remedy="Wait."))
    click(qtbot, offered.window.resume.resume_button)
    offered.until(lambda: "They are being resumed already." in toasts(offered), "the refusal is told")
    offered.service.send("interrupted", **interrupted(STIRRING, is_resuming=True))
    offered.until(lambda: not offered.window.resume.resume_button.isEnabled(), "it cannot be asked twice")
    assert offered.window.resume.headline == "Resuming 1 job…"


def test_what_is_offered_is_not_also_told_as_missing(shown: Shown) -> None:
    shown.service.snapshot = snapshot(jobs=[row(1, "stirring"), row(2, "od_reading")])
    shown.start()
    shown.driver.run(shown.service.stop())
    shown.host.ended("The service ended unexpectedly: it was ended by signal 9.")
    shown.until(lambda: shown.service.streams == 0, "the stream broke")
    assert not shown.window.resume.isVisible()
    shown.service.snapshot = snapshot(interrupted=interrupted(STIRRING))
    shown.driver.run(shown.service.start())
    shown.host.back(type("Back", (), {"url": shown.service.url, "found_running": False, "token": None})())
    shown.until_live()
    assert shown.window.resume.isVisible()
    assert [toast.partition(" ended while")[0] for toast in shown.toasts()] == ["1 job ended meanwhile Optical density"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (STIRRING, "Stirring (350\u00a0RPM)"),
        (DOSING, "Dosing: chemostat (0.5\u00a0mL, every 20\u00a0min)"),
        (job("od_reading", state="sleeping"), "Optical density (asleep)"),
        (job("led_intensity", options={"b": 10.0, "c": 0.0}), "LEDs by hand (B 10\u00a0%)"),
        (job("of_a_plugin"), "Of a plugin"),
    ],
)
def test_a_job_is_named_by_what_it_did(told: dict[str, Any], words: str) -> None:
    assert job_words(told) == words


def test_when_and_why_are_said() -> None:
    now_s = utc_s_of(T0) + 25 * 60
    assert headline(interrupted(STIRRING), now_s) == "1 job was cut off 25 min ago"
    assert "killed or the computer lost its power" in what_happened(interrupted(STIRRING), now_s)
    assert "stopped or restarted" in what_happened(interrupted(STIRRING, was_killed=False), now_s)
    assert "2031-02-0" in what_happened(interrupted(STIRRING), now_s + 3 * 86_400)
