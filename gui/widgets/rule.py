"""A hairline between things."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QWidget

from gui import theme


class Rule(QFrame):
    """A line one pixel thin, upright or lying."""

    def __init__(self, *, upright: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "line")
        if upright:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)
