"""Phases, measurements and log lines across runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from core.schemas.unit_record.fields import MeasurementOutcome, PhaseOutcome, RunOutcome, Sample
from core.schemas.unit_record.runs import Measurement, Phase, Validator
from core.schemas.unit_record.shared import Created, NameRef, UnitRef


class LogRun(BaseModel):
    """The run of a log line."""

    id: str
    outcome: RunOutcome
    started_at: str


class LogLine(Created):
    """A log line and where it comes from."""

    id: str
    level: str
    message: str
    created_at: str
    source_file: str | None
    line_number: int | None
    run: LogRun
    unit: UnitRef
    procedure: NameRef


class MeasurementRow(BaseModel):
    """A measurement in a list; of the three values the one that fits is set."""

    id: str
    phase_name: str
    measurement_name: str
    started_at: str | None
    value: float | None
    bool_value: bool | None
    string_value: str | None
    units: str | None
    measurement_outcome: MeasurementOutcome
    run_id: str
    serial_number: str | None
    sample: Sample | None
    measurement_type: Literal["numeric", "boolean", "string", "multidimensional", "empty", "json"]
    retry_count: int
    is_final_attempt: bool
    validators: list[Validator] | None


class MeasurementRun(BaseModel):
    """The run of a measurement."""

    id: str
    outcome: RunOutcome
    serial_number: str


class MeasurementDetail(Measurement):
    """A measurement and where it comes from."""

    phase: NameRef
    run: MeasurementRun
    procedure: NameRef


class PhaseRow(BaseModel):
    """A phase in a list."""

    id: str
    name: str
    outcome: PhaseOutcome
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None
    retry_count: int
    sequence_path: str | None
    is_final_attempt: bool
    run_id: str
    run_outcome: RunOutcome
    serial_number: str | None
    sample: Sample | None


class PhaseRun(BaseModel):
    """The run of a phase."""

    id: str
    serial_number: str


class PhaseDetail(Phase):
    """A phase and where it comes from."""

    run: PhaseRun
    procedure: NameRef
