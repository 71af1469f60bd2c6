"""The board's reports in the words of `device.board`: bits become names, numbers of channels become channels."""

from __future__ import annotations

import math

from device.board import (
    BoardDictionary,
    BoardEvent,
    BoardStatus,
    ButtonMoved,
    FaultRaised,
    OutputWentOff,
    PumpRun,
    StatusReported,
)
from device.board_clock import BoardClock
from device.bursts import Fields
from device.dictionary import led_names
from device.firmware import messages

_FAULTS = {
    messages.FAULT_HEATER_CUTOFF: "heater cut-off",
    messages.FAULT_THERMOMETER_MISSING: "thermometer missing",
    messages.FAULT_PHOTODIODE_SATURATED: "photodiode saturated",
    messages.FAULT_LOW_SUPPLY: "low supply",
}
_REASONS = {
    messages.BECAUSE_DONE: "done",
    messages.BECAUSE_TOLD: "told to stop",
    messages.BECAUSE_LEASE_EXPIRED: "lease expired",
    messages.BECAUSE_CUTOFF: "cut-off",
    messages.BECAUSE_SENSOR: "sensor",
}
_LED_FIELDS = {name: f"led_{number}_percent" for number, name in enumerate(led_names(), 1)}
_PWM_FIELDS = {channel: f"pwm_{channel}_percent" for channel in range(1, messages.PWM_CHANNELS + 1)}


def fault_names(bits: int) -> tuple[str, ...]:
    """Return the names of the faults in `bits`; an unknown bit is named by its value."""
    if not bits:
        return ()
    named = [name for bit, name in _FAULTS.items() if bits & bit]
    unknown = bits & ~sum(_FAULTS)
    return (*named, f"fault {unknown}") if unknown else tuple(named)


def reason_name(reason: int) -> str:
    """Return why an output went off, in words."""
    return _REASONS.get(reason, f"reason {reason}")


def read_status(fields: Fields, dictionary: BoardDictionary, clock: BoardClock) -> BoardStatus:
    """Return the periodic report of a STATUS message."""
    board_us = int(fields["board_us"])
    return BoardStatus(
        utc_s=clock.utc_s(board_us),
        board_us=board_us,
        heater_celsius=_measured(fields["celsius"]),
        supply_v=_measured(fields["supply_volts"]),
        faults=fault_names(int(fields["faults"])),
        leases_expired=int(fields["leases_expired"]),
        hall_edges=int(fields["hall_edges"]),
        led_percent={each: fields[field] for each, field in _LED_FIELDS.items() if each in dictionary.led_channels},
        pwm_percent={each: fields[field] for each, field in _PWM_FIELDS.items() if each in dictionary.pwm_channels},
    )


def _measured(value: float) -> float | None:
    """Return what was measured; None for what is no number, or endless, because nothing was."""
    return float(value) if math.isfinite(value) else None


def read_pump_run(fields: Fields, clock: BoardClock) -> PumpRun:
    """Return the run of a PUMP_DONE message."""
    return PumpRun(
        run_id=int(fields["run_id"]),
        channel=int(fields["channel"]),
        utc_s=clock.utc_s(int(fields["start_us"])),
        ran_s=int(fields["ran_us"]) * 1e-6,
        reason=reason_name(int(fields["reason"])),
    )


def read_event(identity: int, fields: Fields, dictionary: BoardDictionary, clock: BoardClock) -> BoardEvent | None:
    """Return what a listener is told of a telemetry message; None for those that answer a command."""
    if identity == messages.STATUS:
        return StatusReported(read_status(fields, dictionary, clock))
    if identity == messages.OUTPUT_OFF:
        number = int(fields["channel"])
        output = f"PWM {number}" if fields["is_pwm"] else f"LED {led_names()[number - 1]}"
        return OutputWentOff(clock.utc_s(int(fields["board_us"])), output, reason_name(int(fields["reason"])))
    if identity == messages.FAULT_RAISED:
        return FaultRaised(clock.utc_s(int(fields["board_us"])), fault_names(int(fields["faults"])))
    if identity == messages.BUTTON:
        return ButtonMoved(clock.utc_s(int(fields["board_us"])), bool(fields["pressed"]))
    return None
