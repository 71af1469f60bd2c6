"""Discarded objects are destroyed in the window's thread, whatever other threads allocate."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from gui.garbage import GarbageCollection


class Discarded:
    """Something in a circle, which only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collection(qapp: QApplication) -> Iterator[GarbageCollection]:
    owner = QObject()
    yield GarbageCollection(owner)
    owner.deleteLater()


def allocate() -> None:
    """Allocate more than any threshold of the collector."""
    kept = [[number] for number in range(200_000)]
    kept.clear()


def test_another_thread_destroys_nothing_and_the_windows_thread_does(collection: GarbageCollection) -> None:
    destroyed_in: list[threading.Thread] = []
    gc.collect()
    weakref.finalize(Discarded(), lambda: destroyed_in.append(threading.current_thread()))
    busy = threading.Thread(target=allocate)
    busy.start()
    busy.join()
    assert destroyed_in == []
    kept = [[number] for number in range(2 * gc.get_threshold()[0])]
    collection.collect()
    assert destroyed_in == [threading.current_thread()]
    assert kept


def test_nothing_is_collected_while_nothing_is_due(collection: GarbageCollection) -> None:
    gc.collect()
    Discarded()
    before = gc.get_stats()[0]["collections"]
    collection.collect()
    assert gc.get_stats()[0]["collections"] == before
