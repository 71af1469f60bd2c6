"""The data folder's browser on the real service: look, read, save a copy, remove; and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService

from gui.data_folder.page import DataFolderPage
from gui.data_folder.remove_dialog import RemoveDialog, consequence


@pytest.fixture
def folder(own_service: RealService) -> Path:
    """A folder with a text, a picture and a folder in it."""
    notes = own_service.data / "notes"
    (notes / "old ones").mkdir(parents=True, exist_ok=True)
    (notes / "hello world.txt").write_text("Hello\n")
    (notes / "picture.png").write_bytes(b"\x89PNG\0\0")
    return notes


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService, folder: Path) -> Iterator[PageBench]:
    one = PageBench(driver, own_service.url, DataFolderPage)
    one.follow()
    one.until(lambda: "notes" in one.page.listing.names(), "the data folder is open")
    yield one
    one.close()


def open_notes(bench: PageBench) -> None:
    bench.page.open_folder("notes")
    bench.until(lambda: "hello world.txt" in bench.page.listing.names(), "the folder is open")


def crumbs(bench: PageBench) -> list[QPushButton]:
    row = bench.page._crumbs
    widgets = [row.itemAt(place).widget() for place in range(row.count())]
    return [widget for widget in widgets if isinstance(widget, QPushButton)]


def test_folders_are_walked_by_keyboard_and_by_crumbs(bench: PageBench, qtbot: QtBot) -> None:
    listing = bench.page.listing
    listing.choose("notes")
    qtbot.keyClick(listing, Qt.Key.Key_Return)
    bench.until(lambda: listing.names() == ["old ones", "hello world.txt", "picture.png"], "folders first")
    listing.choose("old ones")
    qtbot.keyClick(listing, Qt.Key.Key_Return)
    bench.until(lambda: listing.names() == [], "an empty folder")
    assert [crumb.text() for crumb in crumbs(bench)] == ["Data folder", "notes", "old ones"]
    qtbot.keyClick(listing, Qt.Key.Key_Backspace)
    bench.until(lambda: "old ones" in listing.names(), "up again")
    assert listing.currentItem().text() == "old ones", "where one came from is marked"
    qtbot.mouseClick(crumbs(bench)[0], Qt.MouseButton.LeftButton)
    bench.until(lambda: "notes" in listing.names(), "back at the top")


def test_a_text_is_read_and_what_is_none_is_not_shown(bench: PageBench) -> None:
    open_notes(bench)
    preview = bench.page.preview
    assert preview.place.empty.headline == "No file chosen"
    bench.page.listing.choose("hello world.txt")
    bench.until(lambda: preview.text.toPlainText() == "Hello\n", "read")
    bench.page.listing.choose("picture.png")
    bench.until(lambda: preview.place.empty.headline == "This is no text", "told")
    bench.page.listing.choose("old ones")
    assert preview.place.empty.headline == "No file chosen"


def test_a_database_is_refused_with_its_reason(bench: PageBench, folder: Path) -> None:
    (folder / "own.sqlite").touch()
    open_notes(bench)
    bench.page.listing.choose("own.sqlite")
    preview = bench.page.preview
    bench.until(lambda: preview.place.empty.headline not in ("Opening…", "No file chosen"), "told")
    assert preview.place.empty.headline == "This file is protected."
    (folder / "own.sqlite").unlink()


def test_a_copy_is_saved_byte_for_byte(bench: PageBench, folder: Path, tmp_path: Path, qtbot: QtBot) -> None:
    open_notes(bench)
    bench.page.listing.choose("picture.png")
    qtbot.mouseClick(bench.page.preview.save_button, Qt.MouseButton.LeftButton)
    bench.page.files.dialog.fileSelected.emit(str(tmp_path / "mine.png"))
    bench.until(lambda: "Saved mine.png" in bench.toasts(), "saved")
    assert (tmp_path / "mine.png").read_bytes() == (folder / "picture.png").read_bytes()
    bench.page.files.dialog.reject()


def test_removing_says_what_is_lost_and_removes_the_file(bench: PageBench, folder: Path, qtbot: QtBot) -> None:
    open_notes(bench)
    bench.page.listing.choose("hello world.txt")
    qtbot.keyClick(bench.page.listing, Qt.Key.Key_Delete)
    dialog = bench.dialog(RemoveDialog)
    words = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "notes/hello world.txt is deleted from the unit; this cannot be undone." in words
    assert dialog.cancel_button.isDefault()
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.result_words.text() == "notes/hello world.txt is removed (6 B).", "removed")
    dialog.reject()
    bench.until(lambda: "hello world.txt" not in bench.page.listing.names(), "gone from the list")
    assert not (folder / "hello world.txt").exists()
    assert bench.page.preview.place.empty.headline == "No file chosen"


def test_a_folder_is_never_offered_for_removal(bench: PageBench, qtbot: QtBot) -> None:
    bench.page.listing.choose("notes")
    qtbot.keyClick(bench.page.listing, Qt.Key.Key_Delete)
    bench.driver.turn()
    assert not bench.page.findChildren(RemoveDialog)
    assert not bench.page.preview.remove_button.isVisible()


def test_a_folder_that_is_gone_leads_to_the_one_around_it(bench: PageBench, folder: Path) -> None:
    bench.page.open_folder("notes/old ones")
    bench.until(lambda: bench.page.listing.names() == [], "open")
    (folder / "old ones").rmdir()
    bench.page.reload_button.click()
    bench.until(lambda: "hello world.txt" in bench.page.listing.names(), "the folder around it")


def test_a_folder_that_is_closed_to_windows_says_so(driver: LoopDriver, own_service: RealService) -> None:
    flag = own_service.data / "DISALLOW_UI_FILE_SYSTEM"
    flag.touch()
    bench = PageBench(driver, own_service.url, DataFolderPage)
    try:
        bench.follow()
        bench.until(lambda: bench.page.place.empty.headline not in ("", "Opening the data folder"), "told")
        bench.until(lambda: "DISALLOW_UI_FILE_SYSTEM" in bench.page.place.empty.words, "why, and what to do")
    finally:
        flag.unlink()
    bench.page.place.acted.emit()
    bench.until(lambda: bench.page.place.has_content, "open again")
    bench.close()


def test_without_a_service_nothing_is_offered(driver: LoopDriver, service: StandInService) -> None:
    bench = PageBench(driver, service.url, DataFolderPage)
    assert not bench.page.place.has_content
    service.answer("GET /unit_api/system/path/", 200, {"current": "", "dirs": [], "files": ["a.txt"]})
    bench.follow()
    bench.until(lambda: bench.page.listing.names() == ["a.txt"], "open")
    driver.run(service.stop())
    bench.until(lambda: not bench.page.listing.isEnabled(), "lost")
    assert bench.page.place.has_content
    bench.close()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("storage/calibrations/media_pump/a.yaml", "its device has none afterwards"),
        ("config.ini", "shipped settings"),
        ("notes/hello.txt", ""),
    ],
)
def test_the_consequence_of_removing_is_that_of_the_place(path: str, words: str) -> None:
    assert words in consequence(path)
    assert bool(words) == bool(consequence(path))
