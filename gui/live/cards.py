"""The cards of the Live page: optical density, stirring, temperature."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import theme
from gui.live.card import Card
from gui.live.curve import Curve
from gui.live.session import Session
from gui.live.sparkline import Sparkline
from gui.live.trace import HEATER_BOARD, OPTICAL_DENSITY
from gui.unit import Unit
from gui.widgets.value_label import ValueLabel


class ValueRow(QWidget):
    """A curve's newest value, big, with its age and its sparkline."""

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

    def refresh(self) -> None:
        """Show the newest sample, and the curve's word as it is now known."""
        trace = self.curve.trace
        self._name.setText(f"<span style='color:{trace.colour.name()}'>●</span> {trace.label}")
        self.value.set_measure(trace.unit)
        latest = self.curve.buffer.latest()
        self.value.show_value(None if latest is None else latest[1], 0.0 if latest is None else latest[0])
        self.spark.update()


class OpticalDensityCard(Card):
    """Optical density of every photodiode, now."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        self._curves = [curve for curve in curves.values() if curve.trace.pane == OPTICAL_DENSITY]
        self._rows: dict[str, ValueRow] = {}
        super().__init__(self.tr("Optical density"), "od_reading", unit, session)
        self._empty = QLabel(self.tr("No reading yet"))
        theme.set_role(self._empty, "quiet")
        self._empty.setMinimumHeight(44)
        self.body.addWidget(self._empty)
        self._light = QLabel()
        theme.set_role(self._light, "caption")
        self.body.addWidget(self._light)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest readings; a photodiode gets its row with its first one."""
        for curve in self._curves:
            series = curve.trace.series
            if len(curve.buffer) and series not in self._rows:
                self._add_row(curve)
            elif not len(curve.buffer) and series in self._rows:
                self._rows.pop(series).deleteLater()
        for row in self._rows.values():
            row.refresh()
        self._empty.setVisible(not self._rows)
        interval_s = _number(self._unit, "od_reading", "interval")
        light = _number(self._unit, "od_reading", "ir_led_intensity")
        parts = [] if interval_s is None else [self.tr("every {s:g} s").format(s=interval_s)]
        parts += [] if light is None else [self.tr("IR LED {percent:g} %").format(percent=light)]
        self._light.setText(" · ".join(parts))

    @property
    def rows(self) -> dict[str, ValueRow]:
        """The rows shown, by series."""
        return dict(self._rows)

    def _add_row(self, curve: Curve) -> None:
        interval_s = _number(self._unit, "od_reading", "interval") or 5.0
        row = ValueRow(self._unit, curve, max(15.0, 3 * interval_s), named=True)
        self._rows[curve.trace.series] = row
        self.body.insertWidget(self.body.count() - 2, row)


class StirringCard(Card):
    """Speed of the stir bar, with target and duty."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        super().__init__(self.tr("Stirring"), "stirring", unit, session)
        self.row = ValueRow(unit, curves["measured_rpm"], 60.0, named=False)
        self._target = QLabel()
        theme.set_role(self._target, "caption")
        self._target.setFont(theme.value_font(11))
        self.body.addWidget(self.row)
        self.body.addWidget(self._target)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest speed, the target and the duty."""
        self.row.refresh()
        target, duty = _number(self._unit, "stirring", "target_rpm"), _number(self._unit, "stirring", "duty_cycle")
        parts = [] if target is None else [self.tr("target {rpm:.0f} RPM").format(rpm=target)]
        parts += [] if duty is None else [self.tr("duty {percent:.1f} %").format(percent=duty)]
        self._target.setText(" · ".join(parts) or self.tr("not stirring"))

    @property
    def target_text(self) -> str:
        """The line below the value."""
        return self._target.text()


class TemperatureCard(Card):
    """Temperature of the vial where a job infers it, and of the heater board below it."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        super().__init__(self.tr("Temperature"), None, unit, session)
        self.vial = ValueRow(unit, curves["temperature"], 600.0, named=True)
        self.heater_board = ValueRow(unit, curves[HEATER_BOARD], 30.0, named=True)
        self.body.addWidget(self.vial)
        self.body.addWidget(self.heater_board)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest temperatures; the vial's only when something infers it."""
        self.vial.setVisible(bool(len(self.vial.curve.buffer)))
        self.vial.refresh()
        self.heater_board.refresh()
        celsius = self._unit.board.get("heater_celsius")
        if not len(self.heater_board.curve.buffer) and isinstance(celsius, int | float):
            # Recorded only within an experiment; the board's own report tells it always.
            self.heater_board.value.show_value(float(celsius), self._unit.utc_s())


def _number(unit: Unit, job: str, setting: str) -> float | None:
    value: Any = unit.settings.get(job, {}).get(setting)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
