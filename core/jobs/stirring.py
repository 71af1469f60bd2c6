"""Stirring: keeps the magnetic bar turning at a set speed, or the motor at a set duty.

The hall sensor gives one pulse per turn; every `duration_between_updates_seconds` the duty is corrected by a PID of the
speed's error. A bar that stands still is kicked loose; a culture that settles cannot be measured.
"""

from __future__ import annotations

import asyncio
from typing import Any

from core.jobs.duty_estimate import DutyEstimate
from core.plugins.api import (
    DODGING_OPTION,
    DODGING_SETTINGS,
    BadRequestError,
    Config,
    CurveError,
    DodgingJob,
    Group,
    JobDeclaration,
    JobState,
    OdRhythm,
    Option,
    Pid,
    Setting,
    StartPlace,
    StopOrder,
    pwm_channel,
    pwm_output,
    timestamp,
)

_SECTION = "stirring.config"
_MAX_TARGET_RPM = 5000.0
_FIRST_POLL_S = 6.0
_START_KICK_S = 0.5
_KICK_S = 0.35
_STALL_REST_S = 0.75
_STALL_KICK_S = 0.75
_MAX_CORRECTION = 7.5
_PULSES_PER_POLL = 10
_SHORTEST_WINDOW_S, _LONGEST_WINDOW_S = 1.0, 5.0
_MEASURE_ONLY_WINDOW_S = 4.0
# A motor needs about this long to come to its speed after a kick.
_SPIN_UP_S = 0.6
_KICK_SETTLED_S = 2.0
_NEAR_OD_READING_S = 2.0
_SHORT_OD_INTERVAL_S = 1 / 0.12
_DODGE_REST_S = 0.15
_BLINK_STALL = 4

_RPM = "RPM"


def _target(label: str) -> Setting:
    return Setting("float", settable=True, unit=_RPM, minimum=0, maximum=_MAX_TARGET_RPM, clamps=True, label=label)


