"""The phases of a run with what each measured: value, limits, and where within them it lies."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from gui import theme
from gui.icons import icon
from gui.record.limit_bar import POSITION, LimitBar
from gui.record.limits import is_number, limits_of, limits_words, value_words, with_units
from gui.record.outcomes import outcome_shown
from gui.record.phase_words import phase_title
from gui.record.run import lasted_words
from gui.unit import utc_s_of

_MEASUREMENT = Qt.ItemDataRole.UserRole
_NAME, _OUTCOME, _VALUE, _LIMITS, _BAR = range(5)
_WIDTHS_PX = {_OUTCOME: 116, _VALUE: 108, _LIMITS: 116, _BAR: 52}
# In a wide window there is room for more; a value may be a sentence.
_WIDE_PX = {_OUTCOME: 136, _VALUE: 240, _LIMITS: 168, _BAR: 160}
_WIDE_FROM_PX = 860


class MeasurementTree(QTreeWidget):
    """A run's phases and measurements.

    Signals:
        chosen: a measurement that is a number was marked; carries phase and measurement as the service has them.
    """

    chosen = Signal(dict, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "rows")
        self._phases: list[dict[str, Any]] = []
        self.setAccessibleName(self.tr("Phases and measurements"))
        self.setUniformRowHeights(True)
        self.setIndentation(16)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHeaderLabels(
            [self.tr("Phase, measurement"), self.tr("Outcome"), self.tr("Value"), self.tr("Limits"), self.tr("Within")]
        )
        self.setItemDelegateForColumn(_BAR, LimitBar(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self.currentItemChanged.connect(self._on_current)
        theme.current().palette_changed.connect(self._redraw)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the columns more room in a wide window."""
        super().resizeEvent(event)
        widths_px = _WIDE_PX if event.size().width() >= _WIDE_FROM_PX else _WIDTHS_PX
        for column, width_px in widths_px.items():
            self.header().resizeSection(column, width_px)

    def show_phases(self, phases: list[dict[str, Any]]) -> None:
        """Show the phases of a run, the first that did not pass within sight."""
        self._phases = phases
        self.clear()
        added = [(self._add(phase), phase["outcome"]) for phase in phases]
        self.expandAll()
        wrong = next((item for item, outcome in added if outcome in ("FAIL", "ERROR", "TIMEOUT")), None)
        if wrong is not None:
            self.scrollToItem(wrong, QAbstractItemView.ScrollHint.PositionAtTop)

    def mark(self, name: str) -> None:
        """Mark the first measurement of that name."""
        for item in self.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive, _NAME):
            if item.parent() is not None:
                self.setCurrentItem(item)
                return

    def rows(self) -> list[list[str]]:
        """Return what is written in the rows, phases and measurements alike."""
        items = self.findItems("*", Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive, _NAME)
        return [[item.text(column) for column in range(_BAR)] for item in items]

    def _add(self, phase: dict[str, Any]) -> QTreeWidgetItem:
        title = phase_title(phase["name"])
        again = self.tr("{}, attempt {}").format(title, phase["retry_count"] + 1)
        item = QTreeWidgetItem(self, [again if phase["retry_count"] else title])
        _show_outcome(item, phase["outcome"])
        lasted_s = max(0.0, utc_s_of(phase["ended_at"]) - utc_s_of(phase["started_at"]))
        item.setText(_VALUE, lasted_words(lasted_s))
        item.setForeground(_VALUE, theme.current().colour("quiet"))
        item.setFont(_NAME, theme.value_font(bold=True))
        item.setToolTip(_NAME, "\n".join(filter(None, (title, phase["docstring"], phase["name"]))))
        for measurement in phase["measurements"]:
            self._add_measurement(item, phase, measurement)
        return item

    def _add_measurement(self, above: QTreeWidgetItem, phase: dict[str, Any], measurement: dict[str, Any]) -> None:
        item = QTreeWidgetItem(above, [measurement["name"]])
        item.setData(_NAME, _MEASUREMENT, (phase, measurement))
        tone = _show_outcome(item, measurement["outcome"])
        value, series, units = measurement["measured_value"], measurement["data_series"], measurement["units"] or ""
        points = len(series[0]["data"]) if series else 0
        words = value_words(value, points)
        item.setText(_VALUE, with_units(words, units) if value is not None and not points else words)
        item.setFont(_VALUE, theme.value_font())
        item.setText(_LIMITS, limits_words(measurement["validators"], units))
        item.setForeground(_LIMITS, theme.current().colour("quiet"))
        limits = limits_of(measurement["validators"])
        if is_number(value) and limits.scale(float(value)) is not None:
            item.setData(_BAR, POSITION, (float(value), limits, tone))
        for column in (_NAME, _LIMITS):
            item.setToolTip(column, item.text(column))
        item.setToolTip(_VALUE, with_units(str(value), units) if is_number(value) else item.text(_VALUE))

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        carried = None if item is None else item.data(_NAME, _MEASUREMENT)
        if carried is not None and is_number(carried[1]["measured_value"]):
            self.chosen.emit(*carried)

    def _redraw(self) -> None:
        self.show_phases(self._phases)


def _show_outcome(item: QTreeWidgetItem, outcome: str) -> str:
    word, icon_name, tone = outcome_shown(outcome)
    item.setText(_OUTCOME, word)
    item.setIcon(_OUTCOME, icon(icon_name, tone))
    item.setForeground(_OUTCOME, theme.current().colour(tone))
    return tone
