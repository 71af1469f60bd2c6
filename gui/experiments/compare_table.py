"""The compared experiments as a table: their colours, and a few numbers side by side."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from gui import theme
from gui.experiments.compared import Compared
from gui.moments import duration

_ROW_PX = 28
_MOST_ROWS_SHOWN, _FEW_ROWS = 5, 3
_NAME_PX, _NUMBER_PX = 160, 92
# Columns in the order in which they make way for the names: what the list tells too, what follows from the growth
# rate, the medium.
_MAKE_WAY = (1, 4, 6)
# Beyond this many hours a doubling time is that of noise.
_NO_GROWTH_H = 100.0
_SWATCH = QSize(20, 12)
_NONE = "–"


class CompareTable(QTableWidget):
    """One row for each experiment; a tick shows or hides its curves.

    Signals:
        shown_changed: the curves of an experiment are to be shown, or not.
    """

    shown_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compared: list[Compared] = []
        self._is_low = False
        self.setAccessibleName(self.tr("The experiments side by side"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.itemChanged.connect(self._on_item)

    def show_compared(self, compared: list[Compared]) -> None:
        """Show these experiments."""
        self.blockSignals(True)
        self._compared = compared
        columns = self._columns()
        self.setColumnCount(1 + len(columns))
        self.setHorizontalHeaderLabels([self.tr("Experiment"), *columns])
        for column, hint in enumerate(columns.values(), 1):
            header = self.horizontalHeaderItem(column)
            if header is not None:
                header.setToolTip(hint)
        left = self.horizontalHeaderItem(0)
        if left is not None:
            left.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setRowCount(len(compared))
        for row, one in enumerate(compared):
            name = QTableWidgetItem(one.experiment.name)
            name.setIcon(_swatch(one.colour))
            name.setToolTip(one.experiment.name)
            name.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            name.setCheckState(Qt.CheckState.Checked if one.is_shown else Qt.CheckState.Unchecked)
            self.setItem(row, 0, name)
            for column, text in enumerate(_numbers(one), 1):
                self.setItem(row, column, _number(text))
        self.blockSignals(False)
        self._fit()

    def _columns(self) -> dict[str, str]:
        """Return the words of the numbers, each with what it means."""
        return {
            self.tr("Length"): self.tr("From creation to end, or to now"),
            self.tr("Highest OD"): self.tr("Highest mean of ten minutes"),
            self.tr("Growth, h⁻¹"): self.tr("Fastest growth: highest mean of ten minutes"),
            self.tr("Doubling, h"): self.tr("Doubling time at the fastest growth"),
            self.tr("Temp., °C"): self.tr("Temperature, mean of all readings"),
            self.tr("Medium, mL"): self.tr("Medium and alternative medium that was added"),
        }

    def _fit(self) -> None:
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column in range(1, self.columnCount()):
            self.setColumnWidth(column, _NUMBER_PX)
        self._fit_name()
        self.fit_rows(self._is_low)

    def fit_rows(self, is_low: bool) -> None:
        """Take the height of a few rows, of fewer in a low window: the curves matter more."""
        self._is_low = is_low
        rows = min(self.rowCount(), _FEW_ROWS if is_low else _MOST_ROWS_SHOWN)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows * _ROW_PX + 4)

    def _fit_name(self) -> None:
        """Give the names what the numbers leave; what no experiment has is left out, then what can be missed."""
        told = [column for column in range(1, self.columnCount()) if self._is_told(column)]
        for column in _MAKE_WAY:
            if len(told) * _NUMBER_PX + _NAME_PX > self.viewport().width() and column in told:
                told.remove(column)
        for column in range(1, self.columnCount()):
            self.setColumnHidden(column, column not in told)
        self.setColumnWidth(0, max(_NAME_PX, self.viewport().width() - len(told) * _NUMBER_PX))

    def _is_told(self, column: int) -> bool:
        """Whether any experiment has this number."""
        items = [self.item(row, column) for row in range(self.rowCount())]
        return not items or any(item is not None and item.text() != _NONE for item in items)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width out anew."""
        super().resizeEvent(event)
        self._fit_name()

    def _on_item(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            self._compared[item.row()].is_shown = item.checkState() == Qt.CheckState.Checked
            self.shown_changed.emit()


def _numbers(one: Compared) -> list[str]:
    curves, volumes = one.summary.get("curves", {}), one.summary.get("volumes_ml", {})
    density, growth = curves.get(one.density()), curves.get("growth_rate")
    temperature, doubling_h = curves.get("temperature"), one.summary.get("doubling_time_h")
    used_ml = volumes.get("media_ml", 0.0) + volumes.get("alt_media_ml", 0.0)
    return [
        duration(float(one.summary.get("duration_s", 0.0))),
        _text(density and density["greatest"], 3),
        _text(growth and growth["greatest"], 3),
        _text(doubling_h if doubling_h is not None and doubling_h < _NO_GROWTH_H else None, 2),
        _text(temperature and temperature["mean"], 1),
        _text(used_ml if volumes else None, 1),
    ]


def _text(value: float | None, decimals: int) -> str:
    return _NONE if value is None else f"{value:.{decimals}f}".replace("-", "−")


def _number(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setFont(theme.value_font())
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item


def _swatch(colour: str) -> QIcon:
    picture = QPixmap(_SWATCH)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.fillRect(0, _SWATCH.height() // 2 - 1, _SWATCH.width(), 3, QColor(colour))
    painter.end()
    return QIcon(picture)
