"""The order in which Tab goes through the window: that of the eye, not that in which widgets were made."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def put_in_order(parts: list[QWidget], after: QWidget) -> None:
    """Have Tab go from `after` to each of these parts; each keeps its own order."""
    former = after
    for part in parts:
        for widget in (part, *part.findChildren(QWidget)):
            # What passes the keyboard on is reached with what it passes it to; menus and dialogs are other windows.
            is_reached = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
            if is_reached and widget.window() is after.window():
                QWidget.setTabOrder(former, widget)
                former = widget
