"""The signals alarms watch: what they are called, what their limits are when nobody has set others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.config import ConfigError
from core.reactor_models import ReactorModel, ReactorModels

# Few cultures of this volume live above it, and most are harmed within minutes.
_HOTTEST_CULTURE_CELSIUS = 40.0
# Dosing warns at this share of the fill at which it stops.
_NEARLY_FULL = 0.95
_STALLED_PER_H = 0.01


@dataclass(frozen=True)
class Limit:
    """When a signal raises an alarm.

    Attributes:
        low, high: in the signal's unit; None for no limit on that side.
        severity: "note", "warning" or "alarm".
        delay_s: how long it must hold: a single reading beyond a limit raises nothing.
        enabled: whether it is watched at all.
    """

    low: float | None
    high: float | None
    severity: str
    delay_s: float
    enabled: bool = True


@dataclass(frozen=True)
class WatchedSignal:
    """A signal.

    Attributes:
        key: its name in the API.
        label: what a person calls it.
        unit: of its values and limits.
        meaning: one sentence: what is watched.
        default: returns its limit for a reactor model.
        series: the time series it is taken from.
        job: the job that measures it; while that does not run there is nothing to watch. Empty for none.
        has_limits: whether it has a low and a high limit; otherwise only how long something lasts counts.
        hysteresis: how far a value must come back inside its limit for the condition to be over, in the unit.
        is_deviation: whether values are distances from a target.
        when_low, when_high: what to do then.
    """

    key: str
    label: str
    unit: str
    meaning: str
    default: Callable[[ReactorModel], Limit]
    series: tuple[str, ...] = ()
    job: str = ""
    has_limits: bool = True
    hysteresis: float = 0.0
    is_deviation: bool = False
    when_low: str = ""
    when_high: str = ""


SIGNALS: tuple[WatchedSignal, ...] = (
    WatchedSignal(
        "temperature",
        "Culture temperature",
        "°C",
        "The culture's temperature, as inferred every few minutes.",
        lambda model: Limit(None, _HOTTEST_CULTURE_CELSIUS, "alarm", 60.0),
        ("temperature",),
        "temperature_automation",
        hysteresis=0.5,
        when_low="Look whether the heater board is connected, and the room not too cold.",
        when_high="Look at target and room temperature; pause the temperature job to switch the heater off.",
    ),
    WatchedSignal(
        "heater_board",
        "Heater board temperature",
        "°C",
        "The heater board's own thermometer, once a second.",
        lambda model: Limit(None, model.max_temp_to_reduce_heating, "warning", 10.0),
        hysteresis=2.0,
        when_low="Look whether the thermometer's cable is firm.",
        when_high="See that the vial sits in its holder and takes the heat up; lower the target.",
    ),
    WatchedSignal(
        "optical_density",
        "Optical density",
        "OD",
        "Every optical density that is read, calibrated or not.",
        lambda model: Limit(None, None, "warning", 60.0, enabled=False),
        ("od1", "od2", "od3", "od4", "od_fused"),
        "od_reading",
        hysteresis=0.01,
        when_low="Look whether the culture washes out or has settled.",
        when_high="Dilute the culture, or stop its growth.",
    ),
    WatchedSignal(
        "growth_rate",
        "Growth rate",
        "h⁻¹",
        "The estimated growth rate; a low limit tells of a culture that has stalled.",
        lambda model: Limit(_STALLED_PER_H, None, "warning", 1800.0, enabled=False),
        ("growth_rate",),
        "growth_rate_calculating",
        hysteresis=0.005,
        when_low="Look at temperature, medium and stirring.",
        when_high="Look whether optical density is read well: bubbles or a light leak look like growth.",
    ),
    WatchedSignal(
        "stirring",
        "Stirring speed",
        "RPM",
        "The distance of the measured from the target speed, while stirring runs.",
        lambda model: Limit(-100.0, 100.0, "warning", 60.0),
        ("measured_rpm",),
        "stirring",
        hysteresis=20.0,
        is_deviation=True,
        when_low="Look whether the stir bar turns and the fan's cable is firm; calibrate stirring.",
        when_high="Calibrate stirring, or lower its first duty.",
    ),
    WatchedSignal(
        "volume",
        "Volume",
        "mL",
        "What is in the vial, by the count of what was pumped.",
        lambda model: Limit(None, round(_NEARLY_FULL * model.reactor_max_fill_volume_ml, 3), "warning", 0.0),
        ("current_volume_ml",),
        hysteresis=0.1,
        when_low="Look at the medium bottle, and correct the volume if the count is wrong.",
        when_high="Look whether the waste tube is free, and correct the volume if the count is wrong.",
    ),
    WatchedSignal(
        "link",
        "Link to the board",
        "",
        "The board cannot be reached while jobs need it.",
        lambda model: Limit(None, None, "alarm", 10.0),
        has_limits=False,
    ),
    WatchedSignal(
        "readings",
        "Readings",
        "",
        "A job that measures has given nothing for so long, and for three times its usual interval.",
        lambda model: Limit(None, None, "warning", 60.0),
        has_limits=False,
    ),
)
SIGNALS_BY_KEY = {signal.key: signal for signal in SIGNALS}


def default_limit(signal: WatchedSignal, models: ReactorModels) -> Limit:
    """Return a signal's limit when nobody has set another; that of no model is off when the model is not known."""
    try:
        return signal.default(models.current)
    except ConfigError:
        return Limit(None, None, "warning", 60.0, enabled=False)
