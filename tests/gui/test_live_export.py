"""What is saved is what is visible, with units and a header that says what it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_bench import EXPERIMENT, START_S, LiveBench
from loop_driver import LoopDriver
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog
from stand_in_service import StandInService, refusal

from gui.live.export_csv import COLUMNS
from gui.live.utc_text import utc_text


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def recorded(t: list[float], value: float = 0.2) -> dict[str, Any]:
    return {"decimated": False, "bucket_s": None, "columns": ["t", "value"], "data": [t, [value] * len(t)]}


def buckets() -> dict[str, Any]:
    t = [START_S - 1000.0, START_S - 500.0]
    data = [t, [0.1, 0.2], [0.3, 0.4]]
    return {"decimated": True, "bucket_s": 500.0, "columns": ["t", "min", "max"], "data": data, "to": utc_text(START_S)}


def saved(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return header and rows of a saved table."""
    lines = path.read_bytes().decode().split("\r\n")
    header = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return header, list(csv.DictReader(line for line in lines if line and not line.startswith("#")))


def save_csv(live: LiveBench, path: Path) -> None:
    live.page.export.save_csv(str(path))
    live.driver.until(path.exists, "the file is there")


def test_the_table_holds_the_visible_readings_in_utc_with_units(live: LiveBench, tmp_path: Path) -> None:
    t = [START_S - 60 + index * 5 for index in range(12)]
    live.begin(recorded={"od2": recorded(t), "measured_rpm": recorded(t[::4], 500.0)})
    live.page.view.show_span(START_S - 41, START_S - 19)
    live.draw()
    path = tmp_path / "visible.csv"
    save_csv(live, path)
    header, rows = saved(path)
    assert list(rows[0]) == list(COLUMNS)
    assert [row["timestamp_utc"] for row in rows if row["series"] == "od2"] == [utc_text(at) for at in t[4:9]]
    assert rows[0] == {
        "timestamp_utc": utc_text(START_S - 40), "hours_since_start": "-0.011111", "series": "od2", "name": "90°",
        "value": "0.2", "unit": "AU", "after_gap": "0",
    }  # fmt: skip
    assert {row["unit"] for row in rows if row["series"] == "measured_rpm"} == {"RPM"}
    assert header["experiment"] == "exp one"
    assert header["unit"] == "unit7"
    assert (header["from"], header["to"]) == (utc_text(START_S - 41), utc_text(START_S - 19))
    assert header["resolution"] == "every reading"
    assert not list(tmp_path.glob("*.part"))


def test_readings_known_only_roughly_are_fetched_before_they_are_saved(live: LiveBench, tmp_path: Path) -> None:
    live.begin(recorded={"od2": buckets()})
    t = [START_S - 1000 + index * 5 for index in range(200)]
    live.service.answer(f"GET {EXPERIMENT}/time_series/od2", 200, recorded(t))
    live.page.view.show_span(START_S - 1000, START_S)
    path = tmp_path / "full.csv"
    save_csv(live, path)
    header, rows = saved(path)
    assert len(rows) == 200
    assert header["resolution"] == "every reading"


def test_without_the_service_the_header_says_how_rough_it_is(live: LiveBench, tmp_path: Path) -> None:
    live.begin(recorded={"od2": buckets()})
    live.service.routes[f"GET {EXPERIMENT}/time_series/od2"] = lambda body, query: refusal(503, "Going down.")
    live.page.view.show_span(START_S - 1000, START_S)
    path = tmp_path / "rough.csv"
    save_csv(live, path)
    header, rows = saved(path)
    assert header["resolution"] == "90° in buckets of 500 s, minimum and maximum of each"
    assert [row["value"] for row in rows] == ["0.1", "0.3", "0.2", "0.4"]


def test_hidden_curves_and_what_came_after_a_pause_stay_out(live: LiveBench, tmp_path: Path) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.read("measured_rpm", 500.0, after_s=0)
    live.page.readout.chips["measured_rpm"].click()
    live.page.view.advance(live.at_s + 1, START_S)
    live.page.view.pause()
    live.read("od2", 0.2)
    path = tmp_path / "paused.csv"
    save_csv(live, path)
    _, rows = saved(path)
    assert [(row["series"], row["value"]) for row in rows] == [("od2", "0.1")]


def test_a_place_that_cannot_be_written_leaves_nothing_half_done(live: LiveBench, tmp_path: Path) -> None:
    live.begin()
    live.read("od2", 0.1)
    folder = tmp_path / "taken.csv"
    folder.mkdir()
    live.page.export.save_csv(str(folder))
    live.driver.until(lambda: not live.page.export.is_writing)
    assert folder.is_dir()
    assert not list(tmp_path.glob("*.part"))


def test_the_picture_shows_the_plots_under_a_title(live: LiveBench, tmp_path: Path) -> None:
    live.begin(recorded={"od2": recorded([START_S - 60 + index * 5 for index in range(12)])})
    live.draw()
    path = tmp_path / "plots.png"
    live.page.export.save_png(str(path))
    live.driver.until(lambda: not live.page.export.is_writing)
    picture = QImage(str(path))
    stack = live.page.stack
    assert picture.width() >= 2 * stack.width()
    assert picture.height() > 2 * stack.height()
    blue = live.page.stack.curves["od2"].trace.colour.rgb()
    pixels = (picture.pixel(x, y) for x in range(0, picture.width()) for y in range(0, picture.height(), 2))
    assert blue in pixels


@pytest.mark.parametrize(("kind", "suffix"), [("ask_csv", "csv"), ("ask_png", "png")])
def test_the_dialog_asks_without_blocking_and_offers_a_name(live: LiveBench, kind: str, suffix: str) -> None:
    live.begin()
    getattr(live.page.export, kind)()
    dialog = live.page.export.dialog
    assert isinstance(dialog, QDialog)
    assert dialog.isVisible()
    assert dialog.defaultSuffix() == suffix
    [name] = [Path(path).name for path in dialog.selectedFiles()]
    assert name.startswith("exp one ")
    dialog.reject()
    assert live.page.export.dialog is None
