"""The legend that reads: every curve with its colour, its word, and its value at the crosshair or now."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QWidget

from gui import theme
from gui.live.curve import Curve
from gui.live.trace import Trace
from gui.moments import ago, clock_time, exact
from gui.unit import Unit
from gui.widgets.flow import FlowLayout

_SWATCH_PX = 14
_PADDING_PX = 6
# Up to this age the newest values are those of now.
_NOW_S = 30.0
# The widest values by their digits after the point: 9999 RPM, 100.0 °C, 99.999 or −1.234 AU.
_WIDEST: dict[int | None, tuple[str, ...]] = {
    0: ("8888", "−888"),
    1: ("888.8", "−88.8"),
    2: ("88.88", "−8.88"),
    3: ("88.888", "−8.888"),
    None: ("88.888", "−8.888"),
}


class Chip(QAbstractButton):
    """One curve's entry: swatch, word, value, unit; pressing it hides or shows the curve. Its width only ever grows."""

    def __init__(self, trace: Trace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trace = trace
        self._value = "–"
        self._widest = ""  # of the values so far
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.relabel(trace)

    def relabel(self, trace: Trace) -> None:
        """Take another word, unit or colour."""
        self._trace = trace
        self.setToolTip(self.tr("Hide or show {name}").format(name=trace.label))
        self._name_for_readers()
        self.updateGeometry()
        self.update()

    def show_value(self, value: float | None) -> None:
        """Show a value; None is a dash."""
        text = self._trace.text_of(value)
        if text != self._value:
            self._value = text
            if len(text) > len(self._widest):
                self._widest = text
                self.updateGeometry()
            self._name_for_readers()
            self.update()

    @property
    def text_shown(self) -> str:
        """Word, value and unit as shown."""
        return f"{self._trace.label} {self._value} {self._trace.unit}".strip()

    def _name_for_readers(self) -> None:
        self.setAccessibleName(self.text_shown)

    def _widths(self) -> tuple[int, int, int]:
        figures = self.fontMetrics()
        widest = (*_WIDEST[self._trace.decimals], self._widest)
        return (
            figures.horizontalAdvance(self._trace.label),
            max(figures.horizontalAdvance(text) for text in widest),
            figures.horizontalAdvance(self._trace.unit),
        )

    def sizeHint(self) -> QSize:
        """Return a size that holds the widest value."""
        label, value, measure = self._widths()
        width = _SWATCH_PX + label + value + measure + _PADDING_PX * 4
        return QSize(width, self.fontMetrics().height() + 8)

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
        for text, tone in (
            (self._trace.label, "text" if shown else "faint"),
            (self._value if shown else "", "text"),
            (self._trace.unit if shown else "", "quiet"),
        ):
            painter.setPen(colours.colour(tone))
            painter.drawText(QRectF(x, 0, self.width() - x, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += painter.fontMetrics().horizontalAdvance(text) + (_PADDING_PX if text else 0)
        if not shown:
            painter.drawLine(
                _PADDING_PX + _SWATCH_PX + _PADDING_PX, int(middle), self.width() - _PADDING_PX, int(middle)
            )


class Readout(QWidget):
    """The row of chips above the plots, led by the time they tell.

    Signals:
        toggled: key of a curve, whether it is to be shown.
    """

    toggled = Signal(str, bool)

    def __init__(self, unit: Unit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self.time = QLabel()
        self.time.setFont(theme.value_font(13))
        theme.set_role(self.time, "quiet")
        self.time.setFixedWidth(self.time.fontMetrics().horizontalAdvance("88 Mmm 88:88:88") + 4)
        self.chips: dict[str, Chip] = {}
        self._flow = FlowLayout(self, gap_px=4)
        self._flow.addWidget(self.time)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.time.setFixedHeight(self.time.fontMetrics().height() + 8)

    def show_curves(self, curves: list[Curve]) -> None:
        """Offer an entry for each of these curves, in their order."""
        wanted = [curve.key for curve in curves]
        if wanted != list(self.chips):
            while self._flow.takeAt(1) is not None:
                pass
            old, self.chips = self.chips, {}
            for curve in curves:
                chip = old.pop(curve.key, None) or self._new_chip(curve)
                self.chips[curve.key] = chip
                self._flow.addWidget(chip)
            for chip in old.values():
                chip.deleteLater()
        for curve in curves:
            self.chips[curve.key].relabel(curve.trace)

    def read(self, curves: list[Curve], utc_s: float) -> None:
        """Show every curve's value at a time; at NaN the newest values."""
        now = math.isnan(utc_s)
        for curve in curves:
            chip = self.chips.get(curve.key)
            if chip is not None:
                sample = curve.buffer.latest() if now else curve.buffer.nearest(utc_s)
                chip.show_value(None if sample is None else sample[1])
        if now:
            self._tell_newest(curves)
        else:
            moment = datetime.fromtimestamp(utc_s, UTC)
            local = moment.astimezone()
            is_today = local.date() == datetime.fromtimestamp(self._unit.utc_s(), UTC).astimezone().date()
            self.time.setText(clock_time(moment) if is_today else f"{local.day} {local:%b %H:%M:%S}")
            self.time.setToolTip(exact(moment))

    def _tell_newest(self, curves: list[Curve]) -> None:
        """Say "Now", or how old the newest of the values is: without readings there is no now."""
        newest_s = max((latest[0] for curve in curves if (latest := curve.buffer.latest())), default=None)
        age_s = 0.0 if newest_s is None else self._unit.utc_s() - newest_s
        self.time.setText(ago(age_s) if age_s > _NOW_S else self.tr("Now"))
        self.time.setToolTip("" if newest_s is None else exact(datetime.fromtimestamp(newest_s, UTC)))

    def _new_chip(self, curve: Curve) -> Chip:
        chip = Chip(curve.trace, self)
        chip.setProperty("curve", curve.key)
        chip.toggled.connect(self._on_toggled)
        return chip

    def _on_toggled(self, is_shown: bool) -> None:
        self.toggled.emit(str(self.sender().property("curve")), is_shown)
