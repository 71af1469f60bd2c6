"""A table that a step shows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from gui import theme


class StepTable(QWidget):
    """Columns with their captions, and rows of text and numbers; numbers stand on the right.

    Args:
        table: the service's `title`, `columns` and `rows`.
    """

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__()
        columns = [str(column) for column in table.get("columns") or ()]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.BETWEEN_PX)
        grid.setVerticalSpacing(4)
        title = str(table.get("title") or "")
        if title:
            grid.addWidget(_label(title, "strong"), 0, 0, 1, max(1, len(columns)))
        for place, column in enumerate(columns):
            grid.addWidget(_label(column, "caption"), 1, place)
        for number, row in enumerate(table.get("rows") or (), 2):
            for place, value in enumerate(row):
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                label = _label(f"{value:.4g}".replace("-", "−") if is_number else str(value), "")
                label.setFont(theme.value_font())
                if is_number:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                grid.addWidget(label, number, place)
        grid.setColumnStretch(len(columns), 1)
        self.setAccessibleName(title)


def _label(words: str, role: str) -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.set_role(label, role)
    return label
