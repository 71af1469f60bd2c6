"""Runs as the instrument itself writes them: under a procedure of its own, of its own unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import timestamp
from core.schemas.unit_record.runs import NewRun
from core.traceability.attachments_store import announce_for, take_content
from core.traceability.book import Change
from core.traceability.owner import known_user
from core.traceability.procedures_store import create_procedure
from core.traceability.refs import find_by_id
from core.traceability.run_create import create_run

Phases = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class OwnRun:
    """A run of this unit's.

    Attributes:
        procedure: its name; the procedure is made when there is none.
        started_s, ended_s: seconds since 1970.
        person: who began it, "" when nobody said so.
    """

    procedure: str
    outcome: str
    started_s: float
    ended_s: float
    phases: Phases
    person: str = ""
    docstring: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnFile:
    """A file that belongs to a run."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class StoredFile:
    """A file that lies among the attachments' files already, under the name `file`."""

    name: str
    content_type: str
    file: str
    size_bytes: int


def write_run(change: Change, serial_number: str, run: OwnRun, unit: str, files: Sequence[StoredFile] = ()) -> str:
    """Store a run of the unit with that serial number, and its files, all of it or nothing; return its id."""
    body = {
        "procedure_id": _procedure(change, run.procedure),
        "outcome": run.outcome,
        "started_at": timestamp(run.started_s),
        "ended_at": timestamp(max(run.started_s, run.ended_s)),
        "serial_number": serial_number,
        "phases": run.phases,
        "docstring": run.docstring,
        "metadata": run.metadata,
    }
    made = create_run(change, NewRun.model_validate(body))
    number: int = find_by_id(change.connection, "runs", "run", made)["id"]
    if run.person:
        who = known_user(change, run.person, unit).user
        change.connection.execute("UPDATE runs SET operated_by = ? WHERE id = ?", (who, number))
    _attach(change, number, files)
    return made


def attach_to_run(change: Change, run: str, files: Sequence[StoredFile]) -> None:
    """Have files belong to a run that is written; raises NotFoundError where it was deleted meanwhile."""
    _attach(change, find_by_id(change.connection, "runs", "run", run)["id"], files)


def _attach(change: Change, number: int, files: Sequence[StoredFile]) -> None:
    for file in files:
        attachment = announce_for(change, "run", number, file.name)
        take_content(change, attachment, file.file, file.size_bytes, file.content_type)


def phase(name: str, outcome: str, started_s: float, ended_s: float, measurements: Phases) -> dict[str, Any]:
    """Return a phase of a run; times in seconds since 1970."""
    return {
        "name": name,
        "outcome": outcome,
        "started_at": timestamp(started_s),
        "ended_at": timestamp(max(started_s, ended_s)),
        "measurements": list(measurements),
    }


def _procedure(change: Change, name: str) -> str:
    row = change.connection.execute(
        "SELECT uuid FROM procedures WHERE name = ? ORDER BY id LIMIT 1", (name,)
    ).fetchone()
    return create_procedure(change, name) if row is None else str(row["uuid"])
