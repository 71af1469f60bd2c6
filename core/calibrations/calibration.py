"""What a calibration is: a curve from x (what a device is told) to y (what comes of it), with the points behind it.

The four types, their keys and devices are those of Pioreactor software, so that files travel between units. Keys that
are not known here are kept: a file of a newer version loses nothing on its way through.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from core.calibrations.curves import Curve, NoSolutionError
from core.clock import timestamp
from core.errors import BadRequestError
from core.names import check_safe_name
from core.safe_yaml import as_json

# A file's name is the calibration's with `.yaml` behind it.
LONGEST_NAME = 255 - len(".yaml")
_SNAP = 1e-12
# Keys of answers that are no part of a calibration; dropped when an answer is sent back as a new one.
ANSWER_KEYS = ("is_active", "pioreactor_unit", "device")
# Null for these is as good as nothing.
_MAY_BE_LEFT_OUT = ("x", "y")

NonNegative = Annotated[FiniteFloat, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]
_M = TypeVar("_M", bound=BaseModel)


class BelowDomainError(NoSolutionError):
    """The solution lies below the recorded points."""


class AboveDomainError(NoSolutionError):
    """The solution lies above the recorded points."""


def _with_zone(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a timestamp with a zone is needed, such as 2031-02-03T04:05:06Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the timestamp is out of range") from None


Moment = Annotated[datetime, BeforeValidator(_with_zone)]


class RecordedData(BaseModel):
    """The points a curve was fitted to, in the units of x and y."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    x: list[FiniteFloat]
    y: list[FiniteFloat]

    @model_validator(mode="after")
    def _check_lengths(self) -> RecordedData:
        if len(self.x) != len(self.y):
            raise ValueError(f"x has {len(self.x)} numbers and y has {len(self.y)}")
        return self


class StoredThing(BaseModel):
    """What calibrations and estimators share: a file of known keys, and others that are kept."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    calibrated_on_pioreactor_unit: str
    created_at: Moment

    def mapping(self) -> dict[str, Any]:
        """Return all keys with plain values, as they go into a file."""
        return self.model_dump()

    def item(self) -> dict[str, Any]:
        """Return all keys as JSON values, as they are answered."""
        item: dict[str, Any] = as_json(self.mapping())
        return {**item, "created_at": timestamp(self.created_at.timestamp())}


class Calibration(StoredThing):
    """A calibration of one device; `evaluate` and `solve` go along its curve."""

    devices: ClassVar[tuple[str, ...]] = ()

    calibration_type: str
    calibration_name: str
    curve_data_: Curve
    x: Text
    y: Text
    recorded_data: RecordedData

    @property
    def name(self) -> str:
        """The calibration's name."""
        return self.calibration_name

    @property
    def domain(self) -> tuple[float, float]:
        """Least and greatest recorded x; everything when nothing is recorded."""
        recorded = self.recorded_data.x
        return (min(recorded), max(recorded)) if recorded else (float("-inf"), float("inf"))

    def evaluate(self, x: float) -> float:
        """Return y at `x`, rounded to 10 decimals; raises CurveError when it is no finite number."""
        return self.curve_data_.evaluate(x)

    def solve(self, y: float, *, within_domain: bool) -> float:
        """Return the x at which the curve is `y`: the lowest within the recorded points, else the one nearest to them.

        Args:
            y: what is wanted.
            within_domain: only an x within the recorded points will do.

        Raises:
            NoSolutionError: the curve never is `y`.
            BelowDomainError, AboveDomainError: it is, but only outside the recorded points, and that will not do.
        """
        solutions = self.curve_data_.solutions(y)
        if not solutions:
            raise NoSolutionError(f"Calibration {self.name} never gives {self.y} {y:g}.")
        low, high = self.domain
        inside = [min(max(x, low), high) for x in solutions if low - _SNAP <= x <= high + _SNAP]
        if inside:
            return inside[0]
        nearest = min(solutions, key=lambda x: max(low - x, x - high))
        if not within_domain:
            return nearest
        outside = BelowDomainError if nearest < low else AboveDomainError
        raise outside(f"Calibration {self.name} gives {self.y} {y:g} at {self.x} {nearest:g}, outside its points.")


