"""The badge in the top bar: how many alarms nobody has acknowledged, to be seen from across the room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from gui import theme
from gui.alarms.words import breakdown, count_words, severity_words, unacknowledged
from gui.icons import icon
from gui.unit import Unit


class AlarmBadge(QToolButton):
    """Shown while there are alarms: filled with their colour until all are acknowledged, then quiet."""

    def __init__(self, unit: Unit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._icon = ("alarm", "alarm")
        theme.set_role(self, "badge")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(20, 20))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        unit.alarms_changed.connect(self.refresh)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()

    def refresh(self) -> None:
        """Count the alarms again."""
        waiting = unacknowledged(self._unit)
        counted = waiting or self._unit.alarms
        self.setVisible(bool(counted))
        if not counted:
            return
        words = count_words(counted)
        _, icon_name, tone = severity_words(counted[0]["severity"])
        self.setText(words[:1].upper() + words[1:])
        theme.set_tone(self, tone if waiting else "")
        self._icon = (icon_name, "raised" if waiting else "quiet")
        state = self.tr("not acknowledged") if waiting else self.tr("acknowledged, not over yet")
        self.setToolTip(self.tr("{}: {}. Click to see all.").format(breakdown(counted), state))
        self.setAccessibleName(f"{words}, {state}")
        self._redraw()

    def _redraw(self) -> None:
        self.setIcon(icon(*self._icon))
