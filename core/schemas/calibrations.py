"""Calibrations, estimators and the protocols that make them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.basics import Timestamp
from core.schemas.bodies import Body


class _Stored(BaseModel):
    """Keys of a file, and what this unit says of it; keys of other versions are kept."""

    model_config = ConfigDict(extra="allow")

    calibrated_on_pioreactor_unit: str = Field(description="The unit that made it.")
    created_at: Timestamp
    is_active: bool = Field(description="Whether it is the one in use for its device.")
    pioreactor_unit: str = Field(description="This unit.")


class CurveData(BaseModel):
    """A curve: a polynomial, or cubics between knots."""

    model_config = ConfigDict(extra="allow")

    type: Literal["poly", "spline", "akima"]
    coefficients: list[Any] = Field(
        description="poly: numbers, highest power first. Otherwise [a, b, c, d] between each two knots, of "
        "a + b*u + c*u^2 + d*u^3 with u = x - knot."
    )
    knots: list[float] | None = Field(default=None, description="Ascending; not for poly.")


class Recorded(BaseModel):
    """The points behind a curve."""

    x: list[float]
    y: list[float]


class CalibrationItem(_Stored):
    """A calibration."""

    calibration_type: Literal["simple_peristaltic_pump", "simple_stirring", "od", "od600"]
    calibration_name: str
    curve_data_: CurveData
    x: str = Field(description="What x is.", examples=["Duration"])
    y: str = Field(description="What y is.", examples=["Volume"])
    recorded_data: Recorded


class EstimatorItem(_Stored):
    """An estimator of fused optical density."""

    estimator_type: Literal["od_fused_estimator"]
    estimator_name: str
    device: str
    ir_led_intensity: float = Field(description="Percent; readings must be taken with just this.")
    angles: list[Literal["45", "90", "135"]]
    mu_splines: dict[str, CurveData] = Field(description="By angle: mean of ln(volts) over log10(OD).")
    sigma_splines_log: dict[str, CurveData] = Field(description="By angle: ln of its spread over log10(OD).")
    min_logc: float
    max_logc: float
    sigma_floor: float
    recorded_data: dict[str, Any]
    low_conc_scales: dict[str, float]
    y: str


class NewCalibration(Body):
    """A calibration to keep."""

    calibration_data: str | dict[str, Any] = Field(description="The calibration as YAML text, or as an object.")
    set_as_active: bool = Field(default=False, description="Use it from now on.")


class SavedCalibration(BaseModel):
    """The calibration is on the disk."""

    msg: str
    path: str = Field(examples=["storage/calibrations/media_pump/media-a.yaml"])


class Told(BaseModel):
    """What was done."""

    msg: str


class CalibrationProtocolItem(BaseModel):
    """A guided calibration this unit offers."""

    id: str = Field(description="Device and protocol in one word.", examples=["media_pump_duration_based"])
    target_device: str
    protocol_name: str
    priority: int = Field(description="The lowest is shown first.")
    title: str
    description: str
    requirements: list[str] = Field(description="What must be at hand.")
