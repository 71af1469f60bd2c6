"""Procedures: what a test is called, its versions, and the stations that may run it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from core.schemas.unit_record.fields import ProcedureName, RunOutcome, Sent, VersionTag
from core.schemas.unit_record.shared import Created, NameRef, StationRef, UserRef


class NewProcedure(Sent):
    """A procedure to create; names need not be unique."""

    name: ProcedureName


class ProcedureChange(Sent):
    """What to change of a procedure; the settings of builds from git are kept as sent."""

    name: ProcedureName | None = None
    productionBranch: str | None = None  # noqa: N815 - these are called so in the API
    autoPushEnabled: bool | None = None  # noqa: N815
    excludedBranchPatterns: list[str] | None = None  # noqa: N815
    rootDirectory: str | None = None  # noqa: N815
    entryPoint: str | None = None  # noqa: N815


class RunUnitId(BaseModel):
    """The unit of a run."""

    id: str


class RowRun(BaseModel):
    """A run in a list of procedures."""

    id: str
    outcome: RunOutcome
    started_at: str
    unit: RunUnitId


class ProcedureRow(BaseModel):
    """A procedure in a list, with its newest runs."""

    id: str
    name: str
    created_at: str
    created_by_user: UserRef | None
    runs: list[RowRun]
    linkedRepository: Any  # noqa: N815 - so it is called in the API; always null here


class SerialOnly(BaseModel):
    """The unit of a run."""

    serial_number: str


class RecentRun(BaseModel):
    """A run of a procedure."""

    id: str
    started_at: str
    outcome: RunOutcome
    unit: SerialOnly


class ProcedureDetail(BaseModel):
    """A procedure with its newest runs and the stations linked to it."""

    id: str
    identifier: str | None
    name: str
    created_at: str
    created_by_user: UserRef | None
    runs_count: int
    recent_runs: list[RecentRun]
    stations: list[StationRef]


class NewVersion(Sent):
    """A version to create."""

    tag: VersionTag


class VersionDetail(Created):
    """A version of a procedure."""

    id: str
    tag: str
    created_at: str
    procedure: NameRef
    run_count: int
