"""A curve's newest value, big, with its age and its sparkline."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import theme
from gui.live.curve import Curve
from gui.live.sparkline import Sparkline
from gui.unit import Unit
from gui.widgets.value_label import ValueLabel


class ValueRow(QWidget):
    """A curve's newest value, big, with its age and its sparkline.

    Args:
        stale_after_s: from this age on it is dimmed.
        named: whether the curve's word stands before it.
    """

    def __init__(self, unit: Unit, curve: Curve, stale_after_s: float, *, named: bool) -> None:
        super().__init__()
        self.curve = curve
        self.value = ValueLabel(unit, curve.trace.unit, curve.trace.decimals or 0, stale_after_s=stale_after_s)
        self.spark = Sparkline(unit, curve)
        self._name = QLabel()
        self._name.setVisible(named)
        theme.set_role(self._name, "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self._name, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.value, 1)
        row.addWidget(self.spark, 0, Qt.AlignmentFlag.AlignVCenter)
        self._name.setMinimumWidth(QFontMetrics(theme.value_font(11)).horizontalAdvance("● 135°") + 4)
        self.refresh()

    @property
    def is_empty(self) -> bool:
        """Whether the curve has no sample yet."""
        return not len(self.curve.buffer)

    def refresh(self) -> None:
        """Show the newest sample, and the curve's word as it is now known."""
        trace = self.curve.trace
        self._name.setText(f"<span style='color:{trace.colour.name()}'>●</span> {trace.label}")
        self.value.set_measure(trace.unit)
        latest = self.curve.buffer.latest()
        self.value.show_value(None if latest is None else latest[1], 0.0 if latest is None else latest[0])
        self.spark.update()


def caption() -> QLabel:
    """Return an empty line of small words below a value."""
    label = QLabel()
    theme.set_role(label, "caption")
    label.setFont(theme.value_font(11))
    label.setWordWrap(True)
    return label


def number_of(unit: Unit, job: str, setting: str) -> float | None:
    """Return a published setting that is a number, None when there is none."""
    value: Any = unit.settings.get(job, {}).get(setting)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def if_known(unit: Unit, words: str) -> str:
    """Return words about what runs, none as long as the service has told nothing."""
    return words if unit.has_snapshot else ""


def figures(value: float, digits: int) -> str:
    """Return a number as people write it, with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
