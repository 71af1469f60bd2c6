"""The Experiments page on a real service: finding, writing, ending, comparing."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from real_service import RealService, running_service

from core.records.database import open_database
from gui.experiment_dialogs import EndExperimentDialog, NewExperimentDialog
from gui.experiments.history import ANNOTATIONS, EVENTS, RUNS, SERIES
from gui.experiments.page import ExperimentsPage

HOUR_S = 3600.0


def _fill(connection: sqlite3.Connection, number: int, name: str, tags: list[str], rate: float, start_s: float) -> None:
    """Keep an experiment of ten hours, growing at a rate per hour, with two jobs, an event and a note."""
    end_s = start_s + 10 * HOUR_S
    values = (name, f"Notes of {name}", json.dumps(tags), start_s, end_s, 0)
    connection.execute("INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?)", values)
    density = [0.1 * math.exp(rate * minute / 60) for minute in range(600)]
    curves = {"od2": density, "growth_rate": [rate] * 600, "temperature": [30.0] * 600}
    for place, (series, curve) in enumerate(curves.items()):
        series_id = 10 * number + place + 1
        connection.execute("INSERT INTO series VALUES (?, ?, ?)", (series_id, name, series))
        rows = ((series_id, start_s + 60 * minute, value) for minute, value in enumerate(curve))
        connection.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
    for place, (job, state) in enumerate((("stirring", "disconnected"), ("dosing_automation", "lost"))):
        job_id = 10 * number + place + 1
        row = (job_id, job, name, "user", start_s + place, end_s, state, 0)
        connection.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        options = {"target_rpm": {"value": 450.0, "default": 500.0}, "use_rpm": {"value": True, "default": True}}
        start = (job_id, "turbidostat" * place, "", json.dumps(options), "[]", json.dumps(["target_rpm"]))
        connection.execute("INSERT INTO job_starts VALUES (?, ?, ?, ?, ?, ?)", start)
        for later, rpm in enumerate((450.0, 475.0)):
            change = (job_id, start_s + 60 * later, "target_rpm", json.dumps(rpm))
            connection.execute("INSERT INTO settings VALUES (?, ?, ?, ?)", change)
        event = json.dumps({"event_name": "DilutionEvent", "message": "exchanged 0.5 mL", "data": None})
        connection.execute("INSERT INTO settings VALUES (?, ?, 'latest_event', ?)", (job_id, start_s + 90, event))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """A service whose unit has a past."""
    data: Path = tmp_path_factory.mktemp("lab")
    records = data / "storage" / "vialdesk.sqlite"
    open_database(records, "then", lambda _: None)
    with closing(sqlite3.connect(records)) as connection:
        now_s = time.time()
        _fill(connection, 1, "slow", ["yeast"], 0.1, now_s - 80 * HOUR_S)
        _fill(connection, 2, "fast", ["yeast", "37 °C"], 0.3, now_s - 60 * HOUR_S)
        _fill(connection, 3, "coli", ["E. coli"], 0.2, now_s - 40 * HOUR_S)
        connection.commit()
    with running_service(data) as service:
        yield service


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, ExperimentsPage)
    made.follow()
    made.until(lambda: made.page.listing.names(), "the experiments are listed")
    yield made
    made.close()


def detail(bench: PageBench, name: str) -> Any:
    """Choose an experiment and return its details."""
    assert bench.page.listing.choose(name)
    bench.until(lambda: bench.page.details.experiment.name == name, "it is shown")
    return bench.page.details


def rows(bench: PageBench, tab: int) -> list[list[str]]:
    """Look at one of the lists; return its rows."""
    history = bench.page.details.history
    history.choose(tab)
    bench.until(lambda: history.places[tab].has_content, "loaded")
    found = history.lists[tab]
    return [
        [found.topLevelItem(row).text(column) for column in range(found.columnCount())]
        for row in range(found.topLevelItemCount())
    ]


def test_experiments_are_found_by_words_and_by_tag(bench: PageBench, qtbot: QtBot) -> None:
    listing = bench.page.listing
    assert listing.names() == ["coli", "fast", "slow"]
    qtbot.keyClicks(listing.search, "notes OF fa")
    assert listing.names() == ["fast"]
    bench.until(lambda: bench.page.details.experiment.name == "fast", "what is found is shown")
    listing.search.clear()
    listing.choose_tag("yeast")
    assert listing.names() == ["fast", "slow"]
    qtbot.keyClicks(listing.search, "nothing like that")
    assert not bench.page.side.has_content
    assert bench.page.side.empty.headline == "Nothing found"
    listing.forget_choice()
    assert len(listing.names()) == 3


def test_an_experiment_in_detail(bench: PageBench) -> None:
    details = detail(bench, "slow")
    assert "10 h" in details.facts.text()
    assert details.tags.tags() == ["yeast"]
    assert details.notes.text.toPlainText() == "Notes of slow"
    assert [row[:2] for row in rows(bench, SERIES)] == [
        ["Optical density, photodiode 2", "600"], ["Growth rate", "600"], ["Temperature", "600"],
    ]  # fmt: skip
    runs = rows(bench, RUNS)
    assert [(row[0], row[1], row[4], row[5]) for row in runs] == [
        ("Dosing: turbidostat", "Crashed", "A person", "target rpm 450"),
        ("Stirring", "Ended", "A person", "target rpm 450"),
    ]
    stirring = details.history.lists[RUNS].topLevelItem(1)
    below = [stirring.child(row).text(0) for row in range(stirring.childCount())]
    assert below[0] == "target rpm: 450, usually 500"
    assert below[1].endswith("target rpm: 450 → 475")
    assert rows(bench, EVENTS)[0][1:] == ["exchanged 0.5 mL", "Dosing"]
    bench.ask("post", "/experiments/slow/annotations", {"text": "foam", "who": "Anna"})
    assert rows(bench, ANNOTATIONS)[0][1:] == ["foam", "Anna"]


def test_notes_keep_themselves_and_survive_a_change_of_experiment(bench: PageBench) -> None:
    details = detail(bench, "slow")
    details.notes.text.appendPlainText("sampled at noon")
    assert details.notes.unkept() == ["slow"]
    detail(bench, "fast")
    assert details.notes.text.toPlainText().startswith("Notes of fast")
    bench.until(lambda: not details.notes.unkept(), "kept")
    assert bench.ask("get", "/experiments/slow")["description"].endswith("\nsampled at noon")
    assert detail(bench, "slow").notes.text.toPlainText().endswith("\nsampled at noon")


def test_notes_that_another_person_changed_meanwhile_are_not_overwritten(bench: PageBench) -> None:
    details = detail(bench, "fast")
    bench.ask("patch", "/experiments/fast", {"description": "theirs"})
    details.notes.text.setPlainText("mine")
    details.notes.keep()
    bench.until(lambda: details.notes.mine_button.isVisible(), "asked whose notes to keep")
    assert bench.ask("get", "/experiments/fast")["description"] == "theirs"
    details.notes.mine_button.click()
    bench.until(lambda: not details.notes.unkept(), "kept")
    assert bench.ask("get", "/experiments/fast")["description"] == "mine"
    bench.ask("patch", "/experiments/fast", {"description": "theirs again"})
    details.notes.text.setPlainText("mine again")
    details.notes.keep()
    bench.until(lambda: details.notes.theirs_button.isVisible(), "asked again")
    details.notes.theirs_button.click()
    assert details.notes.text.toPlainText() == "theirs again"
    assert not details.notes.unkept()


def test_notes_wait_while_the_service_is_out_of_reach(bench: PageBench) -> None:
    details = detail(bench, "coli")
    address = bench.client.base_url
    bench.client.point_at("http://127.0.0.1:9")
    details.notes.text.setPlainText("written in the dark")
    details.notes.keep()
    bench.until(lambda: details.notes.state.word.startswith("Not saved"), "told")
    bench.client.point_at(address)
    details.notes.set_live(True)
    bench.until(lambda: not details.notes.unkept(), "kept")
    assert bench.ask("get", "/experiments/coli")["description"] == "written in the dark"


def test_notes_that_cannot_be_kept_when_the_window_closes_are_kept_the_next_time(
    driver: LoopDriver, lab: RealService, bench: PageBench
) -> None:
    details = detail(bench, "slow")
    details.notes.text.setPlainText("the last words")
    bench.client.point_at("http://127.0.0.1:9")
    driver.run(bench.page.before_leaving())
    assert details.notes.unkept() == ["slow"]
    again = PageBench(driver, lab.url, ExperimentsPage)
    try:
        again.follow()
        again.until(lambda: again.page.details.notes.unkept() == [] and again.page.listing.names(), "taken up")
        assert again.ask("get", "/experiments/slow")["description"] == "the last words"
        assert detail(again, "slow").notes.text.toPlainText() == "the last words"
    finally:
        again.close()


def test_notes_are_kept_before_the_window_closes(driver: LoopDriver, bench: PageBench) -> None:
    details = detail(bench, "coli")
    details.notes.text.setPlainText("said in leaving")
    driver.run(bench.page.before_leaving())
    assert bench.ask("get", "/experiments/coli")["description"] == "said in leaving"


def test_tags_are_added_taken_off_and_lead_to_their_experiments(bench: PageBench, qtbot: QtBot) -> None:
    details = detail(bench, "coli")
    qtbot.keyClicks(details.tags.field, "evolved, E. coli")
    qtbot.keyClick(details.tags.field, Qt.Key.Key_Return)
    bench.until(lambda: details.tags.tags() == ["E. coli", "evolved"], "added")
    assert bench.ask("get", "/experiments/coli")["tags"] == ["E. coli", "evolved"]
    details.tags.pressed.emit("evolved")
    assert bench.page.listing.names() == ["coli"]
    details.tags.changed.emit(["E. coli"])
    bench.until(lambda: details.tags.tags() == ["E. coli"], "taken off")
    assert bench.ask("get", "/experiments/coli")["tags"] == ["E. coli"]


def test_comparing_draws_curves_over_each_other_and_numbers_side_by_side(bench: PageBench) -> None:
    page, comparison = bench.page, bench.page.comparison
    page.listing.choose("slow")
    page.compare_button.click()
    assert "at least one more" in comparison.place.empty.words
    page.listing.tick("fast")
    bench.until(lambda: comparison.plots.panes, "drawn")
    assert list(comparison.plots.panes) == ["od2", "growth_rate", "temperature"]
    comparison.plots.point_at(5 * HOUR_S)
    slow, fast = 0.1 * math.exp(0.5), 0.1 * math.exp(1.5)
    # In the order of the list, the newest first.
    assert comparison.plots.readings("od2") == [f"{fast:.3f}", f"{slow:.3f}"]
    assert comparison.plots.readings("growth_rate") == ["0.300", "0.100"]
    table = comparison.table
    numbers = {table.item(row, 0).text(): [table.item(row, column).text() for column in range(1, 7)]
               for row in range(table.rowCount())}  # fmt: skip
    assert numbers["fast"][2:5] == ["0.300", f"{math.log(2) / 0.3:.2f}", "30.0"]
    assert float(numbers["fast"][1]) == pytest.approx(0.1 * math.exp(0.3 * 9.92), rel=0.01)
    assert numbers["slow"][0] == "10 h"
    colours = {curve.trace.colour.name() for curve in comparison.plots.panes["od2"].curves}
    assert len(colours) == 2


def test_in_the_smallest_window_names_and_numbers_are_read_without_scrolling(bench: PageBench) -> None:
    bench.window.resize(924, 640)  # what the rail leaves of 1024
    detail(bench, "fast")
    rows(bench, SERIES)
    series = bench.page.details.history.lists[SERIES]
    bench.until(lambda: not series.horizontalScrollBar().isVisible(), "every column is in view")
    bench.page.listing.choose("slow")
    bench.page.compare_button.click()
    bench.page.listing.tick("fast")
    table = bench.page.comparison.table
    bench.until(lambda: table.rowCount() == 2)
    assert table.columnWidth(0) >= 160
    assert table.isColumnHidden(6), "no experiment has used medium"
    assert not table.horizontalScrollBar().isVisible()


def test_what_is_compared_can_be_chosen(bench: PageBench) -> None:
    page, comparison = bench.page, bench.page.comparison
    page.compare_button.click()
    for name in ("slow", "fast", "coli"):
        page.listing.tick(name)
    bench.until(lambda: len(comparison.compared) == 3 and comparison.plots.panes, "drawn")
    comparison.choose_signal("temperature", False)
    bench.until(lambda: list(comparison.plots.panes) == ["od2", "growth_rate"], "one signal less")
    comparison.log_button.click()
    assert comparison.plots.panes["od2"].is_log
    assert not comparison.plots.panes["growth_rate"].is_log
    comparison.table.item(0, 0).setCheckState(Qt.CheckState.Unchecked)
    assert len(comparison.plots.readings("od2")) == 2
    page.compare_button.click()
    assert page.details.isVisible()


def test_a_new_experiment_and_its_end(bench: PageBench, qtbot: QtBot) -> None:
    bench.page.new_button.click()
    dialog = bench.dialog(NewExperimentDialog)
    qtbot.keyClicks(dialog.name, "tonight")
    dialog.act_button.click()
    bench.until(lambda: bench.page.details.experiment.name == "tonight", "the new one is shown")
    details = bench.page.details
    assert details.state.word == "Active"
    assert details.end_button.isVisible()
    assert not details.history.places[SERIES].has_content
    details.end_button.click()
    ending = bench.dialog(EndExperimentDialog)
    ending.act_button.click()
    bench.until(lambda: details.state.word == "Ended", "ended")
    assert not details.end_button.isVisible()
    assert bench.page.listing.names()[0] == "tonight"


def test_without_the_service_nothing_can_be_changed_and_what_is_known_stays(bench: PageBench) -> None:
    bench.unit.set_service("lost", "It is gone.", "Restart it.")
    page = bench.page
    for button in (page.new_button, page.export_button, page.compare_button, page.details.end_button):
        assert not button.isEnabled()
    assert not page.details.tags.field.isEnabled()
    assert page.details.notes.text.isEnabled()
    assert page.place.has_content


def test_a_unit_without_experiments_says_what_will_be_here(driver: LoopDriver, tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        bench = PageBench(driver, service.url, ExperimentsPage)
        try:
            assert not bench.page.place.has_content
            bench.follow()
            bench.until(lambda: bench.page.place.empty.headline == "No experiment yet", "told")
            bench.page.place.acted.emit()
            bench.dialog(NewExperimentDialog).reject()
        finally:
            bench.close()
