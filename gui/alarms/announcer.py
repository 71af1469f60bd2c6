"""Calls a person to the window when there is a new alarm: notification, sound, title of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from gui.alarms.words import count_words, unacknowledged, whole
from gui.settings import SettingsStore
from gui.unit import Unit

# How often the sound comes again, in milliseconds, until everything is acknowledged: often enough to be found by,
# seldom enough to be borne while one is at work on the cause. Notes make none.
SOUND_EVERY_MS = {"alarm": 10_000, "warning": 60_000}
_TITLE = "Vialdesk"


class Announcer(QObject):
    """Tells each alarm once by a notification, and goes on sounding until it is acknowledged; both can be switched off.

    Args:
        window: its title tells how many alarms wait; the system's task bar is asked to point at it.
        beep: makes the sound.

    Signals:
        told: title and text of a notification to be shown by the system.
        over: everything is acknowledged.
    """

    told = Signal(str, str)
    over = Signal()

    def __init__(
        self, unit: Unit, settings: SettingsStore, window: QWidget, beep: Callable[[], None] = QApplication.beep
    ) -> None:
        super().__init__(window)
        self._unit = unit
        self._settings = settings
        self._window = window
        self._beep = beep
        self._told_ids: set[int] = set()
        self._again = QTimer(self)
        self._again.timeout.connect(self._sound)
        unit.alarms_changed.connect(self.look)
        self.look()

    @property
    def notifies(self) -> bool:
        """Whether the system shows notifications of new alarms."""
        return self._settings.values.alarm_notification

    @property
    def sounds(self) -> bool:
        """Whether there is a sound until alarms are acknowledged."""
        return self._settings.values.alarm_sound

    def choose(self, *, notifies: bool | None = None, sounds: bool | None = None) -> None:
        """Switch notification or sound on or off, and remember it."""
        if notifies is not None:
            self._settings.change(alarm_notification=notifies)
        if sounds is not None:
            self._settings.change(alarm_sound=sounds)
        self._set_pace(unacknowledged(self._unit))

    def try_sound(self) -> None:
        """Make the sound once."""
        self._beep()

    def look(self) -> None:
        """Look which alarms wait now, and tell the new ones."""
        waiting = unacknowledged(self._unit)
        new = [alarm for alarm in waiting if alarm["id"] not in self._told_ids]
        self._told_ids = {alarm["id"] for alarm in waiting}
        title = count_words(waiting) if waiting else ""
        self._window.setWindowTitle(f"{title} · {_TITLE}" if title else _TITLE)
        self._set_pace(waiting)
        if new:
            self._tell(new)
        elif not waiting:
            self.over.emit()

    def _tell(self, new: list[dict[str, Any]]) -> None:
        QApplication.alert(self._window)
        if self.sounds and new[0]["severity"] in SOUND_EVERY_MS:
            self._sound()
        if self.notifies:
            more = self.tr("\nand {} more").format(len(new) - 1) if len(new) > 1 else ""
            headline = count_words(new)
            self.told.emit(f"{_TITLE}: {headline}", f"{whole(new[0])}{more}")

    def _set_pace(self, waiting: list[dict[str, Any]]) -> None:
        """Sound as often as the gravest alarm that waits asks for."""
        every_ms = SOUND_EVERY_MS.get(waiting[0]["severity"]) if waiting and self.sounds else None
        if every_ms is None:
            self._again.stop()
        elif not self._again.isActive() or self._again.interval() != every_ms:
            self._again.start(every_ms)

    def _sound(self) -> None:
        self._beep()
