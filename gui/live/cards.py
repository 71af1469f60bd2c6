"""The cards of what is measured: optical density, growth rate, temperature, stirring."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QLabel

from gui import theme
from gui.live.card import Card
from gui.live.curve import Curve
from gui.live.session import Session
from gui.live.trace import HEATER_BOARD, OPTICAL_DENSITY
from gui.live.value_row import ValueRow, caption, figures, if_known, number_of
from gui.unit import Unit
from gui.words import rule_title

_LONG_H = 48.0


class OpticalDensityCard(Card):
    """Optical density of every photodiode, now."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        self._curves = [curve for curve in curves.values() if curve.trace.pane == OPTICAL_DENSITY]
        self._rows: dict[str, ValueRow] = {}
        signals = ("optical_density", "readings")
        super().__init__(self.tr("Optical density"), "od_reading", unit, session, signals=signals)
        self._empty = QLabel(self.tr("No reading yet"))
        theme.set_role(self._empty, "quiet")
        self._empty.setMinimumHeight(44)
        self.body.addWidget(self._empty)
        self._light = caption()
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
        interval_s = number_of(self._unit, "od_reading", "interval")
        light = number_of(self._unit, "od_reading", "ir_led_intensity")
        parts = [] if interval_s is None else [self.tr("every {s:g} s").format(s=interval_s)]
        parts += [] if light is None else [self.tr("IR LED {percent:g} %").format(percent=light)]
        self._light.setText(" · ".join(parts))
        self._light.setVisible(bool(parts))

    @property
    def rows(self) -> dict[str, ValueRow]:
        """The rows shown, by series."""
        return dict(self._rows)

    def _add_row(self, curve: Curve) -> None:
        interval_s = number_of(self._unit, "od_reading", "interval") or 5.0
        row = ValueRow(self._unit, curve, max(15.0, 3 * interval_s), named=True)
        self._rows[curve.trace.series] = row
        self.body.insertWidget(self.body.count() - 2, row)


class GrowthRateCard(Card):
    """Growth rate, and the time in which the culture doubles at that rate."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        super().__init__(self.tr("Growth rate"), "growth_rate_calculating", unit, session, signals=("growth_rate",))
        self.row = ValueRow(unit, curves["growth_rate"], 60.0, named=False)
        self._doubling = caption()
        self.body.addWidget(self.row)
        self.body.addWidget(self._doubling)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest rate and the doubling time, or why there is none."""
        self.row.refresh()
        self._doubling.setText(if_known(self._unit, self._doubling_words()))

    @property
    def doubling_text(self) -> str:
        """The line below the value."""
        return self._doubling.text()

    def _doubling_words(self) -> str:
        latest = self.row.curve.buffer.latest()
        if latest is not None:
            if latest[1] > 0:
                return self.tr("doubles in {}").format(_hours(math.log(2) / latest[1]))
            return self.tr("doubling time –: the culture does not grow")
        if not self._unit.is_running("growth_rate_calculating"):
            return self.tr("doubling time –: not estimated")
        if not self._unit.is_running("od_reading"):
            return self.tr("doubling time –: optical density is not measured")
        return self.tr("doubling time –: the first readings are collected")


class TemperatureCard(Card):
    """Temperature of the vial where a job infers it, else of the heater board below it; target and heater."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        signals = ("temperature", "heater_board", "heater")
        super().__init__(self.tr("Temperature"), "temperature_automation", unit, session, by_form=True, signals=signals)
        self.vial = ValueRow(unit, curves["temperature"], 300.0, named=True)
        self.heater_board = ValueRow(unit, curves[HEATER_BOARD], 30.0, named=True)
        self._target = caption()
        for part in (self.vial, self.heater_board, self._target):
            self.body.addWidget(part)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest temperatures; the heater board's alone only while nothing infers the vial's."""
        self.vial.setVisible(not self.vial.is_empty)
        self.heater_board.setVisible(self.vial.is_empty)
        self.vial.refresh()
        self.heater_board.refresh()
        celsius = self._unit.board.get("heater_celsius")
        if self.heater_board.is_empty and isinstance(celsius, int | float):
            # Recorded only within an experiment; the board's own report tells it always.
            self.heater_board.value.show_value(float(celsius), self._unit.utc_s())
        words = " · ".join(self._parts()) or self.tr("not held at a temperature")
        self._target.setText(if_known(self._unit, words))

    @property
    def target_text(self) -> str:
        """The line below the values."""
        return self._target.text()

    def _parts(self) -> list[str]:
        job = "temperature_automation"
        target, duty = number_of(self._unit, job, "target_temperature"), number_of(self._unit, job, "heater_duty_cycle")
        parts = [] if target is None else [self.tr("target {celsius:g} °C").format(celsius=target)]
        if target is None and self._unit.is_running(job):
            parts.append(rule_title(str(self._unit.settings.get(job, {}).get("automation_name") or "")))
        parts += [] if duty is None else [self.tr("heater {percent:g} %").format(percent=duty)]
        latest = self.heater_board.curve.buffer.latest()
        if not self.vial.is_empty and latest is not None:
            parts.append(self.tr("heater board {} °C").format(figures(latest[1], 1)))
        return parts


class StirringCard(Card):
    """Speed of the stir bar, with target and duty."""

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session) -> None:
        super().__init__(self.tr("Stirring"), "stirring", unit, session)
        self.row = ValueRow(unit, curves["measured_rpm"], 60.0, named=False)
        self._target = caption()
        self.body.addWidget(self.row)
        self.body.addWidget(self._target)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest speed, the target and the duty."""
        self.row.refresh()
        target, duty = number_of(self._unit, "stirring", "target_rpm"), number_of(self._unit, "stirring", "duty_cycle")
        parts = [] if target is None else [self.tr("target {rpm:.0f} RPM").format(rpm=target)]
        parts += [] if duty is None else [self.tr("duty {percent:.1f} %").format(percent=duty)]
        self._target.setText(if_known(self._unit, " · ".join(parts) or self.tr("not stirring")))

    @property
    def target_text(self) -> str:
        """The line below the value."""
        return self._target.text()


def _hours(hours: float) -> str:
    """Say a length of time as growth is told: "47 min", "3 h 05 min", "2.4 days"."""
    if hours >= _LONG_H:
        return f"{hours / 24:.1f} days" if hours < 240 else f"{hours / 24:.0f} days"
    minutes = max(1, round(hours * 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
