"""A time without readings: shaded, with the reason written into it."""

from __future__ import annotations

import pyqtgraph as pg

from gui import theme


class LostTime:
    """The shade over one outage in one pane; `named` panes also say why."""

    def __init__(self, view: pg.ViewBox, *, named: bool) -> None:
        self._view = view
        self._named = named
        self._span = (0.0, 0.0)
        self._shade = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
        self._shade.setZValue(-20)
        self._words = pg.TextItem(anchor=(0, 0))
        self._words.setZValue(40)
        self._words.setVisible(named)
        self.restyle()
        view.addItem(self._shade)
        view.addItem(self._words)

    def show_at(self, start_s: float, end_s: float, words: str) -> None:
        """Cover a span of UTC seconds."""
        self._shade.show()
        self._span = (start_s, end_s)
        self._shade.setRegion(self._span)
        self._words.setText(words)
        self.place_words()

    def hide(self) -> None:
        """Cover nothing."""
        self._shade.hide()
        self._words.hide()

    @property
    def is_shown(self) -> bool:
        """Whether it covers a span."""
        return bool(self._shade.isVisible())

    @property
    def words(self) -> str:
        """What is written into it."""
        return str(self._words.toPlainText())

    def place_words(self) -> None:
        """Put the words at the top edge, at the side where there is room for them."""
        if not self._named or not self.is_shown:
            return
        (left, right), (_, top) = self._view.viewRange()
        start_s, end_s = self._span
        self._words.setVisible(start_s < right and end_s > left)
        is_late = start_s > (left + right) / 2
        self._words.setAnchor((1, 0) if is_late else (0, 0))
        self._words.setPos(min(end_s, right) if is_late else max(start_s, left), top)

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        colours = theme.current()
        self._shade.setBrush(colours.colour("warn_soft"))
        self._shade.setHoverBrush(colours.colour("warn_soft"))
        self._words.setColor(colours.colour("warn"))
        self._words.setFont(theme.value_font(11))
