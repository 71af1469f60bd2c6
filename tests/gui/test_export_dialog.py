"""The export from the window, on a real service: what is asked for, how far it is, the file that is saved."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from real_service import RealService, running_service

from gui.experiments.export_dialog import ExportDialog
from gui.experiments.kept_exports import KeptExportsDialog
from gui.experiments.page import ExperimentsPage

# A dataset that never ends, as a user could describe one by mistake.
ENDLESS = """
dataset_name: endless
display_name: Endless
has_experiment: false
has_unit: false
query: WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    data = tmp_path_factory.mktemp("lab")
    (data / "exportable_datasets").mkdir()
    (data / "exportable_datasets" / "endless.yaml").write_text(ENDLESS, encoding="utf-8")
    with running_service(data) as service:
        yield service


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, ExperimentsPage)
    made.follow()
    if not made.ask("get", "/experiments"):
        for name in ("one", "two"):
            made.ask("post", "/experiments", {"experiment": name})
            made.ask("post", f"/experiments/{name}/end")
        made.page.load()
    made.until(lambda: len(made.page.listing.names()) == 2, "listed")
    yield made
    made.close()


def opened(bench: PageBench) -> ExportDialog:
    """Open the dialog, with the datasets loaded."""
    bench.page.export_button.click()
    dialog = bench.dialog(ExportDialog)
    bench.until(lambda: dialog.datasets.ticked(), "the datasets are listed")
    return dialog


def test_what_is_ticked_is_what_is_asked_for(bench: PageBench) -> None:
    bench.page.listing.choose("one")
    dialog = opened(bench)
    assert dialog.body()["experiments"] == ["one"]
    assert "pioreactor_unit_labels" not in dialog.body()["datasets"], "what is not recorded is not offered"
    dialog.experiments.everything.click()
    assert dialog.body()["experiments"] == [], "all there are, and what belongs to none"
    dialog.datasets.tick({"logs"})
    dialog.parquet.click()
    dialog.span.click()
    body = dialog.body()
    assert (body["datasets"], body["parquet"], body["partition_by_experiment"]) == (["logs"], True, False)
    assert body["start_time"] < body["end_time"]
    assert body["end_time"].endswith("Z")
    dialog.datasets.tick(set())
    assert not dialog.act_button.isEnabled()
    dialog.reject()


def test_an_export_is_made_saved_and_kept(bench: PageBench, tmp_path: Path) -> None:
    dialog = opened(bench)
    dialog.datasets.tick({"logs", "experiments"})
    dialog.parquet.click()
    target = tmp_path / "export.zip"
    dialog.export_to(target)
    assert not dialog.act_button.isEnabled()
    assert not dialog.datasets.isEnabled()
    bench.until(lambda: dialog.result_words.text(), "saved")
    assert dialog.result_words.text().startswith("Saved export.zip: ")
    assert dialog.folder_button.isVisible()
    assert not dialog.progress.isVisible()
    with zipfile.ZipFile(target) as archive:
        endings = sorted(Path(name).suffix for name in archive.namelist())
    assert endings == [".csv", ".csv", ".json", ".json", ".parquet", ".parquet"]
    assert list(tmp_path.glob(".*")) == []
    dialog.kept_button.click()
    kept = dialog.findChild(KeptExportsDialog)
    assert kept is not None
    bench.until(lambda: kept.names(), "listed")
    copy = tmp_path / "copy.zip"
    kept._save(copy)
    bench.until(copy.exists, "saved again")
    assert copy.read_bytes() == target.read_bytes()
    kept.delete_button.click()
    bench.until(lambda: not kept.names(), "deleted")
    assert kept.place.empty.headline == "No export is kept"
    assert bench.ask("get", "/exports")["exports"] == []
    kept.reject()
    dialog.reject()


def test_an_export_shows_how_far_it_is_and_can_be_given_up(bench: PageBench, tmp_path: Path) -> None:
    dialog = opened(bench)
    dialog.datasets.tick({"endless"})
    dialog.export_to(tmp_path / "export.zip")
    bench.until(lambda: "Endless" in dialog.progress.words and " 0 rows" not in dialog.progress.words, "it goes on")
    dialog.progress.cancel_button.click()
    bench.until(lambda: dialog.trouble.isVisible(), "told")
    assert "cancelled" in dialog.trouble.text()
    assert dialog.act_button.isEnabled()
    assert list(tmp_path.iterdir()) == []
    assert bench.ask("get", "/exports") == {"exports": [], "under_way": None}
    dialog.reject()


def test_a_dialog_that_is_closed_lets_the_export_go_on_and_tells_its_end(bench: PageBench, tmp_path: Path) -> None:
    dialog = opened(bench)
    dialog.datasets.tick({"logs"})
    target = tmp_path / "export.zip"
    dialog.export_to(target)
    dialog.cancel_button.click()
    assert not dialog.isVisible()
    bench.until(lambda: "Saved export.zip" in bench.toasts(), "told")
    assert target.exists()


def test_a_place_that_cannot_be_written_is_told(bench: PageBench, tmp_path: Path) -> None:
    dialog = opened(bench)
    dialog.datasets.tick({"logs"})
    dialog.export_to(tmp_path / "nowhere" / "export.zip")
    bench.until(lambda: dialog.trouble.isVisible(), "told")
    assert "cannot be written" in dialog.trouble.text()
    assert dialog.datasets.isEnabled()
    dialog.experiments.rows.item(0).setCheckState(Qt.CheckState.Checked)
    dialog.reject()
