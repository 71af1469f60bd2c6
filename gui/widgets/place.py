"""A place that shows its content, or says why there is none: loading, offline, refused, empty."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from gui import theme
from gui.connection_words import standing
from gui.service_client import ServiceTroubleError
from gui.unit import Unit
from gui.widgets.empty_state import EmptyState
from gui.widgets.scrolled import SCROLL_BAR_PX
from gui.words import sentences


class Place(QStackedWidget):
    """Content, with the face of an empty place behind it.

    Signals:
        acted: the button of the empty place was pressed: try again, or fill it.

    Attributes:
        empty: says why there is nothing.
    """

    acted = Signal()

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        self.empty = EmptyState()
        self.empty.acted.connect(self.acted)
        self.addWidget(content)
        self.addWidget(self.empty)

    def fill(self, page: QWidget, *first: QWidget, scrolls: bool = False) -> None:
        """Be the whole of a page, below what comes `first`; where it scrolls, the scroll bar stands in the margin."""
        right_px = theme.AROUND_PX - SCROLL_BAR_PX if scrolls else theme.AROUND_PX
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.AROUND_PX, 4, right_px, theme.BETWEEN_PX)
        for widget in first:
            row = QHBoxLayout()
            row.setContentsMargins(0, 0, theme.AROUND_PX - right_px, 0)
            row.addWidget(widget)
            column.addLayout(row)
        column.addWidget(self)

    @property
    def has_content(self) -> bool:
        """Whether the content is shown."""
        return self.currentWidget() is self._content

    def show_content(self) -> None:
        """Show the content."""
        self.setCurrentWidget(self._content)

    def explain(self, icon: str, headline: str, words: str, action: str = "", tone: str = "quiet") -> None:
        """Say why there is nothing here, and the one thing to do about it."""
        self.empty.explain(icon, headline, words, action, tone)
        self.setCurrentWidget(self.empty)

    def offer(self, is_possible: bool) -> None:
        """Let the button of the empty place be pressed, or not: what it does needs a service that answers."""
        self.empty.offer(is_possible)

    def explain_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say what the service refused, and offer to try again."""
        why = trouble.cause if trouble.cause != trouble.error else ""
        self.explain("warning", trouble.error, sentences(why, trouble.remedy), self.tr("Try again"), "warn")

    def explain_connection(self, unit: Unit) -> None:
        """Say how the connection to the service stands."""
        stands = standing(unit)
        self.explain(stands.icon, stands.word, sentences(stands.detail, stands.remedy))
