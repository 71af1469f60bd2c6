"""The simulated reactor: everything physical behind the board's pins, advanced only when somebody looks or acts.

All randomness comes from one seed, with a generator of its own for each part, so that what one part draws never depends
on how often another is asked. Same seed, same actions at the same times: same readings, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from device.simulator.culture import Culture, Strain
from device.simulator.heat import Heat
from device.simulator.liquid import Pump, Vial
from device.simulator.optics import Floats, Optics, Scene
from device.simulator.stirrer import Stirrer

STIRRER, MEDIA, ALT_MEDIA, WASTE, HEATER = 1, 2, 3, 4, 5
INFRARED = 1
_LIGHT_UNIT_PERCENT = 80.0
_CALM_STEP_US = 10_000_000
_PUMPING_STEP_US = 500_000
_CALM_US = 1_500_000
_DAY_S = 86_400.0
_STIRRED_RPM = 100.0


@dataclass(frozen=True)
class Setup:
    """What is in the vial and around it at the start; temperatures in °C, volumes in ml."""

    seed: int = 1
    strain: Strain = field(default_factory=Strain)
    inoculum_od: float = 0.05
    room_celsius: float = 26.5
    volume_ml: float = 14.0
    efflux_ml: float = 14.0
    capacity_ml: float = 20.0
    mains_hz: float = 50.0
    supply_v: float = 5.0


class Reactor:
    """The vial, its culture, and what heats, stirs, lights, feeds and watches it.

    Times are microseconds since the simulation began and may only grow.

    Attributes:
        led_dead: the infrared LED gives no light.
        thermometer_missing: the thermometer does not answer.
        thermometer_stuck_celsius: what it shows whatever the temperature, None when it works.
        supply_v: voltage of the rail before its load.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._now_us = 0
        self._heat_us = 0
        self._led_percent = [0.0] * 4
        self._pwm_percent = [0.0] * 5
        self._infrared_since_us = 0
        self._infrared_on_s = 0.0
        self._sampled_us = 0
        self._room_phase = _generator(setup, 6).uniform(0.0, 2.0 * math.pi)
        self.heat = Heat(self._room_celsius(0))
        self.culture = Culture(setup.strain, setup.inoculum_od)
        self.vial = Vial(setup.volume_ml, setup.efflux_ml, setup.capacity_ml)
        self.optics = Optics(_generator(setup, 1), setup.mains_hz)
        self.stirrer = Stirrer(_generator(setup, 2))
        self.pumps = {channel: Pump(_generator(setup, 10 + channel)) for channel in (MEDIA, ALT_MEDIA, WASTE)}
        self._thermometer_rng = _generator(setup, 3)
        self._supply_rng = _generator(setup, 4)
        self.supply_v = setup.supply_v
        self.led_dead = False
        self.thermometer_missing = False
        self.thermometer_stuck_celsius: float | None = None

    def set_led(self, now_us: int, channel: int, percent: float) -> None:
        """Light LED 1 to 4 (A to D)."""
        if percent == self._led_percent[channel - 1]:
            return
        self.advance(now_us)
        if channel == INFRARED:
            if self._led_percent[0] > 0:
                self._infrared_on_s += (now_us - self._infrared_since_us) * 1e-6
            self._infrared_since_us = now_us
        self._led_percent[channel - 1] = percent

    def set_pwm(self, now_us: int, channel: int, percent: float) -> None:
        """Drive PWM output 1 to 5."""
        if percent == self._pwm_percent[channel - 1]:
            return
        self.advance(now_us)
        self._pwm_percent[channel - 1] = percent
        if channel == STIRRER:
            self.drive_stirrer(now_us)
        elif channel in self.pumps:
            self.pumps[channel].set_duty(percent, self.supply_v)

    def drive_stirrer(self, now_us: int) -> None:
        """Let the motor feel its present duty, supply and load."""
        self.stirrer.set_drive(now_us, self._pwm_percent[STIRRER - 1], self.supply_v, self.culture.biomass_od)

    def set_supply(self, now_us: int, volts: float) -> None:
        """Change the rail's voltage; motors and heater feel it."""
        self.advance(now_us)
        self.supply_v = volts
        self.drive_stirrer(now_us)
        for channel, pump in self.pumps.items():
            pump.set_duty(self._pwm_percent[channel - 1], volts)

    def heal(self, now_us: int) -> None:
        """Undo every fault of the reactor's parts."""
        self.advance(now_us)
        self.led_dead = self.thermometer_missing = False
        self.thermometer_stuck_celsius = None
        self.optics.saturated.clear()
        for pump in self.pumps.values():
            pump.blocked = False
        self.stirrer.free(now_us)
        self.set_supply(now_us, self._setup.supply_v)

    def led_percent(self, channel: int) -> float:
        """Return what LED 1 to 4 is driven with."""
        return self._led_percent[channel - 1]

    def pwm_percent(self, channel: int) -> float:
        """Return the duty of PWM output 1 to 5."""
        return self._pwm_percent[channel - 1]

    def read_celsius(self, now_us: int) -> float | None:
        """Return one reading of the heater board's thermometer: 0.03 °C of noise in steps of 0.0625 °C."""
        self._warm(now_us)
        if self.thermometer_missing:
            return None
        if self.thermometer_stuck_celsius is not None:
            return self.thermometer_stuck_celsius
        return round((self.heat.board + 0.03 * self._thermometer_rng.standard_normal()) / 0.0625) * 0.0625

    def read_supply_v(self) -> float:
        """Return one reading of the supply, which sags under load."""
        load = 0.15 * self._pwm_percent[HEATER - 1] + 0.05 * sum(self._pwm_percent[: HEATER - 1])
        return float(self.supply_v - load / 100.0 + 0.005 * self._supply_rng.standard_normal())

    def calm_us(self, cutoff_celsius: float, low_supply_v: float) -> int:
        """Return for how long thermometer and supply surely read within these limits, 0 when that is not known.

        A heater at full power warms its board by less than 3 K in this time, also at 6 V; noise stays within 20 sigma.
        """
        if self.thermometer_missing or self.thermometer_stuck_celsius is not None or self.supply_v > 6.0:
            return 0
        if self.heat.board + 4.0 > cutoff_celsius or self.supply_v - 0.5 < low_supply_v:
            return 0
        return _CALM_US

    def sample(self, start_us: int, end_us: int, full_scale_v: list[float]) -> Floats:
        """Return raw counts of the photodiodes, shape (4, samples), over a window that ends now."""
        self.advance(end_us)
        scene = self.scene(start_us)
        self._sampled_us = end_us
        return self.optics.sample(scene, start_us, end_us - start_us, full_scale_v)

    def scene(self, now_us: int) -> Scene:
        """Return what the photodiodes have to see."""
        ageing = 1.0 - 0.01 * self._infrared_on_s / 3.6e6
        warmth = 1.0 - 0.006 * (self.heat.led - 25.0)
        infrared = 0.0 if self.led_dead else self._led_percent[0] / _LIGHT_UNIT_PERCENT * warmth * ageing
        return Scene(
            infrared=infrared,
            stray=sum(self._led_percent[1:]) / _LIGHT_UNIT_PERCENT,
            suspended_od=self.culture.biomass_od * self.culture.suspended,
            droop_from_s=(now_us - self._infrared_since_us) * 1e-6,
            seconds_since_last=(now_us - self._sampled_us) * 1e-6,
            stirred=self.stirrer.rpm(max(now_us, self._now_us)) > _STIRRED_RPM,
        )

    def advance(self, to_us: int) -> None:
        """Let time pass: in long exact steps while calm, in short ones while liquid flows."""
        if self._now_us >= to_us:
            return
        stirred = self.stirrer.rpm(to_us) > _STIRRED_RPM
        while self._now_us < to_us:
            pumping = any(pump.moving for pump in self.pumps.values())
            end_us = min(to_us, self._now_us + (_PUMPING_STEP_US if pumping else _CALM_STEP_US))
            self._warm(end_us)
            self._step((end_us - self._now_us) * 1e-6, pumping, stirred)
            self._now_us = end_us

    def _warm(self, to_us: int) -> None:
        """Let time pass for temperatures, which are looked at far more often than the culture."""
        if to_us > self._heat_us:
            duty = self._pwm_percent[HEATER - 1] / 100.0
            self.heat.room = self._room_celsius(self._heat_us)
            self.heat.advance((to_us - self._heat_us) * 1e-6, duty, self.supply_v, self.vial.volume_ml)
            self._heat_us = to_us

    def _step(self, dt_s: float, pumping: bool, stirred: bool) -> None:
        if pumping:
            self._pump(dt_s)
        self.culture.add_liquid(self.vial.volume_ml, -self.vial.evaporate(dt_s), 0.0)
        self.culture.grow(dt_s, self.heat.vial, stirred)

    def _pump(self, dt_s: float) -> None:
        media_ml, alt_media_ml, waste_ml = (pump.move(dt_s) for pump in self.pumps.values())
        for added_ml, drug in ((media_ml, 0.0), (alt_media_ml, 1.0)):
            self.culture.add_liquid(self.vial.volume_ml, added_ml, drug)
        self.vial.add(media_ml, alt_media_ml)
        self.vial.remove(waste_ml)

    def _room_celsius(self, now_us: int) -> float:
        """Return the room's temperature, which swings by half a degree over a day."""
        return self._setup.room_celsius + 0.5 * math.sin(2.0 * math.pi * now_us * 1e-6 / _DAY_S + self._room_phase)


def _generator(setup: Setup, part: int) -> np.random.Generator:
    return np.random.default_rng([setup.seed, part])
