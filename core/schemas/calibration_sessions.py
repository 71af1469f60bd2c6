"""Guided calibrations: what is sent to begin and to go on, and what is answered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.basics import Timestamp
from core.schemas.bodies import Body


class NewCalibrationSession(Body):
    """What to calibrate, and how; see GET /unit_api/calibration_protocols."""

    target_device: str = Field(description="Device.", examples=["media_pump"])
    protocol_name: str = Field(description="Protocol of that device.", examples=["duration_based"])


class CalibrationInputs(Body):
    """The answer to the present step."""

    inputs: dict[str, Any] = Field(
        default_factory=dict,
        description="Value by field name. Numbers may be text; truth may be yes, no, true, false, 1 or 0; "
        "a list of numbers may be text with commas.",
        examples=[{"volume_ml": 1.02}],
    )


class SessionItem(BaseModel):
    """A guided calibration."""

    session_id: str = Field(description="UUID.")
    protocol_name: str
    target_device: str
    status: Literal["in_progress", "complete", "failed", "aborted"]
    step_id: str = Field(description="The step it waits at.")
    data: dict[str, Any] = Field(description="What it has gathered so far.")
    created_at: Timestamp
    updated_at: Timestamp
    result: dict[str, Any] | None = Field(description="What it led to, once it is complete.")
    error: str | None = Field(description="Why it failed or was aborted.")


class StepField(BaseModel):
    """One thing that is asked."""

    name: str
    label: str
    field_type: Literal["string", "float", "int", "bool", "float_list", "choice"]
    required: bool = Field(description="An empty answer takes the default, and is refused where there is none.")
    default: Any
    options: list[str] | None
    minimum: float | None
    maximum: float | None
    min_error_msg: str | None
    max_error_msg: str | None
    help_text: str | None


class StepMetadata(BaseModel):
    """More to show with a step; every key may be absent."""

    model_config = ConfigDict(extra="allow")

    image: dict[str, Any] | None = Field(default=None, description="src, alt, caption.")
    loading_images: list[dict[str, Any]] | None = Field(default=None, description="Shown while the hardware acts.")
    table: dict[str, Any] | None = Field(default=None, description="title, columns, rows.")
    actions: list[dict[str, Any]] | None = Field(default=None, description="label, and the inputs that choose it.")
    chart: dict[str, Any] | None = Field(default=None, description="title, x_label, y_label, series.")
    result: dict[str, Any] | None = Field(default=None, description="The session's result.")


class StepItem(BaseModel):
    """What the user is to do now."""

    step_id: str
    step_type: Literal["info", "confirm", "form", "action", "result"]
    title: str
    body: str | None
    fields: list[StepField]
    metadata: StepMetadata


class SessionAndStep(BaseModel):
    """A session and the step it stands at."""

    session: SessionItem
    step: StepItem
