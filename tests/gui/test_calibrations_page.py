"""The Calibrations page on the real service: bring in, use, save and delete; and its faces without one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService, refusal

from gui.calibrations.calibration import read_devices
from gui.calibrations.curve import evaluate, formula
from gui.calibrations.dialogs import DeactivateDialog, DeleteDialog, ImportDialog, likely_device
from gui.calibrations.guided.choose_dialog import ChooseDialog
from gui.calibrations.page import CalibrationsPage
from gui.calibrations.plot import CalibrationPlot

PUMP = """\
calibration_type: simple_peristaltic_pump
calibration_name: {name}
calibrated_on_pioreactor_unit: unit7
created_at: 2026-02-03 04:05:06.789000+00:00
curve_data_: {{type: poly, coefficients: [0.0842, 0.0]}}
x: Duration
y: Volume
recorded_data: {{x: [6.0, 12.0, 18.0], y: [0.51, 1.0, 1.52]}}
hz: 250.0
dc: 100.0
voltage: 4.95
"""
OD = {
    "calibration_type": "od600", "calibration_name": "od-a", "calibrated_on_pioreactor_unit": "unit3",
    "created_at": "2026-02-03T04:05:06Z", "ir_led_intensity": 80.0, "angle": "90", "pd_channel": "2",
    "curve_data_": {"type": "akima", "knots": [0.0, 0.5, 1.0],
                    "coefficients": [[0.01, 0.2, 0.0, 0.0], [0.11, 0.2, 0.0, 0.0]]},
    "recorded_data": {"x": [0.0, 0.5, 1.0], "y": [0.01, 0.11, 0.21]},
}  # fmt: skip


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService) -> Iterator[PageBench]:
    one = PageBench(driver, own_service.url, CalibrationsPage)
    one.follow()
    one.until(lambda: one.page.tree.topLevelItemCount() > 0, "the devices are there")
    yield one
    for device, items in one.ask("get", "/calibrations").items():
        for item in items:
            one.ask("delete", f"/calibrations/{device}/{item['calibration_name']}")
    one.close()


@pytest.fixture
def alone(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    one = PageBench(driver, service.url, CalibrationsPage)
    yield one
    one.close()


def create(bench: PageBench, name: str, *, active: bool = False) -> None:
    """Create a pump calibration as another client would, and wait until the page shows it."""
    data = {"calibration_data": PUMP.format(name=name), "set_as_active": active}
    bench.ask("post", "/calibrations/media_pump", data)
    bench.until(lambda: bench.page.tree.choose("media_pump", name), "it is in the tree without being asked for")


def captions(bench: PageBench) -> dict[str, str]:
    """Return the caption of each device."""
    tree = bench.page.tree
    tops = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return {top.text(0): top.toolTip(0).partition(": ")[2] for top in tops}


def test_every_device_is_there_and_an_uncalibrated_one_says_what_is_missed(bench: PageBench) -> None:
    assert {"Media pump", "Waste pump", "Stirring", "Fused optical density"} <= set(captions(bench))
    assert captions(bench)["Media pump"] == "Not calibrated"
    bench.page.tree.choose("media_pump")
    assert bench.page.side.empty.headline == "Not calibrated yet"
    assert "doses in mL are refused" in bench.page.side.empty.words
    bench.page.side.acted.emit()
    bench.dialog(ChooseDialog).reject()
    bench.page.import_button.click()
    assert isinstance(bench.page.files.dialog, QFileDialog)
    bench.page.files.dialog.reject()


def test_a_yaml_file_is_imported_and_used(bench: PageBench, tmp_path: Path, qtbot: QtBot) -> None:
    source = tmp_path / "media-a.yaml"
    source.write_text(PUMP.format(name="media-a"))
    bench.page.read_file(source)
    dialog = bench.dialog(ImportDialog)
    assert dialog.device.currentData() == "media_pump"
    dialog.set_active.setChecked(True)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: captions(bench)["Media pump"].startswith("Calibrated "), "active, with its age")
    assert bench.page.tree.chosen_key() == ("media_pump", None)
    details = bench.page.details
    assert details.state.word == "Active"
    facts = details.facts.text().replace("\u00a0", " ")
    assert "y = 0.0842 · x" in facts
    assert "3 points, largest residual 0.01 mL" in facts
    assert "Calibration imported" in bench.toasts()


def test_a_curve_through_its_points_has_no_residual(bench: PageBench) -> None:
    points = {"x": [0.1, 0.2, 0.7], "y": [0.01 + 0.2 * x for x in (0.1, 0.2, 0.7)]}
    line = {"type": "poly", "coefficients": [0.2, 0.01 + 1e-17]}
    points["y"][1] += 3e-17
    bench.ask("post", "/calibrations/od90", {"calibration_data": {**OD, "curve_data_": line, "recorded_data": points}})
    bench.until(lambda: bench.page.tree.choose("od90", "od-a"), "it is listed")
    facts = bench.page.details.facts.text().replace("\u00a0", " ")
    assert "3 points, largest residual 0 V" in facts


def test_a_file_that_is_wrong_is_refused_with_its_fields_and_nothing_is_kept(
    bench: PageBench, tmp_path: Path, qtbot: QtBot
) -> None:
    source = tmp_path / "bad.yaml"
    source.write_text(PUMP.format(name="bad").replace("hz: 250.0\n", ""))
    bench.page.read_file(source)
    dialog = bench.dialog(ImportDialog)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.trouble.isVisible(), "refused")
    assert "hz" in dialog.trouble.text()
    assert dialog.act_button.isEnabled()
    dialog.reject()
    assert bench.ask("get", "/calibrations") == {}


def test_a_file_that_is_no_text_is_told(bench: PageBench, tmp_path: Path) -> None:
    source = tmp_path / "picture.yaml"
    source.write_bytes(b"\xff\xfe\x00")
    bench.page.read_file(source)
    bench.until(lambda: "picture.yaml is no text file." in bench.toasts(), "told")


def test_another_content_under_the_same_name_is_refused(bench: PageBench, tmp_path: Path, qtbot: QtBot) -> None:
    create(bench, "taken")
    source = tmp_path / "taken.yaml"
    source.write_text(PUMP.format(name="taken").replace("0.0842", "0.09"))
    bench.page.read_file(source)
    dialog = bench.dialog(ImportDialog)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.trouble.isVisible(), "refused")
    assert "taken" in dialog.trouble.text()
    dialog.reject()


def test_making_active_and_deactivating_say_what_it_means(bench: PageBench, qtbot: QtBot) -> None:
    create(bench, "media-b")
    details = bench.page.details
    assert details.state.word == "Not active"
    qtbot.mouseClick(details.active_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: details.state.word == "Active", "made active")
    assert bench.ask("get", "/active_calibrations")["media_pump"]["calibration_name"] == "media-b"
    qtbot.mouseClick(details.active_button, Qt.MouseButton.LeftButton)
    dialog = bench.dialog(DeactivateDialog)
    words = " ".join(label.text() for label in dialog.findChildren(type(dialog.trouble)))
    assert "Media pump has no active calibration afterwards: doses in mL are refused" in words
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: details.state.word == "Not active", "out of use")
    assert bench.ask("get", "/active_calibrations") == {}


def test_deleting_names_the_consequence_and_deletes_the_file(
    bench: PageBench, own_service: RealService, qtbot: QtBot
) -> None:
    create(bench, "media-c", active=True)
    file = own_service.data / "storage/calibrations/media_pump/media-c.yaml"
    assert file.is_file()
    bench.until(lambda: bench.page.details.calibration.is_active, "told to be active")
    qtbot.keyClick(bench.page.tree, Qt.Key.Key_Delete)
    dialog = bench.dialog(DeleteDialog)
    words = " ".join(label.text() for label in dialog.findChildren(type(dialog.trouble)))
    assert "cannot be undone" in words
    assert "doses in mL are refused" in words
    assert dialog.cancel_button.isDefault(), "Enter alone deletes nothing"
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: captions(bench)["Media pump"] == "Not calibrated", "gone from the page")
    assert not file.exists()


def test_one_is_saved_as_its_file_and_all_as_an_archive(
    bench: PageBench, own_service: RealService, tmp_path: Path
) -> None:
    create(bench, "media-d")
    bench.page.ask_save(bench.page.details.calibration)
    assert bench.page.files.dialog.selectedFiles()[0].endswith("media-d.yaml")
    bench.page.files.dialog.fileSelected.emit(str(tmp_path / "copy.yaml"))
    bench.until(lambda: "Saved copy.yaml" in bench.toasts(), "saved")
    original = own_service.data / "storage/calibrations/media_pump/media-d.yaml"
    assert (tmp_path / "copy.yaml").read_bytes() == original.read_bytes()
    bench.page.files.dialog.reject()
    bench.page.ask_save_all()
    bench.page.files.dialog.fileSelected.emit(str(tmp_path / "all.zip"))
    bench.until(lambda: "Saved all.zip" in bench.toasts(), "saved")
    assert zipfile.ZipFile(tmp_path / "all.zip").namelist() == ["media_pump/media-d.yaml"]
    bench.page.files.dialog.reject()


def test_a_copy_that_cannot_be_written_is_told_and_leaves_nothing(bench: PageBench, tmp_path: Path) -> None:
    create(bench, "media-e")
    target = tmp_path / "missing" / "copy.yaml"
    bench.page.ask_save(bench.page.details.calibration)
    bench.page.files.dialog.fileSelected.emit(str(target))
    bench.until(lambda: "copy.yaml cannot be written." in bench.toasts(), "told")
    assert list(tmp_path.iterdir()) == []
    bench.page.files.dialog.reject()


def answer_with(service: StandInService, calibrations: dict[str, Any]) -> None:
    service.answer("GET /unit_api/calibrations", 200, calibrations)
    service.answer("GET /unit_api/estimators", 200, {})
    service.answer("GET /unit_api/calibration_protocols", 200, [{"target_device": "od90"}])


def test_a_refusal_is_told_with_its_reason_and_can_be_tried_again(alone: PageBench, service: StandInService) -> None:
    answer_with(service, {})
    service.answer("GET /unit_api/calibrations", *refusal(500, "Unreadable.", "The disk is full.", "Free some space."))
    alone.follow()
    alone.until(lambda: alone.page.place.empty.headline == "Unreadable.", "told")
    assert alone.page.place.empty.words == "The disk is full. Free some space."
    answer_with(service, {})
    alone.page.place.acted.emit()
    alone.until(lambda: alone.page.place.has_content, "loaded")


def test_without_a_service_the_page_says_so_and_what_was_loaded_stays(
    alone: PageBench, service: StandInService, driver: LoopDriver
) -> None:
    assert not alone.page.place.has_content
    assert not alone.page.import_button.isEnabled()
    answer_with(service, {"od90": [OD | {"is_active": True, "pioreactor_unit": "unit7"}]})
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "loaded")
    assert "made on unit3, another unit" in alone.page.details.facts.text().replace("\u00a0", " ")
    driver.run(service.stop())
    alone.until(lambda: not alone.unit.service.is_live, "lost")
    assert alone.page.place.has_content
    assert not alone.page.details.delete_button.isEnabled()
    assert not alone.page.import_button.isEnabled()


@pytest.mark.parametrize(
    ("curve", "x", "y"),
    [
        ({"type": "poly", "coefficients": [2.0, -1.0]}, [0.0, 3.0], [-1.0, 5.0]),
        (OD["curve_data_"], [0.0, 0.25, 0.5, 1.0, 1.5], [0.01, 0.06, 0.11, 0.21, 0.31]),
        ({"type": "spline", "knots": [0.0, 1.0], "coefficients": [[1.0, 0.0, 0.0, 2.0]]}, [0.5], [1.25]),
    ],
    ids=["poly", "akima", "spline"],
)
def test_curves_are_evaluated_as_the_files_mean_them(curve: dict[str, Any], x: list[float], y: list[float]) -> None:
    np.testing.assert_allclose(evaluate(curve, np.array(x)), y)


def test_a_curve_that_cannot_be_read_is_no_number() -> None:
    assert np.isnan(evaluate({"type": "spline", "knots": [1.0]}, np.array([1.0]))).all()


@pytest.mark.parametrize(
    ("coefficients", "words"),
    [([0.0842, 0.0], "y = 0.0842 · x"), ([1.0, -2.5, 3.0], "y = 1 · x² − 2.5 · x + 3"), ([0.0], "y = 0")],
)
def test_a_polynomial_reads_as_people_write_it(coefficients: list[float], words: str) -> None:
    assert formula({"type": "poly", "coefficients": coefficients}) == words


@pytest.mark.parametrize(
    ("text", "device"),
    [(PUMP, "media_pump"), ("{calibration_type: od, angle: '135'}", "od135"), ("hello", ""), ('{"angle": 45}', "")],
)
def test_a_file_tells_its_device(text: str, device: str) -> None:
    assert likely_device(text) == device


def test_an_estimator_is_drawn_with_a_curve_for_each_angle(qtbot: QtBot) -> None:
    spline = {"type": "akima", "knots": [-1.0, 0.0], "coefficients": [[-3.9, 2.2, 0.0, 0.0]]}
    data = {
        "estimator_name": "fused-a", "angles": ["90", "45"], "min_logc": -1.0, "max_logc": 0.0, "is_active": True,
        "created_at": "not known", "mu_splines": {"90": spline, "45": spline},
        "recorded_data": {"by_angle": {"90": [[0.1, 0.02], [1.0, 0.18]]}},
    }  # fmt: skip
    [device] = read_devices({}, {"od_fused": [data]}, [])
    plot = CalibrationPlot()
    qtbot.addWidget(plot)
    plot.show_calibration(device.active)
    assert [label.text for _, label in plot._legend.items] == ["90°", "45°"]
    assert plot._residuals.view.isVisible()
    plot.show_calibration(None)
    assert plot._curve.view.addedItems == []
