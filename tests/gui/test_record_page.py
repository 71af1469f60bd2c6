"""The Unit record page on a real service with a record of a year; and its faces without one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import QSizeF, Qt
from PySide6.QtGui import QColor, QDesktopServices, QGuiApplication, QImage, QPainter, QTextDocument, QTextTable
from pytestqt.qtbot import QtBot
from real_service import RealService, running_service
from stand_in_service import StandInService, refusal
from written_record import write_record

from gui import theme
from gui.record.document import UnitDocument
from gui.record.keys_dialog import KeysDialog, RevokeDialog
from gui.record.limits import Limits, limits_of, limits_words, value_words
from gui.record.new_key_dialog import NewKeyDialog
from gui.record.page import RecordPage
from gui.record.part_dialogs import PutInDialog, SerialNumberDialog, TakeOutDialog
from gui.record.phase_words import phase_title, wrong_words
from gui.record.run import Run
from gui.record.unit_tests import SelfTestDialog
from gui.widgets.text_dialog import TextDialog

RUNS = 24


def ask(service: RealService, path: str) -> Any:
    with urllib.request.urlopen(f"{service.url}/unit_api{path}") as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """A service whose unit has been tested for a year."""
    with running_service(tmp_path_factory.mktemp("lab")) as service:
        while not ask(service, "/record")["is_own_recorded"]:
            pass
        write_record(service.url, ask(service, "/record")["own_serial_number"], RUNS)
        yield service


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, RecordPage)
    made.follow()
    made.until(lambda: made.page.timeline.runs(), "the runs are listed")
    yield made
    made.close()


def own(bench: PageBench) -> str:
    return str(bench.page.identity.serial_number.text())


def run_of(bench: PageBench, outcome: str, procedure: str) -> Run:
    runs: list[Run] = bench.page.timeline.runs()
    return next(run for run in runs if run.outcome == outcome and run.procedure == procedure)


def opened(bench: PageBench, run: Run) -> Any:
    """Open a run and return its details."""
    bench.page.open_run(run.id)
    details = bench.page.details
    bench.until(lambda: details.run is not None and details.run["id"] == run.id, "the run is shown")
    return details


def choose(box: Any, words: str) -> None:
    box.setCurrentIndex(next(index for index in range(box.count()) if box.itemText(index).startswith(words)))


def test_the_unit_says_what_it_is_and_what_it_is_made_of(bench: PageBench, lab: RealService) -> None:
    assert own(bench) == ask(lab, "/board")["serial_number"]
    assert bench.page.identity.badge.word == "This unit"
    assert bench.page.identity.facts.value("Batch") == "2026-03"
    assert bench.page.identity.facts.value("Firmware") == ask(lab, "/board")["firmware_version"]
    assert {"OP-0227", "IR-5521", "ST-1180"} <= set(bench.page.parts.serial_numbers())
    assert "MP-0412" not in bench.page.parts.serial_numbers()
    for widget in bench.page.page_actions():
        widget.show()  # as the window does when it turns to the page
    assert not bench.page.own_button.isVisible()


def test_the_timeline_tells_runs_and_changes_of_parts_newest_first(bench: PageBench) -> None:
    words = bench.page.timeline.words()
    assert words[:2] == ["Put in · Media pump MP-0533", "Taken out · Media pump MP-0412"]
    assert "Failed · Self-test 1.4" in words
    assert "Aborted · Pump check 1.4" in words
    times = [run.started_utc_s for run in bench.page.timeline.runs()]
    assert times == sorted(times, reverse=True)
    assert len(times) == RUNS


def test_runs_are_filtered_by_procedure_and_outcome(bench: PageBench) -> None:
    timeline = bench.page.timeline
    choose(timeline.outcome, "Failed")
    bench.until(lambda: {run.outcome for run in timeline.runs()} == {"FAIL"}, "only failed ones")
    assert len(timeline.words()) == 2
    choose(timeline.procedure, "Pump check")
    bench.until(lambda: len(timeline.runs()) == 1, "of one procedure")
    choose(timeline.outcome, "Timed out")
    bench.until(lambda: not timeline.place.has_content, "none")
    timeline.place.acted.emit()
    bench.until(lambda: len(timeline.runs()) == RUNS, "all again")
    choose(timeline.procedure, "Sub-units")
    bench.until(lambda: not timeline.runs(), "no runs")
    assert all(word.startswith(("Put in", "Taken out")) for word in timeline.words())


def test_a_run_shows_its_measurements_against_their_limits(bench: PageBench, qtbot: QtBot) -> None:
    failed = run_of(bench, "FAIL", "Self-test")
    details = opened(bench, failed)
    assert (details.title.text(), details.outcome.word) == ("Self-test 1.4", "Failed")
    rows = {row[0]: row[1:] for row in details.measurements.rows()}
    assert rows["Heater"][0] == "Failed"
    assert details.wrong.text() == "Heater: Warming in 60 s 0.62 °C (1 … 4 °C)"
    assert rows["Warming in 60 s"] == ["Failed", "0.62 °C", "1 … 4 °C"]
    assert rows["Ambient light"][:2] == ["Passed", "no"]
    assert rows["LED ramp"][:2] == ["Not judged", "4 points"]
    assert rows["Thermometers apart"][2] == "≤ 0.5 °C"
    qtbot.keyClick(bench.page, Qt.Key.Key_Escape)
    bench.until(lambda: bench.page.timeline.isVisible(), "back at the timeline")
    assert opened(bench, run_of(bench, "PASS", "Self-test")).wrong.isHidden()


def test_a_measurement_is_drawn_over_the_runs_with_its_limits(bench: PageBench) -> None:
    details = opened(bench, run_of(bench, "FAIL", "Self-test"))
    details.measurements.mark("Warming in 60 s")
    runs = [run for run in bench.page.timeline.runs() if run.procedure == "Self-test"]
    bench.until(lambda: details.trend.isVisible(), "the trend is drawn")
    assert f"over {len(runs)} runs" in details.trend_words.text()
    assert details.trend.limit_lines() == [1.0, 4.0]
    details.trend.opened.emit(runs[0].id)
    bench.until(lambda: details.run["id"] == runs[0].id, "the point's run is open")
    bench.until(lambda: details.trend.isVisible(), "the same measurement is drawn")


def test_log_and_files_of_a_run_can_be_read(bench: PageBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    details = opened(bench, bench.page.timeline.runs()[0])
    details.log_button.click()
    log = bench.dialog(TextDialog)
    assert "Stirrer speed is steady" in log.text.toPlainText()
    log.close()
    assert len(details.attached.save_buttons) == 2
    urls: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: urls.append(url.toLocalFile()) or True)
    details.attached.open_buttons[1].click()
    bench.until(lambda: urls, "the file is opened")
    assert Path(urls[0]).read_bytes() == b"t,volt\n" * 900
    details.attached.save_buttons[0].click()
    details.attached.files.dialog.fileSelected.emit(str(tmp_path / "saved.pdf"))
    bench.until(lambda: "Saved saved.pdf" in bench.toasts(), "saved")
    assert (tmp_path / "saved.pdf").read_bytes().startswith(b"%PDF")


def test_other_units_are_found_and_opened_and_one_comes_back(bench: PageBench, qtbot: QtBot) -> None:
    home, page = own(bench), bench.page
    page.search.field.setText("unit-00")
    bench.until(lambda: len(page.search.serial_numbers()) == 5, "found")
    qtbot.keyClick(page.search.field, Qt.Key.Key_Return)
    bench.until(lambda: own(bench) == "UNIT-001", "the other unit is open")
    assert page.identity.badge.word == "Another unit"
    bench.until(lambda: page.timeline.place.empty.headline == "No run yet", "it has no runs")
    page.own_button.click()
    bench.until(lambda: own(bench) == home, "home again")
    page.parts.opened.emit("OP-0227")
    bench.until(lambda: own(bench) == "OP-0227", "the sub-unit is open")
    page.identity.up_button.click()
    bench.until(lambda: own(bench) == home, "up again")


def test_a_unit_that_is_gone_is_told_and_what_was_shown_stays(bench: PageBench) -> None:
    home = own(bench)
    bench.page.open_unit("NOBODY")
    bench.until(lambda: "'NOBODY' was not found" in bench.toasts(), "told")
    assert own(bench) == home
    bench.page.load()
    bench.until(lambda: bench.page.place.has_content, "still there")


def test_a_sub_unit_is_put_in_replaced_and_taken_out(bench: PageBench) -> None:
    page = bench.page
    page.parts.add_button.click()
    dialog = bench.dialog(PutInDialog)
    assert not dialog.act_button.isEnabled()
    dialog.serial_number.setText("FAN-1")
    dialog.act_button.click()
    bench.until(lambda: "part number" in dialog.trouble.text(), "a new one needs a part number")
    dialog.part_number.setText("FAN")
    dialog.act_button.click()
    bench.until(lambda: "FAN-1" in page.parts.serial_numbers(), "put in")
    page.parts.mark("FAN-1")
    page.parts.replace_action.trigger()
    dialog = bench.dialog(PutInDialog)
    assert dialog.part_number.text() == "FAN"
    dialog.serial_number.setText("FAN-2")
    dialog.act_button.click()
    bench.until(lambda: "FAN-2" in page.parts.serial_numbers(), "replaced")
    assert page.parts.marked()["serial_number"] == "FAN-2"
    assert "FAN-1" not in page.parts.serial_numbers()
    bench.until(lambda: page.timeline.words()[1] == "Taken out · FAN FAN-1", "both are in the history")
    page.parts.mark("FAN-2")
    page.parts.remove_action.trigger()
    out = bench.dialog(TakeOutDialog)
    assert out.act_button.text() == "Take FAN-2 out"
    out.act_button.click()
    bench.until(lambda: page.timeline.words()[0] == "Taken out · FAN FAN-2", "taken out")


def test_the_number_on_a_part_takes_the_place_of_the_placeholder(bench: PageBench) -> None:
    page = bench.page
    placeholder = f"{own(bench)}-heater-board"
    page.parts.mark(placeholder)
    page.parts.name_action.trigger()
    dialog = bench.dialog(SerialNumberDialog)
    assert not dialog.act_button.isEnabled()
    dialog.serial_number.setText("OP-0227")
    dialog.act_button.click()
    bench.until(lambda: "already exists" in dialog.trouble.text(), "another part has that number")
    dialog.serial_number.setText("HB-0042")
    dialog.act_button.click()
    bench.until(lambda: "HB-0042" in page.parts.serial_numbers(), "it is known by it")
    assert placeholder not in page.parts.serial_numbers()


def test_a_part_that_came_out_still_has_its_own_history(bench: PageBench) -> None:
    page, home = bench.page, own(bench)
    page.open_unit("MP-0412")
    bench.until(lambda: own(bench) == "MP-0412", "the old pump is open")
    rows = [f"Taken out · from Media pump of {home}", f"Put in · Media pump of {home}"]
    bench.until(lambda: page.timeline.words() == rows, "where it was")


def test_what_is_in_a_sub_unit_is_changed_on_its_own_page(bench: PageBench) -> None:
    parts = bench.page.parts
    assert not parts.replace_action.isEnabled()
    assert not parts.name_action.isEnabled()
    height_px = parts.tree.height()
    parts.mark("IR-5521")
    assert not parts.replace_action.isEnabled()
    assert parts.name_action.isEnabled()
    assert "Open the sub-unit it is in" in parts.replace_action.toolTip()
    parts.mark("OP-0227")
    assert parts.replace_action.isEnabled()
    assert parts.remove_action.isEnabled()
    assert parts.tree.height() == height_px


def test_the_record_is_exported_as_json_and_pdf(bench: PageBench, tmp_path: Path) -> None:
    for ask_where, name in ((bench.page.ask_json, "r.json"), (bench.page.ask_pdf, "r.pdf")):
        ask_where()
        assert own(bench) in bench.page.files.dialog.selectedFiles()[0]
        bench.page.files.dialog.fileSelected.emit(str(tmp_path / name))
        bench.until(lambda name=name: f"Saved {name}" in bench.toasts(), "saved")  # type: ignore[misc]
    whole = json.loads((tmp_path / "r.json").read_bytes())
    assert (whole["unit"]["serial_number"], len(whole["runs"])) == (own(bench), RUNS)
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["r.json", "r.pdf"]


def test_an_export_that_cannot_be_written_is_told(bench: PageBench, tmp_path: Path) -> None:
    bench.page.save_pdf(tmp_path / "nowhere" / "r.pdf")
    bench.until(lambda: "r.pdf cannot be written" in bench.toasts(), "told")
    bench.page.save_json(tmp_path / "nowhere" / "r.json")
    bench.until(lambda: "r.json cannot be written" in bench.toasts(), "told")


def test_a_sentence_that_was_measured_has_room_on_paper(bench: PageBench, lab: RealService) -> None:
    record = ask(lab, f"/record/units/{own(bench)}/export")
    phase = next(run for run in record["runs"] if run["phases"])["phases"][0]
    told = {
        **phase["measurements"][0],
        "measured_value": "Photodiode 2 sees the LED.",
        "units": None,
        "validators": None,
    }
    record["runs"] = [{**record["runs"][-1], "phases": [{**phase, "measurements": [told, *phase["measurements"]]}]}]
    text = QTextDocument()
    text.setHtml(UnitDocument(record).html())
    tables = [frame for frame in text.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    cells = [tables[-1].cellAt(row, 2) for row in range(tables[-1].rows())]
    spans = {cell.firstCursorPosition().block().text(): cell.columnSpan() for cell in cells}
    assert spans["Photodiode 2 sees the LED."] == 2
    assert sorted(spans.values()) == [1] * (len(spans) - 1) + [2]


def test_the_document_is_ink_on_paper_in_the_dark_too(bench: PageBench, lab: RealService) -> None:
    document = UnitDocument(ask(lab, f"/record/units/{own(bench)}/export"))
    paper = QImage(2055, 3083, QImage.Format.Format_RGB32)
    paper.setDotsPerMeterX(11811)
    paper.setDotsPerMeterY(11811)
    paper.fill(QColor("white"))
    darkest: list[int] = []

    def turn() -> None:
        darkest.append(min(paper.pixelColor(x, y).lightness() for x in range(0, 700, 2) for y in range(0, 120, 2)))

    theme.current().choose("dark")
    try:
        painter = QPainter(paper)
        count = document.draw(painter, paper, QSizeF(paper.size()), turn)
        painter.end()
    finally:
        theme.current().choose("light")
    assert count == len(darkest) + 1 > 3
    assert darkest[0] < 60
    for words in ("MP-0533", "taken out", "1 … 4 °C", "0.62 °C", "Attached: certificate.pdf"):
        assert words in document.html()


def test_a_key_is_made_shown_once_and_revoked(bench: PageBench, lab: RealService) -> None:
    bench.page.show_keys()
    keys = bench.dialog(KeysDialog)
    bench.until(lambda: keys.rows.topLevelItemCount() >= 2, "listed")
    before = keys.rows.topLevelItemCount()
    keys.new_button.click()
    made = bench.dialog(NewKeyDialog)
    assert not made.act_button.isEnabled()
    made.station.click()
    made.name.setText("Bench 3")
    made.act_button.click()
    bench.until(lambda: made.key.field.text(), "the key is shown")
    made.key.copy_button.click()
    key = QGuiApplication.clipboard().text()
    assert key.startswith("vd_station_")
    request = urllib.request.Request(f"{lab.url}/v2/units", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    made.close()
    bench.until(lambda: keys.rows.topLevelItemCount() == before + 1, "it is in the list")
    keys.rows.setCurrentItem(keys.rows.topLevelItem(0))
    keys.revoke_button.click()
    revoke = bench.dialog(RevokeDialog)
    revoke.act_button.click()
    bench.until(lambda: keys.rows.topLevelItem(0).text(3) == "Revoked", "revoked")
    assert ask(lab, "/keys")[-1]["revoked_at"]
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request)
    keys.rows.setCurrentItem(keys.rows.topLevelItem(0))
    assert not keys.revoke_button.isEnabled()
    keys.close()


def unit_page(**more: Any) -> dict[str, Any]:
    part = {"id": "p", "number": "R", "name": "Reactor", "revision": {"id": "r", "number": "1"}}
    return {
        "id": "u", "serial_number": "S1", "created_at": "2026-03-01T10:00:00.000Z", "part": part, "batch": None,
        "parent": None, "children": [], "created_during": None, "attachments": [], "sample": None, "metadata": {},
        "created_by_user": None, "created_by_station": None, "parts_tree": [], "procedures": [], "moves": [], **more,
    }  # fmt: skip


def order(service: StandInService, *, own: str | None = "S1", is_recorded: bool = True) -> None:
    counts = {"unit_count": 1, "run_count": 0}
    service.answer("GET /unit_api/record", 200, {"own_serial_number": own, "is_own_recorded": is_recorded, **counts})
    empty = {"data": [], "meta": {"has_more": False, "next_cursor": None}}
    service.answer("GET /unit_api/record/units", 200, empty)
    service.answer("GET /unit_api/record/runs", 200, empty)
    service.answer("GET /unit_api/record/units/S1", 200, unit_page())


@pytest.fixture
def ordered(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    order(service)
    made = PageBench(driver, service.url, RecordPage)
    yield made
    made.close()


def test_without_a_service_the_page_says_so(ordered: PageBench) -> None:
    assert not ordered.page.place.has_content
    assert not ordered.page.keys_button.isEnabled()
    assert not ordered.page.export_button.isEnabled()


def test_an_empty_record_says_how_it_begins(ordered: PageBench, service: StandInService) -> None:
    order(service, own=None, is_recorded=False)
    ordered.follow()
    ordered.until(lambda: ordered.page.place.empty.headline == "Nothing recorded yet", "it is empty")
    assert "board is connected for the first time" in ordered.page.place.empty.words


def test_a_unit_without_runs_offers_a_self_test(ordered: PageBench, service: StandInService) -> None:
    run = "POST /unit_api/jobs/run/job_name/self_test"
    service.answer(run, *refusal(409, "The self-test needs a board."))
    ordered.follow()
    ordered.until(lambda: ordered.page.timeline.place.empty.headline == "No run yet", "there is none")
    ordered.page.timeline.place.acted.emit()
    dialog = ordered.dialog(SelfTestDialog)
    dialog.act_button.click()
    ordered.until(lambda: "needs a board" in dialog.trouble.text(), "it was asked for, and refused")
    dialog.close()


def test_a_refusal_is_told_with_a_way_to_try_again(ordered: PageBench, service: StandInService) -> None:
    service.answer("GET /unit_api/record", *refusal(500, "The unit's record cannot be read."))
    ordered.follow()
    ordered.until(lambda: "cannot be read" in ordered.page.place.empty.headline, "told")
    order(service)
    ordered.page.place.acted.emit()
    ordered.until(lambda: ordered.page.place.has_content, "loaded after all")


def test_when_the_service_is_lost_nothing_can_be_changed(ordered: PageBench, service: StandInService) -> None:
    ordered.follow()
    ordered.until(lambda: ordered.page.place.has_content, "loaded")
    assert ordered.page.parts.add_button.isEnabled()
    ordered.unit.set_service("unreachable", "gone")
    assert ordered.page.place.has_content
    page = ordered.page
    for widget in (page.parts.add_button, page.keys_button, page.export_button, page.search, page.timeline.procedure):
        assert not widget.isEnabled()


def test_runs_that_cannot_be_read_are_told_and_asked_for_again(ordered: PageBench, service: StandInService) -> None:
    service.answer("GET /unit_api/record/runs", *refusal(500, "The unit's record cannot be read."))
    ordered.follow()
    place = ordered.page.timeline.place
    ordered.until(lambda: "cannot be read" in place.empty.headline, "told")
    order(service)
    place.acted.emit()
    ordered.until(lambda: place.empty.headline == "No run yet", "asked again")


@pytest.mark.parametrize(
    ("validators", "words"),
    [
        ([], ""),
        ([(">=", 1), ("<=", 3.0)], "1 … 3 V"),
        ([(">", -0.5)], "> −0.5 V"),
        ([("==", "ok")], "= ok V"),
        ([(">=", 1), (">=", 2), ("<", 10)], "2 … 10 V"),
    ],
)
def test_limits_read_as_people_write_them(validators: list[tuple[str, Any]], words: str) -> None:
    given = [{"operator": sign, "expected_value": value, "expression": ""} for sign, value in validators]
    assert limits_words(given, "V") == words


def test_a_value_lies_where_its_limits_say() -> None:
    limits = limits_of([{"operator": ">=", "expected_value": 10}, {"operator": "<=", "expected_value": 20}])
    assert limits == Limits(10, 20)
    assert [round(limits.share(15, value), 2) for value in (-99, 10, 15, 20, 99)] == [0, 0.2, 0.5, 0.8, 1]
    assert Limits(low=5).share(9, 5) == 0.5
    assert 0.5 < Limits(low=5).share(9, 9) < 1
    assert Limits(3, 3).share(3, 3) == 0.5
    assert Limits().scale(3) is None


def test_values_read_as_people_write_them() -> None:
    said = [value_words(value) for value in (1.23456, -2, True, None, "text", [1, 2], 123456.7, 1e12)]
    assert said == ["1.235", "−2", "yes", "–", "text", "2 values", "123457", "1e+12"]
    assert value_words(None, 7) == "7 points"


def test_phases_are_called_as_people_call_them() -> None:
    assert phase_title("test_PD_is_near_0_volts_for_blank") == "Clear water reads near 0"
    assert phase_title("pwm_channels") == "PWM channels"
    assert phase_title("Thermometer at 37 °C") == "Thermometer at 37 °C"


def test_what_went_wrong_is_told_of_the_first_phases() -> None:
    measured = {"name": "supply", "outcome": "FAIL", "measured_value": 3.9, "units": "V", "validators": None}
    phases = [
        {"name": "hall_sensor", "outcome": "PASS", "docstring": "at rest", "measurements": []},
        {"name": "supply", "outcome": "FAIL", "docstring": None, "measurements": [measured]},
        *({"name": f"step {n}", "outcome": "ERROR", "docstring": "it hangs", "measurements": []} for n in range(4)),
    ]
    assert wrong_words(phases).splitlines() == [
        "supply: supply 3.9 V", "step 0: It hangs.", "step 1: It hangs.", "And 2 more.",
    ]  # fmt: skip
