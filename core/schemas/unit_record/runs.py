"""Runs: one test of one unit, and what came of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from core.schemas.unit_record.fields import (
    BatchNumber,
    Email,
    MeasurementOutcome,
    Metadata,
    Moment,
    PartNumber,
    PhaseOutcome,
    RevisionNumber,
    RunOutcome,
    Sample,
    Sent,
    SerialNumber,
    Uuid,
    VersionTag,
)
from core.schemas.unit_record.run_parts import SentLog, SentPhase
from core.schemas.unit_record.shared import Created, FileRef, NumberRef, PartRef, UnitRef, UserRef


class NewRun(Sent):
    """A run to store. Unit, part, revision, batch and version are made when they are not there."""

    outcome: RunOutcome
    procedure_id: Uuid
    procedure_version: VersionTag | None = None
    started_at: Moment
    ended_at: Moment
    serial_number: SerialNumber
    part_number: PartNumber | None = Field(default=None, description="Needed for a unit that is not there yet.")
    revision_number: RevisionNumber | None = None
    batch_number: BatchNumber | None = None
    sub_units: list[str] | None = Field(default=None, description="Serial numbers that become the unit's children.")
    operated_by: Email | None = None
    docstring: str | None = None
    phases: list[SentPhase] | None = None
    logs: list[SentLog] | None = None
    client_run_ref: str | None = Field(default=None, description="A run sent again under it is not stored twice.")
    execution_id: str | None = None
    slot_key: str | None = None
    slot_name: str | None = None
    metadata: Metadata | None = None
    unit_metadata: Metadata | None = None


class RunChange(Sent):
    """Uploads to add to a run."""

    attachments: list[Uuid] | None = None


class MetadataChange(Sent):
    """Metadata to merge; a null takes its key away."""

    metadata: Metadata


class Validator(BaseModel):
    """A check of a value."""

    outcome: MeasurementOutcome
    operator: str | None
    expected_value: bool | float | str | list[float] | list[str] | None
    expression: str
    is_decisive: bool | None
    is_expression_only: bool
    analytics_expression: str | None
    has_custom_expression: bool


class Aggregation(BaseModel):
    """What was computed of many values."""

    id: str
    type: str
    outcome: MeasurementOutcome | None
    value: Any
    unit: str | None
    validators: list[Validator] | None


class DataSeries(BaseModel):
    """One axis of a measurement of many points; the first one is x."""

    data: list[float]
    units: str | None
    name: str | None
    description: str | None
    validators: list[Validator]
    aggregations: list[Aggregation]


class Measurement(BaseModel):
    """A measurement."""

    id: str
    name: str
    outcome: MeasurementOutcome
    units: str | None
    validators: list[Validator] | None
    aggregations: list[Aggregation] | None
    measured_value: Any
    docstring: str | None
    data_series: list[DataSeries]


class Phase(BaseModel):
    """A step of a run."""

    id: str
    name: str
    outcome: PhaseOutcome
    started_at: str
    ended_at: str
    duration: str
    retry_count: int
    docstring: str | None
    sequence_path: str | None
    measurements: list[Measurement]


class Log(BaseModel):
    """A log line."""

    id: str
    level: str
    timestamp: str
    message: str
    source_file: str
    line_number: int


class RunFile(FileRef):
    """An attachment of a run."""

    is_report: bool


class SubUnit(UnitRef):
    """A unit this run put under the one it tested."""

    part_number: str
    part_name: str | None


class VersionRef(BaseModel):
    """A version of a procedure."""

    id: str
    tag: str


class RunProcedure(BaseModel):
    """The procedure of a run."""

    id: str
    name: str
    version: VersionRef | None


class RunUnit(UnitRef):
    """The unit a run tested."""

    part: PartRef
    batch: NumberRef | None
    sample: Sample | None


class RunRow(Created):
    """A run in a list."""

    id: str
    created_at: str
    started_at: str
    ended_at: str
    duration: str
    outcome: RunOutcome
    docstring: str | None
    operated_by: UserRef | None
    procedure: RunProcedure
    unit: RunUnit
    execution_id: str | None
    slot_key: str | None
    slot_name: str | None
    metadata: dict[str, Any]


class RunDetail(RunRow):
    """A run."""

    phases: list[Phase]
    logs: list[Log]
    attachments: list[RunFile]
    sub_units: list[SubUnit]
    config: list[Any]
    secrets: list[Any]
    sequences: list[Any]
