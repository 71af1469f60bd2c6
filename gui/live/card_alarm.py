"""The line of a card that tells of an alarm about just that quantity, where one looks for its value."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import theme
from gui.alarms.words import gravest_first, severity_words, whole
from gui.icons import refresh, show_icon
from gui.unit import Unit
from gui.widgets.elided_label import ElidedLabel


class CardAlarm(QWidget):
    """The gravest alarm about some signals that is not over; hidden without one."""

    def __init__(self, unit: Unit, signals: tuple[str, ...]) -> None:
        super().__init__()
        self._unit = unit
        self._signals = signals
        self._picture = QLabel()
        self.message = ElidedLabel()
        theme.set_role(self.message, "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._picture)
        row.addWidget(self.message, 1)
        unit.alarms_changed.connect(self.refresh)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()

    def refresh(self) -> None:
        """Look at the alarms again."""
        lasting = [each for each in self._unit.alarms if each["signal"] in self._signals and not each["cleared_at"]]
        self.setVisible(bool(lasting))
        if lasting:
            gravest = gravest_first(lasting)[0]
            word, icon_name, tone = severity_words(gravest["severity"])
            show_icon(self._picture, icon_name, tone)
            self.message.show_text(f"{word}: {gravest['message']}")
            self.message.setToolTip(whole(gravest))
            theme.set_tone(self.message, tone)

    def _redraw(self) -> None:
        refresh(self._picture)
