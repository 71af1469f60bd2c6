"""What a run is made of, as it is sent: phases, measurements, their validators and series, log lines.

Outcomes and values are the sender's: they are kept as sent, and nothing is computed or corrected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.schemas.unit_record.fields import MeasurementOutcome, Moment, PhaseOutcome, Sent

_MOST = 2**53


class SentValidator(Sent):
    """A check of a value, already made."""

    outcome: MeasurementOutcome | None = None
    operator: str | None = None
    expected_value: Any = None
    expression: str | None = None
    is_decisive: bool | None = True


class SentAggregation(Sent):
    """What was computed of many values: an average, a maximum, and so on."""

    type: str
    outcome: MeasurementOutcome | None = None
    value: Any = None
    unit: str | None = None
    validators: list[SentValidator] | None = None


class SentAxis(Sent):
    """One series of a measurement of many points."""

    data: list[int | float]
    units: str | None = None
    name: str | None = None
    description: str | None = None
    validators: list[SentValidator] | None = None
    aggregations: list[SentAggregation] | None = None


class SentMeasurement(Sent):
    """A measurement; `lower_limit` and `upper_limit` become validators."""

    name: str
    outcome: MeasurementOutcome
    measured_value: Any = None
    units: str | list[str] | None = None
    docstring: str | None = None
    validators: list[SentValidator] | None = None
    aggregations: list[SentAggregation] | None = None
    x_axis: SentAxis | None = None
    y_axis: list[SentAxis] | None = None
    lower_limit: int | float | None = None
    upper_limit: int | float | None = None

    @model_validator(mode="before")
    @classmethod
    def _give_way(cls, sent: Any) -> Any:
        """Change nothing: whoever checks 100 000 measurements gives other threads their turn here, or nowhere."""
        return sent


class SentPhase(Sent):
    """A step of a run; a retry is a phase of the same name with a higher `retry_count`."""

    name: str
    outcome: PhaseOutcome
    started_at: Moment
    ended_at: Moment
    docstring: str | None = None
    measurements: list[SentMeasurement] | None = None
    retry_count: Annotated[int, Field(ge=0, le=_MOST)] = 0
    sequence_path: str | None = None


class SentLog(Sent):
    """A log line."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    timestamp: Moment
    message: str
    source_file: str
    line_number: Annotated[int, Field(ge=0, le=_MOST)]
