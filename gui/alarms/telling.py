"""How alarms are told at this computer beside being shown: by a notification of the system, by a sound."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.alarms.announcer import SOUND_EVERY_MS, Announcer
from gui.tray import Tray


class Telling(QWidget):
    """Two switches, remembered in this window's settings.

    Attributes:
        notification, sound: the switches.
        try_button: makes the sound once.
        note: why there are no notifications, where the system has none.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heading = QLabel(self.tr("At this computer"))
        theme.set_role(heading, "heading")
        self.notification = QCheckBox(self.tr("Notify me of each new alarm"))
        self.sound = QCheckBox(
            self.tr("Beep until it is acknowledged: every {} s for an alarm, once a minute for a warning").format(
                SOUND_EVERY_MS["alarm"] // 1000
            )
        )
        self.try_button = QPushButton(self.tr("Try the beep"))
        self.try_button.setToolTip(self.tr("The system makes the sound; some systems have it switched off"))
        self.note = QLabel(
            self.tr(
                "This desktop has no notification area, so the system cannot notify; the window still shows alarms."
            )
        )
        self.note.setWordWrap(True)
        theme.set_role(self.note, "caption")
        beep = QHBoxLayout()
        beep.addWidget(self.sound)
        beep.addWidget(self.try_button)
        beep.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(heading)
        column.addWidget(self.notification)
        column.addWidget(self.note)
        column.addLayout(beep)
        self.notification.clicked.connect(self._choose_notification)
        self.sound.clicked.connect(self._choose_sound)
        self.try_button.clicked.connect(self._try)

    def refresh(self) -> None:
        """Show what was chosen, and what this system can do."""
        announcer = self._announcer()
        self.setVisible(announcer is not None)
        if announcer is not None:
            can_notify = Tray.is_available()
            self.notification.setChecked(announcer.notifies)
            self.notification.setEnabled(can_notify)
            self.note.setVisible(not can_notify)
            self.sound.setChecked(announcer.sounds)

    def _announcer(self) -> Announcer | None:
        return self.window().findChild(Announcer)

    def _choose_notification(self, wanted: bool) -> None:
        announcer = self._announcer()
        if announcer is not None:
            announcer.choose(notifies=wanted)

    def _choose_sound(self, wanted: bool) -> None:
        announcer = self._announcer()
        if announcer is not None:
            announcer.choose(sounds=wanted)

    def _try(self) -> None:
        announcer = self._announcer()
        if announcer is not None:
            announcer.try_sound()
