"""The order in which Tab goes through the window: that of the eye, not that in which widgets were made."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def put_in_order(*parts: QWidget) -> None:
    """Have Tab go from part to part; within each its own order stays."""
    former: QWidget | None = None
    for part in parts:
        for widget in _focusable(part):
            if former is not None:
                QWidget.setTabOrder(former, widget)
            former = widget


def _focusable(part: QWidget) -> list[QWidget]:
    """Return what Tab can reach in a part, itself included, in its present order."""
    found = []
    widget: QWidget | None = part
    while widget is not None:
        is_inside = widget is part or part.isAncestorOf(widget)
        # What passes the keyboard on to another widget is reached with that.
        if is_inside and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            found.append(widget)
        widget = widget.nextInFocusChain()
        if widget is part:
            break
    return found
