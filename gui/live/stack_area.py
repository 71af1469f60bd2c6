"""What shows the plots: they take the height there is, and scroll only where even close together they need more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea

from gui.live.plot_stack import PlotStack


class StackArea(QScrollArea):
    """Tells the plots how much room there is: a widget that scrolls does not see its window become smaller."""

    def __init__(self, stack: PlotStack) -> None:
        super().__init__()
        self._stack = stack
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(stack)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Have the plots fit."""
        super().resizeEvent(event)
        self._stack.fit_into(self.viewport().height())
