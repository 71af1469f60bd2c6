"""What a step of a guided calibration can hold, how it may end, and a service that goes and comes back meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from stand_in_service import T0, StandInService, refusal

from gui.calibrations.guided import kept
from gui.calibrations.guided.dialog import GuidedDialog
from gui.calibrations.guided.field_values import fault_of, hint_of, read_text
from gui.calibrations.guided.step import Session, StepField, read_session
from gui.calibrations.page import CalibrationsPage

ONE = "/unit_api/calibrations/sessions/one"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def told(step_id: str = "rinse", status: str = "in_progress", **more: Any) -> dict[str, Any]:
    """Return an answer of the service: a step, and the session's `error` and `result`."""
    step = {"step_id": step_id, "step_type": "info", "title": step_id.capitalize(), "body": None, "fields": []}
    step |= {"metadata": {}} | {key: value for key, value in more.items() if key in ("metadata", "body", "fields")}
    session = {"session_id": "one", "protocol_name": "by_hand", "target_device": "media_pump", "status": status}
    session |= {"step_id": step_id, "data": {}, "created_at": T0, "updated_at": T0}
    session |= {"result": more.get("result"), "error": more.get("error")}
    return {"session": session, "step": step}


@pytest.fixture
def bench(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    for path in ("calibrations", "estimators"):
        service.answer(f"GET /unit_api/{path}", 200, {})
    service.answer("GET /unit_api/calibration_protocols", 200, [])
    one = PageBench(driver, service.url, CalibrationsPage)
    one.follow()
    yield one
    for dialog in one.page.findChildren(GuidedDialog):
        dialog.put_aside()
    one.close()


def led(bench: PageBench, service: StandInService, answer: dict[str, Any]) -> GuidedDialog:
    """Lead through a session that stands as `answer` says."""
    service.answer(f"GET {ONE}", 200, answer)
    kept.remember(bench.unit.name, "one")
    bench.page.lead(read_session(answer), "By hand")
    return bench.dialog(GuidedDialog)


def test_pictures_tables_and_choices_are_shown(bench: PageBench, service: StandInService) -> None:
    table = {"title": "So far", "columns": ["Run", "Volume (mL)"], "rows": [["first", 1.23456], ["second", -2]]}
    image = {"src": f"data:image/png;base64,{DOT}", "alt": "The pump", "caption": "Seen from above"}
    choices = [{"label": "Redo last", "inputs": {"action": "redo_last"}}]
    dialog = led(bench, service, told(metadata={"table": table, "image": image, "actions": choices}))
    words = [label.text() for label in dialog.view.findChildren(QLabel)]
    assert {"So far", "Volume (mL)", "1.235", "−2", "Seen from above"} <= set(words)
    assert any(not label.pixmap().isNull() for label in dialog.view.findChildren(QLabel))
    [redo] = dialog.choice_buttons
    service.answer(f"POST {ONE}/inputs", 200, told("again"))
    QTest.mouseClick(redo, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.leading.session.step.id == "again", "it is chosen")
    assert service.asked("POST", f"{ONE}/inputs") == [{"inputs": {"action": "redo_last"}}]
    assert not dialog.choice_buttons


def test_a_picture_that_is_not_there_is_told_in_words(bench: PageBench, service: StandInService) -> None:
    dialog = led(bench, service, told(metadata={"image": {"src": "/static/pump.png", "alt": "The pump"}}))
    bench.until(lambda: service.asked("GET", "/static/pump.png"), "it is asked for")
    assert "The pump" in [label.text() for label in dialog.view.findChildren(QLabel)]


def test_answers_are_chosen_by_buttons(bench: PageBench, service: StandInService) -> None:
    field = {"name": "overwrite", "label": "Replace it", "field_type": "bool", "required": True, "default": False}
    field |= {"options": ["yes", "no"], "minimum": None, "maximum": None, "help_text": None}
    field |= {"min_error_msg": None, "max_error_msg": None}
    dialog = led(bench, service, told(fields=[field]))
    buttons = dialog.view.fields[0].buttons
    assert [button.text() for button in buttons.values()] == ["Yes", "No"]
    assert buttons["no"].isChecked()
    buttons["yes"].click()
    assert dialog.view.answer() == {"overwrite": "yes"}


@pytest.mark.parametrize(
    ("answer", "icon", "button"),
    [
        (told("complete", "complete", result={"calibrations": []}), "ok", ""),
        (told("complete", "complete", result={"warnings": ["The runs differ."]}), "warning", "Calibrate again"),
        (told("ended", "failed", error="No water came."), "warning", ""),
        (told("ended", "aborted", error="Aborted by the user."), "stop", ""),
    ],
)
def test_how_it_ended_is_marked(
    bench: PageBench, service: StandInService, answer: dict[str, Any], icon: str, button: str
) -> None:
    dialog = led(bench, service, answer)
    assert [each.text() for each in dialog.choice_buttons] == ([button] if button else [])
    marks = [label.property("icon_shown") for label in dialog.view.findChildren(QLabel)]
    assert [mark[0] for mark in marks if mark] == [icon]
    assert kept.remembered(bench.unit.name) == []
    dialog.close()
    bench.until(lambda: not bench.page.findChildren(GuidedDialog), "it closes without a question")


def test_a_service_that_was_away_is_asked_where_it_stands(
    bench: PageBench, service: StandInService, driver: LoopDriver
) -> None:
    dialog = led(bench, service, told("rinse"))
    service.hang(f"{ONE}/inputs")
    QTest.mouseClick(dialog.continue_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: service.asked("POST", f"{ONE}/inputs"), "it is answered")
    driver.run(service.stop())
    bench.until(lambda: "The step is kept" in dialog.connection.words.text(), "the dialog says that it is away")
    assert "was lost during this step" in dialog.trouble.words.text()
    assert not dialog.continue_button.isEnabled()
    service.answer(f"GET {ONE}", 200, told("fill"))
    service.wake_up()
    driver.run(service.start())
    bench.until(lambda: dialog.leading.session.step.id == "fill", "it goes on where the service stands")
    bench.until(dialog.continue_button.isEnabled, "it can go on")
    assert not dialog.connection.isVisible()
    assert not dialog.trouble.isVisible()


def test_a_session_that_the_service_does_not_know_is_over(bench: PageBench, service: StandInService) -> None:
    dialog = led(bench, service, told("rinse"))
    service.answer(f"GET {ONE}", *refusal(404, "There is no such calibration session."))
    bench.until(lambda: dialog.is_over, "it is gone")
    assert "does not know this calibration" in dialog.trouble.words.text()
    assert dialog.continue_button.text() == "Begin again"
    assert kept.remembered(bench.unit.name) == []


def test_it_hides_and_comes_back_with_the_window(bench: PageBench, service: StandInService) -> None:
    dialog = led(bench, service, told("rinse"))
    bench.window.hide()
    assert not dialog.isVisible()
    bench.window.show()
    assert dialog.isVisible()


def asked(kind: str, **more: Any) -> StepField:
    return StepField("n", "Volume", "mL", kind, **more)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (asked("float"), " 1,5 ", 1.5),
        (asked("int"), "7", 7),
        (asked("float_list"), "0.5, 1", [0.5, 1.0]),
        (asked("float_list"), "0,5; 1", [0.5, 1.0]),
        (asked("string"), " a ", "a"),
        (asked("float", default=2.0), "", ""),
    ],
)
def test_what_is_typed_is_read_as_meant(field: StepField, text: str, value: Any) -> None:
    assert read_text(field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        (asked("float"), "", "This is needed."),
        (asked("int"), "7.5", "Type a whole number."),
        (asked("float", limits=(5, 290)), "4", "It must be 5 to 290 mL."),
        (
            asked("float_list", limits=(0.001, None), beyond=("each must be above 0", "")),
            "1, 0",
            "Each must be above 0.",
        ),
    ],
)
def test_what_does_not_fit_is_told(field: StepField, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_text(field, text)


def test_the_service_s_words_are_dealt_to_their_fields() -> None:
    cause = "hz: it must be a number; dc: it must be at most 100."
    assert (fault_of("hz", cause), fault_of("dc", cause)) == ("It must be a number.", "It must be at most 100.")
    assert fault_of("rpm", cause) == ""
    assert hint_of(asked("float", limits=(5, 290), help="usual is 15")) == "Usual is 15. 5 to 290 mL."


def test_what_was_made_is_found_in_every_form_of_a_result() -> None:
    def made(result: dict[str, Any]) -> tuple[str, str]:
        session: Session = read_session(told("complete", "complete", result=result))
        return session.made

    assert made({"calibration_link": {"device": "waste_pump", "calibration_name": "a"}}) == ("waste_pump", "a")
    assert made({"calibrations": [{"device": "od90", "calibration_name": "b"}]}) == ("od90", "b")
    assert made({"device": "od_fused", "estimator_name": "c"}) == ("od_fused", "c")
    assert made({"seconds": 3}) == ("", "")
