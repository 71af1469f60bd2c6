"""What the dosing rules decide by: the latest values other jobs publish, no older than five minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.plugins.api import Config, ConfigError, Job, UnavailableError, UnitParts, utc_seconds

_VALID_S = 300.0
_FIRST_WAIT_S, _LOOK_EVERY_S = 10.0, 0.5
AUTO, NORMALIZED_OD, OD, OD_FUSED = "auto", "normalized_od", "od", "od_fused"
SIGNAL_WORDS = {
    AUTO: "The best there is",
    NORMALIZED_OD: "Relative density, filtered",
    OD: "Optical density",
    OD_FUSED: "Fused optical density",
}
BIOMASS_SIGNALS = tuple(SIGNAL_WORDS)
_PHOTODIODES, _REFERENCE = "od_config.photodiode_channel", "REF"


@dataclass(frozen=True)
class Signal:
    """A published setting of another job, and which number of it is meant."""

    job_name: str
    setting: str
    path: tuple[str, ...]

    def number(self, value: Any) -> float | None:
        """Return the number in a published value, None when it is not there."""
        for key in self.path:
            value = value.get(key) if isinstance(value, dict) else None
        return float(value) if isinstance(value, int | float) else None


GROWTH_RATE = Signal("growth_rate_calculating", "growth_rate", ("growth_rate",))
RELATIVE_OD = Signal("growth_rate_calculating", "od_filtered", ("od_filtered",))
_FUSED = Signal("od_reading", "od_fused", ("od_fused",))


def signal_channel(config: Config) -> str:
    """Return the lowest photodiode channel that measures the culture; raise ConfigError when there is none."""
    channels = [channel for channel, role in config.section(_PHOTODIODES).items() if role not in ("", _REFERENCE)]
    if not channels:
        raise ConfigError(
            "No photodiode measures the culture.",
            remedy=f"Give one an angle in section [{_PHOTODIODES}] of unit_config.ini.",
        )
    return min(channels)


def biomass_signal(name: str, config: Config) -> Signal:
    """Return the signal that `normalized_od`, `od` or `od_fused` stands for."""
    if name == NORMALIZED_OD:
        return RELATIVE_OD
    return _FUSED if name == OD_FUSED else Signal("od_reading", "ods", ("ods", signal_channel(config), "od"))


def resolve_biomass_signal(name: str, config: Config, parts: UnitParts) -> str:
    """Return what `auto` stands for here: the best signal there is a calibration for; other names as they are."""
    if name != AUTO:
        return name
    if parts.estimators.active("od_fused") is not None:
        return OD_FUSED
    angle = config.section(_PHOTODIODES)[signal_channel(config)]
    return OD if parts.calibrations.active(f"od{angle}") is not None else NORMALIZED_OD


async def latest(job: Job, signal: Signal) -> float:
    """Return the latest number of a signal; waits a little for a first one.

    Raises:
        UnavailableError: there is none, or it is too old: a job that has to run does not.
    """
    end_s = job.clock.monotonic_s() + _FIRST_WAIT_S
    while True:
        value = (job.context.settings_of(signal.job_name) or {}).get(signal.setting)
        number = signal.number(value)
        if value is not None and number is not None:
            age_s = job.clock.utc_s() - utc_seconds(value["timestamp"])
            if age_s > _VALID_S:
                raise _job_required(signal, f"its latest value is {age_s / 60:.0f} min old")
            if age_s < -_VALID_S:  # it would be taken for fresh until then
                raise _job_required(signal, "its latest value is of later than now, because the clock was set back")
            return number
        if job.clock.monotonic_s() >= end_s:
            raise _job_required(signal, "it has not published one")
        await job.sleep(_LOOK_EVERY_S)


def _job_required(signal: Signal, why: str) -> UnavailableError:
    return UnavailableError(
        f"{signal.job_name} is required: there is no valid {signal.setting}.",
        cause=f"{signal.job_name}: {why}.",
        remedy=f"Start {signal.job_name}, or see in the log why it gives no values.",
    )
