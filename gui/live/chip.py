"""One curve's entry of the legend: swatch, word, value; pressing it hides or shows the curve."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui import theme
from gui.live.trace import Trace

_SWATCH_PX = 12
_PADDING_PX = 5
# The widest values by their digits after the point: 9999 RPM, 100.0 °C, 99.999 or −1.234 AU.
_WIDEST: dict[int | None, tuple[str, ...]] = {
    0: ("8888", "−888"),
    1: ("888.8", "−88.8"),
    2: ("88.88", "−8.88"),
    3: ("88.888", "−8.888"),
    None: ("88.888", "−8.888"),
}


class Chip(QAbstractButton):
    """Its width only ever grows; where there is less room, the word is cut, never the value.

    Attributes:
        names_unit: whether the unit is drawn too; not where the pane's title names it.
        is_stale: whether the value is older than what is called now.
    """

    def __init__(self, trace: Trace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trace = trace
        self._value = "–"
        self._widest = ""  # of the values so far
        self.names_unit = False
        self.is_stale = False
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.relabel(trace)

    def relabel(self, trace: Trace) -> None:
        """Take another word, unit or colour."""
        self._trace = trace
        self.setToolTip(self.tr("Hide or show {name}").format(name=trace.label))
        self._name_for_readers()
        self.update()

    def show_value(self, value: float | None, *, is_stale: bool = False) -> None:
        """Show a value; None is a dash, a stale one is dimmed."""
        text = self._trace.text_of(value)
        if (text, is_stale) != (self._value, self.is_stale):
            self._value, self.is_stale = text, is_stale
            if len(text) > len(self._widest):
                self._widest = text
            self._name_for_readers()
            self.update()

    @property
    def text_shown(self) -> str:
        """Word, value and unit as shown."""
        return f"{self._trace.label} {self._value} {self._trace.unit}".strip()

    def _name_for_readers(self) -> None:
        self.setAccessibleName(self.text_shown)

    def _widths(self) -> tuple[int, int, int]:
        figures = QFontMetrics(theme.value_font(13))
        widest = (*_WIDEST[self._trace.decimals], self._widest)
        return (
            figures.horizontalAdvance(self._trace.label),
            max(figures.horizontalAdvance(text) for text in widest),
            figures.horizontalAdvance(self._unit),
        )

    @property
    def _unit(self) -> str:
        return self._trace.unit if self.names_unit else ""

    def sizeHint(self) -> QSize:
        """Return a size that holds the widest value."""
        label, value, measure = self._widths()
        parts = [_SWATCH_PX, label, value, *([measure] if measure else [])]
        return QSize(sum(parts) + _PADDING_PX * (len(parts) + 1), QFontMetrics(theme.value_font(13)).height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw swatch, word, value and unit; a hidden curve's entry is faint and struck through."""
        colours, painter = theme.current(), QPainter(self)
        painter.setFont(theme.value_font(13))
        middle, x = self.height() / 2, _PADDING_PX
        if self.hasFocus():
            painter.setPen(QPen(colours.colour("accent"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.CORNER_PX, theme.CORNER_PX)
        shown = self.isChecked()
        ink = QColor(colours.colour("faint") if self._trace.dashed or not shown else self._trace.colour)
        style = Qt.PenStyle.DashLine if self._trace.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(ink, 3, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(x, int(middle), x + _SWATCH_PX, int(middle))
        x += _SWATCH_PX + _PADDING_PX
        label, lacking = self._trace.label, self.sizeHint().width() - self.width()
        if lacking > 0:
            room = max(0, self._widths()[0] - lacking)
            label = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, room)
        for text, tone in (
            (label, "text" if shown else "faint"),
            (self._value if shown else "", "quiet" if self.is_stale else "text"),
            (self._unit if shown else "", "quiet"),
        ):
            painter.setPen(colours.colour(tone))
            painter.drawText(QRectF(x, 0, self.width() - x, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += painter.fontMetrics().horizontalAdvance(text) + (_PADDING_PX if text else 0)
        if not shown:
            painter.drawLine(
                _PADDING_PX + _SWATCH_PX + _PADDING_PX, int(middle), self.width() - _PADDING_PX, int(middle)
            )