class PumpCalibration(Calibration):
    """Run time of a pump in s to volume in mL, at one PWM frequency in Hz, duty in percent and supply in V."""

    devices = ("media_pump", "alt_media_pump", "waste_pump")

    calibration_type: Literal["simple_peristaltic_pump"]
    x: Text = "Duration"
    y: Text = "Volume"
    hz: NonNegative
    dc: NonNegative
    voltage: FiniteFloat


class StirringCalibration(Calibration):
    """Duty in percent to RPM, at one PWM frequency in Hz and supply in volts."""

    devices = ("stirring",)

    calibration_type: Literal["simple_stirring"]
    x: Text = "DC %"
    y: Text = "RPM"
    pwm_hz: NonNegative
    voltage: FiniteFloat


class OdCalibration(Calibration):
    """Optical density to volts of one photodiode, at one intensity of the infrared LED in percent."""

    devices = ("od45", "od90", "od135")

    calibration_type: Literal["od"]
    x: Text = "OD"
    y: Text = "Voltage"
    ir_led_intensity: FiniteFloat
    angle: Literal["45", "90", "135", "180"]
    pd_channel: Literal["1", "2", "3", "4"]


class Od600Calibration(OdCalibration):
    """As `od`, in the units of a photometer at 600 nm."""

    calibration_type: Literal["od600"]  # type: ignore[assignment]
    x: Text = "OD600"


_TYPES: dict[str, type[Calibration]] = {
    "simple_peristaltic_pump": PumpCalibration,
    "simple_stirring": StirringCalibration,
    "od": OdCalibration,
    "od600": Od600Calibration,
}
KNOWN_DEVICES = tuple(sorted({device for kind in _TYPES.values() for device in kind.devices}))


def read_calibration(data: Any) -> Calibration:
    """Return the calibration that a mapping of plain values describes; BadRequestError names the keys at fault."""
    mapping = as_mapping(data, "calibration")
    kind = mapping.get("calibration_type")
    model = _TYPES.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise BadRequestError(
            f"{kind!r} is no type of calibration." if kind is not None else "The calibration has no type.",
            fields=["calibration_type"],
            known=sorted(_TYPES),
        )
    calibration = validated(model, mapping, "calibration")
    check_safe_name(calibration.name, "calibration_name", LONGEST_NAME)
    return calibration


def check_fits(calibration: Calibration, device: str) -> None:
    """Raise BadRequestError when a calibration of this type, or angle, is none of `device`."""
    if device in KNOWN_DEVICES and device not in calibration.devices:
        raise BadRequestError(
            f"A {calibration.calibration_type} calibration is none of {device}.",
            f"It is for {', '.join(calibration.devices)}.",
            fields=["calibration_type"],
        )
    if isinstance(calibration, OdCalibration) and device in KNOWN_DEVICES and device != f"od{calibration.angle}":
        cause = f"Its photodiode looks at {calibration.angle} degrees."
        raise BadRequestError(f"This calibration is none of {device}.", cause, fields=["angle"])


def as_mapping(data: Any, what: str) -> dict[str, Any]:
    """Return `data` without keys that only answers have; raise BadRequestError when it is no mapping."""
    if not isinstance(data, dict):
        cause = "The text is not a mapping of keys to values."
        raise BadRequestError(f"This is no {what}.", cause, fields=[f"{what}_data"])
    return {
        key: value
        for key, value in data.items()
        if key not in ANSWER_KEYS and not (value is None and key in _MAY_BE_LEFT_OUT)
    }


def validated(model: type[_M], mapping: dict[str, Any], what: str) -> _M:
    """Return `mapping` as a `model`; raise BadRequestError naming the keys at fault."""
    try:
        return model.model_validate(mapping)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        cause = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:10])
        fields = sorted({str(fault["loc"][0]) for fault in faults if fault["loc"]})
        raise BadRequestError(f"The {what} has keys that are missing or do not fit.", cause, fields=fields) from None