class Stirring(DodgingJob):
    """The stirring job; owns the PWM channel that the configuration gives to `stirring`."""

    declaration = JobDeclaration(
        job_name="stirring",
        label="Stirring",
        help="Keep the stir bar at a set speed.",
        group=Group.STIR_AND_HEAT,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("target_rpm", "float range", help="speed to hold", minimum=0, maximum=1500, unit=_RPM,
                   label="Target speed", first=True),
            Option("duty_cycle", "float range", help="duty to start with", minimum=0, maximum=100, unit="%",
                   label="First duty", first=True),
            Option("use_rpm", "boolean", help="hold the speed by measuring it", label="Hold the speed"),
            Option("target_rpm_during_od_reading", "float", help="while it makes way for a reading", unit=_RPM,
                   label="Speed during OD readings"),
            Option("target_rpm_outside_od_reading", "float", help="where it makes way for readings", unit=_RPM,
                   label="Speed between OD readings"),
            DODGING_OPTION,
            Option("measure_rpm_only", "boolean", help="measure the speed and leave the duty alone", default=False,
                   label="Only measure the speed"),
        ),
        settings={
            "target_rpm": _target("Target speed"),
            "measured_rpm": Setting("MeasuredRPM", unit=_RPM, label="Measured speed"),
            "duty_cycle": Setting("float", settable=True, unit="%", minimum=0, maximum=100, label="Duty"),
            **DODGING_SETTINGS,
            "target_rpm_during_od_reading": _target("Speed during OD readings"),
            "target_rpm_outside_od_reading": _target("Speed between OD readings"),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channel = pwm_channel(config, "stirring")
        self._frequency_hz = config.number(_SECTION, "pwm_hz")
        self._measures_only = bool(self.options["measure_rpm_only"])
        use_rpm = self.options["use_rpm"]
        self._measures = self._measures_only or (config.boolean(_SECTION, "use_rpm") if use_rpm is None else use_rpm)
        self._controls = self._measures and not self._measures_only
        self._interval_s = config.number(_SECTION, "duration_between_updates_seconds")
        kp, ki, kd = (config.number("stirring.pid", key) for key in ("Kp", "Ki", "Kd"))
        self._pid = Pid(kp, ki, kd, -_MAX_CORRECTION, _MAX_CORRECTION)
        self._target_rpm = self._first("target_rpm", "initial_target_rpm") if self._controls else None
        self._continuous_rpm = self._target_rpm
        self._estimate = DutyEstimate(self._first("duty_cycle", "initial_duty_cycle"), self._calibrated_duty)
        self._duty = 0.0
        self._kicked_s = 0.0
        self._updated_s = 0.0
        self._motor = asyncio.Lock()

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The motor's PWM channel."""
        return (pwm_output(pwm_channel(config, "stirring")),)

    def check_start(self, place: StartPlace) -> None:
        """Refuse an active calibration that is none of speed."""
        super().check_start(place)
        calibration = place.parts.calibrations.active("stirring")
        if calibration is not None and calibration.y != _RPM:
            raise BadRequestError(
                f"The active stirring calibration {calibration.name} gives {calibration.y}, not {_RPM}.",
                remedy="Make another calibration the active one, or none.",
            )

    async def set_up(self) -> None:
        """Kick the motor loose, let it turn at the first duty, and begin to measure."""
        await super().set_up()
        if self._target_rpm:
            self._estimate.begin_at(self._target_rpm)
        self.publish("target_rpm", self._target_rpm)
        for name in ("target_rpm_during_od_reading", "target_rpm_outside_od_reading"):
            self.publish(name, min(max(self._first(name, name), 0.0), _MAX_TARGET_RPM))
        self._updated_s = self.clock.monotonic_s()
        await self._start_motor(_START_KICK_S)
        if self._measures:
            self.every(self._interval_s, self._poll_by_timer, first_after_s=_FIRST_POLL_S)
        else:
            self.spawn(self._keep_turning())

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse a target speed when nothing holds it."""
        super().check_settings(values)
        if "target_rpm" in values and not self._controls:
            raise BadRequestError(
                "There is no speed to hold: the motor runs at a set duty.",
                remedy="Set duty_cycle, or start stirring with use_rpm.",
                fields=["target_rpm"],
            )

    async def set_target_rpm(self, rpm: float) -> None:
        """Aim at `rpm` from now on; a sleeping motor stays at rest. While dodging it is the speed between readings."""
        self._continuous_rpm = rpm
        if self.is_dodging:
            self.publish("target_rpm", rpm)
            self.publish("target_rpm_outside_od_reading", rpm)
        else:
            await self._aim_at(rpm)

    async def _aim_at(self, rpm: float) -> None:
        self._target_rpm = rpm
        self._estimate.aim_at(rpm)
        self.publish("target_rpm", rpm)
        if not self._can_move:
            return
        async with self._motor:
            if rpm == 0:
                await self._drive(0.0)
            elif self._duty == 0:
                await self._kick(_KICK_S)
            elif self._duty != round(self._estimate.percent, 5):
                await self._drive(self._estimate.percent)

    async def set_duty_cycle(self, duty_percent: float) -> None:
        """Drive the motor at `duty_percent`; where the speed is held, corrections go on from there."""
        self._estimate.percent = duty_percent
        if not self._can_move:
            self.publish("duty_cycle", duty_percent)
            return
        async with self._motor:
            if self._duty == 0 and duty_percent > 0:
                await self._kick(_KICK_S)
            else:
                await self._drive(duty_percent)

    async def on_ready_to_sleeping(self) -> None:
        """Stop the motor."""
        async with self._motor:
            await self._drive(0.0)
        self._publish_rpm(0.0, self.clock.utc_s())

    async def on_sleeping_to_ready(self) -> None:
        """Start the motor again."""
        await self._start_motor(_START_KICK_S)

    async def on_disconnected(self) -> None:
        """Stop the motor."""
        await self._drive(0.0)

    async def on_link_lost(self) -> None:
        """Show no speed while none is measured."""
        self.publish("measured_rpm", None)

    async def on_link_back(self) -> None:
        """Kick the motor, which the board may have stopped meanwhile, and go on; or let it rest, if it was to."""
        self._duty = 0.0
        if self.state is JobState.READY and not self.is_dodging:
            await self._start_motor(_START_KICK_S)
        else:
            async with self._motor:
                await self._drive(0.0)

    async def begin_dodging(self, rhythm: OdRhythm) -> None:
        """Stop the motor; it turns between readings from now on."""
        if rhythm.interval_s < _SHORT_OD_INTERVAL_S:
            self.log.warning(
                "OD is read every %g s; with less than %.2f s there is little time to stir between readings.",
                rhythm.interval_s,
                _SHORT_OD_INTERVAL_S,
            )
        if self._controls and self.context.parts.calibrations.active("stirring") is None:
            self.log.warning("There is no stirring calibration: the speed between readings is found by trial.")
        await self.before_reading()

    async def end_dodging(self) -> None:
        """Hold the speed that was held before dodging."""
        if self._continuous_rpm is not None:
            await self._aim_at(self._continuous_rpm)
        elif self._duty == 0:
            await self._start_motor(_KICK_S)

    async def before_reading(self) -> None:
        """Come to the speed wanted during readings."""
        await self._turn_at(self.settings["target_rpm_during_od_reading"])
        await self.sleep(_DODGE_REST_S)

    async def after_reading(self, free_s: float) -> None:
        """Turn at the speed wanted between readings, and correct it as often as there is time, at most twice."""
        end = self.clock.monotonic_s() + free_s
        await self._turn_at(self.settings["target_rpm_outside_od_reading"])
        await self.sleep(_DODGE_REST_S)
        for _ in range(2 if self._measures else 0):
            wait_s = _SPIN_UP_S + _SHORTEST_WINDOW_S
            if end - self.clock.monotonic_s() > wait_s:
                await self.sleep(wait_s)
                await self._poll(_SHORTEST_WINDOW_S)

    async def wait_until_rpm_is_close(self, tolerance_rpm: float = 20.0, timeout_s: float = 60.0) -> bool:
        """Wait until the speed is within `tolerance_rpm` of the target, correcting meanwhile.

        Returns False when that takes longer than `timeout_s`, and at once when the speed is not held or the job dodges.
        """
        if not self._controls or self.is_dodging:
            return False
        end = self.clock.monotonic_s() + timeout_s
        await self.sleep(2.0)
        while self.clock.monotonic_s() < end:
            rpm = await self._poll(self._window_s())
            if abs(rpm - (self._target_rpm or 0.0)) <= tolerance_rpm:
                return True
            await self.sleep(1.5)
        return False

    def _calibrated_duty(self, rpm: float) -> float | None:
        """Return the duty that gives `rpm` by the active calibration; None where nothing is known of it."""
        calibration = self.context.parts.calibrations.active("stirring")
        if calibration is None or not self._controls:
            return None
        try:
            return calibration.solve(rpm, within_domain=False)
        except CurveError as error:
            self.log.warning("%s The duty is found by trial.", error)
            return None

    @property
    def _can_move(self) -> bool:
        """Whether the motor obeys now; otherwise what is set takes effect on waking, or when the link is back."""
        return self.state is JobState.READY and self.context.board_link.is_usable

    def _first(self, option: str, key: str) -> float:
        given = self.options[option]
        return float(given) if given is not None else self.config.number(_SECTION, key)

    def _window_s(self) -> float:
        if self._measures_only:
            return _MEASURE_ONLY_WINDOW_S
        if not self._target_rpm:
            return _SHORTEST_WINDOW_S
        ten_pulses_s = _PULSES_PER_POLL * 60 / self._target_rpm
        return min(max(ten_pulses_s, _SHORTEST_WINDOW_S), _LONGEST_WINDOW_S)

    async def _keep_turning(self) -> None:
        """Nothing is measured: only keep the motor's lease."""
        while True:
            await self.sleep(self._interval_s)

    async def _poll_by_timer(self) -> None:
        if self.is_dodging:
            return
        since_kick_s = self.clock.monotonic_s() - self._kicked_s
        await self.sleep(max(0.0, _KICK_SETTLED_S - since_kick_s))
        await self._poll(self._window_s())

    async def _poll(self, window_s: float) -> float:
        """Measure the speed, and act on it where it is held; return it in rpm."""
        tachometer = await self.board.read_tachometer(window_s)
        rpm = round(tachometer.rpm, 1)
        if self.state is not JobState.READY:
            return 0.0
        self._publish_rpm(rpm, tachometer.utc_s)
        self.record("stirring_duty_cycle", self._duty, tachometer.utc_s)
        if self._controls and self._target_rpm and self._duty > 0:
            await (self._recover() if rpm == 0 else self._correct(rpm))
        return rpm

    def _publish_rpm(self, rpm: float, utc_s: float) -> None:
        self.publish("measured_rpm", {"measured_rpm": rpm, "timestamp": timestamp(utc_s)})
        self.record("measured_rpm", rpm, utc_s)

    async def _correct(self, rpm: float) -> None:
        now = self.clock.monotonic_s()
        # Time at rest, asleep or without a link, is no time of error.
        turning_s = now - max(self._updated_s, self._kicked_s)
        correction = self._pid.update(self._target_rpm or 0.0, rpm, turning_s)
        self.trace_pid("rpm", self._pid)
        self._updated_s = now
        self._estimate.correct(correction)
        async with self._motor:
            if self._duty > 0:
                await self._drive(self._estimate.percent)

    async def _recover(self) -> None:
        self.log.warning("The stir bar stands still at %.1f %% duty; kicking it loose.", self._duty)
        await self.board.blink_error(_BLINK_STALL)
        rhythm = self.od_rhythm()
        if rhythm is not None and not self.is_dodging:
            until_next_s = rhythm.until_next_s(self.clock.utc_s())
            if until_next_s <= _NEAR_OD_READING_S:
                await self.sleep(until_next_s + _NEAR_OD_READING_S)
        self._estimate.after_stall()
        async with self._motor:
            await self._drive(0.0)
            await self.sleep(_STALL_REST_S)
            await self._kick(_STALL_KICK_S)

    async def _turn_at(self, rpm: float) -> None:
        """Aim at a speed of the dodging rhythm; without a held speed it only tells the motor to turn or not."""
        if self._controls:
            await self._aim_at(rpm)
            return
        async with self._motor:
            if rpm == 0:
                await self._drive(0.0)
            elif self._duty == 0:
                await self._kick(_KICK_S)

    async def _start_motor(self, kick_s: float) -> None:
        async with self._motor:
            if self._target_rpm == 0:
                await self._drive(0.0)
            else:
                await self._kick(kick_s)

    async def _kick(self, seconds: float) -> None:
        """Full duty for a moment, then the present estimate: friction at rest is higher than when turning."""
        try:
            await self._drive(100.0 if self._estimate.percent > 0 else 0.0)
            await self.sleep(seconds)
        except BaseException:
            if not self.is_ending:  # cut off: nobody else would take the full duty back
                await self._drive(self._estimate.percent)
            raise
        await self._drive(self._estimate.percent)
        self._kicked_s = self.clock.monotonic_s()

    async def _drive(self, duty_percent: float) -> None:
        duty_percent = round(duty_percent, 5)
        self._duty = duty_percent
        await self.context.outputs.set_pwm(self._channel, duty_percent, self._frequency_hz)
        if self.settings.get("duty_cycle") != duty_percent:
            self.publish("duty_cycle", duty_percent)
