"""A column that is longer than the page: it scrolls, and nothing else of it takes part in the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

# Room that a column leaves at its right for the scroll bar.
SCROLL_BAR_PX = 12


def scrolled(column: QWidget) -> QScrollArea:
    """Return what shows `column`, as wide as there is room, and lets it be scrolled up and down."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(column)
    area.viewport().setAutoFillBackground(False)
    column.setAutoFillBackground(False)
    return area
