"""Garbage is collected in the window's thread and in no other.

Python's collector runs in whichever thread happens to allocate: while a module is imported or a picture is written in
the background, it would destroy the window's discarded Qt objects there, beside Qt's own thread, and crash the program
now and then. So the automatic collector is switched off, and a timer of the window's thread does its work.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000


class GarbageCollection(QObject):
    """Collects garbage from the thread this is made in; begins at once, for as long as the program runs."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(self.collect)
        timer.start(_EVERY_MS)

    def collect(self) -> None:
        """Collect the oldest generation that is due, by the interpreter's own thresholds."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation] > 0:
                gc.collect(generation)
                return
