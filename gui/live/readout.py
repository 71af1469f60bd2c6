"""The legend that reads: in each pane's title row its curves, each with its value at the crosshair or now."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtWidgets import QLabel

from gui import theme
from gui.live.chip import Chip
from gui.live.curve import Curve
from gui.live.plot_stack import PlotStack
from gui.moments import ago, clock_time, exact
from gui.unit import Unit

# Up to this age the newest values are those of now.
_NOW_S = 30.0
# Longer than the longest interval of readings: the vial's temperature is told each few minutes.
_STALE_S = 600.0
_GAP_PX = 8
_ROW_PX = 20
# The entries of all panes begin below each other, at the right of titles as long as usual.
_USUAL_TITLE_PX = 160


class Readout(QObject):
    """Chips in the title rows of the plots, and at the right of the uppermost the time they tell.

    Signals:
        toggled: key of a curve, whether it is to be shown.

    Attributes:
        time: "Now", how old the newest value is, or the moment at the crosshair.
        chips: the entries by the key of their curve.
    """

    toggled = Signal(str, bool)

    def __init__(self, unit: Unit, stack: PlotStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._stack = stack
        self.time = QLabel(stack.viewport())
        self.time.setFont(theme.value_font(13))
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.set_role(self.time, "quiet")
        self.time.setFixedWidth(self.time.fontMetrics().horizontalAdvance("88 Mmm 88:88:88") + 4)
        self.chips: dict[str, Chip] = {}
        self._panes: dict[str, list[Chip]] = {}
        stack.drawn.connect(self.place)
        stack.titles_moved.connect(self.place)

    def show_curves(self, curves: list[Curve]) -> None:
        """Offer an entry for each of these curves, in their order."""
        old, self.chips, self._panes = self.chips, {}, {}
        for curve in curves:
            chip = old.pop(curve.key, None) or self._new_chip(curve)
            chip.names_unit = curve.trace.unit != self._stack.panes[curve.trace.pane].measure
            chip.relabel(curve.trace)
            self.chips[curve.key] = chip
            self._panes.setdefault(curve.trace.pane, []).append(chip)
        for chip in old.values():
            chip.hide()
            chip.deleteLater()
        self.place()

    def place(self) -> None:
        """Put every entry into the title row of its pane."""
        rows = self._stack.title_rows()
        column = max((min(words_px, _USUAL_TITLE_PX) for _, words_px in rows.values()), default=0)
        for pane, (row, words_px) in rows.items():
            right = row.right()
            if pane == next(iter(rows)):
                right -= self.time.width()
                self.time.setGeometry(right, row.top(), self.time.width(), _ROW_PX)
            left = row.left() + max(column, words_px)
            _place_row(self._panes.get(pane, []), QRect(left, row.top(), right - _GAP_PX - left, _ROW_PX))

    def read(self, curves: list[Curve], utc_s: float) -> None:
        """Show every curve's value at a time; at NaN the newest values."""
        now = math.isnan(utc_s)
        for curve in curves:
            chip = self.chips.get(curve.key)
            if chip is not None:
                sample = curve.buffer.latest() if now else curve.buffer.nearest(utc_s)
                is_stale = now and sample is not None and self._is_stale(curve, sample[0])
                chip.show_value(None if sample is None else sample[1], is_stale=is_stale)
        if now:
            self._tell_newest(curves)
        else:
            moment = datetime.fromtimestamp(utc_s, UTC)
            local = moment.astimezone()
            is_today = local.date() == datetime.fromtimestamp(self._unit.utc_s(), UTC).astimezone().date()
            self.time.setText(clock_time(moment) if is_today else f"{local.day} {local:%b %H:%M:%S}")
            self.time.setToolTip(exact(moment))

    def _is_stale(self, curve: Curve, utc_s: float) -> bool:
        """Whether a newest value is too old to be that of now; a level holds until it changes."""
        return not curve.trace.holds and self._unit.utc_s() - utc_s > _STALE_S

    def _tell_newest(self, curves: list[Curve]) -> None:
        """Say "Now", or how old the newest of the values is: without readings there is no now."""
        newest_s = max((latest[0] for curve in curves if (latest := curve.buffer.latest())), default=None)
        age_s = 0.0 if newest_s is None else self._unit.utc_s() - newest_s
        self.time.setText(ago(age_s) if age_s > _NOW_S else self.tr("Now"))
        self.time.setToolTip("" if newest_s is None else exact(datetime.fromtimestamp(newest_s, UTC)))

    def _new_chip(self, curve: Curve) -> Chip:
        chip = Chip(curve.trace, self._stack.viewport())
        chip.setProperty("curve", curve.key)
        chip.toggled.connect(self._on_toggled)
        chip.show()
        return chip

    def _on_toggled(self, is_shown: bool) -> None:
        self.toggled.emit(str(self.sender().property("curve")), is_shown)


def _place_row(chips: list[Chip], room: QRect) -> None:
    """Put entries side by side; where they do not fit, the longest give up some of their words."""
    left = room.left()
    for chip, width_px in zip(chips, _widths([chip.sizeHint().width() for chip in chips], room.width()), strict=True):
        chip.setGeometry(left, room.top(), width_px, room.height())
        left += width_px


def _widths(wanted_px: list[int], room_px: int) -> list[int]:
    """Return widths that fit into the room together, none wider than wanted: the widest are cut to one width."""
    left_px = max(0, room_px)
    for place, width_px in enumerate(sorted(wanted_px)):
        share_px = left_px // (len(wanted_px) - place)
        if width_px > share_px:
            return [min(width_px, share_px) for width_px in wanted_px]
        left_px -= width_px
    return wanted_px
