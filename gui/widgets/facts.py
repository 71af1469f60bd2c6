"""Facts in two columns: a caption and its value, which can be marked and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from gui import theme

_CAPTION_PX = 144


class Facts(QWidget):
    """A list of captions with values; a value changes in place and nothing moves."""

    def __init__(self, *captions: str, caption_px: int = _CAPTION_PX) -> None:
        super().__init__()
        self._values: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnMinimumWidth(0, caption_px)
        self._grid.setColumnStretch(1, 1)
        for caption in captions:
            self._add(caption)

    def show_value(self, caption: str, value: str, hint: str = "", tone: str = "") -> None:
        """Show a value behind its caption; a dash when it is not known."""
        label = self._values.get(caption) or self._add(caption)
        label.setText(value or "–")
        label.setToolTip(hint)
        theme.set_tone(label, tone)

    def show_all(self, values: dict[str, str]) -> None:
        """Show these captions with their values and no others."""
        for caption in [known for known in self._values if known not in values]:
            self._values.pop(caption)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._values = {}
        for caption, value in values.items():
            self.show_value(caption, value)

    def set_stale(self, is_stale: bool) -> None:
        """Show that the values are those of earlier, or of now."""
        for label in self._values.values():
            if label.property("stale") != is_stale:
                label.setProperty("stale", is_stale)
                label.style().unpolish(label)
                label.style().polish(label)

    def value(self, caption: str) -> str:
        """Return the value shown behind a caption."""
        return self._values[caption].text()

    def captions(self) -> tuple[str, ...]:
        """Return the captions shown now."""
        return tuple(self._values)

    def _add(self, caption: str) -> QLabel:
        row = self._grid.rowCount()
        name = QLabel(caption)
        theme.set_role(name, "quiet")
        value = QLabel("–")
        value.setWordWrap(True)
        value.setFont(theme.value_font())
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setAccessibleName(caption)
        name.setBuddy(value)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._values[caption] = value
        return value
