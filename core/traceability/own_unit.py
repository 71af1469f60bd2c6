"""The unit of the board in use: in the record from the first connection on, with what it is made of and its firmware.

A board cannot be told to take another firmware through the link. What can be known is that it comes back with another
one: then that is a run. Boards whose protocol does not fit never say who they are, so nothing is written of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import timestamp
from core.schemas.unit_record.fields import LONGEST_NUMBER
from core.schemas.unit_record.units import NewUnit
from core.traceability.book import Change
from core.traceability.own_runs import OwnRun, phase, write_run
from core.traceability.parts_store import know_revision
from core.traceability.sub_units import SubUnit, write_sub_units
from core.traceability.units_store import create_unit

FIRMWARE_UPDATE = "Firmware update"
_FIRMWARE, _SEEN = "firmware_version", "firmware_seen_at"


@dataclass(frozen=True)
class OwnUnit:
    """What is known of a unit whose board answers.

    Attributes:
        part, revision, name: of the reactor model.
        unit: the name of this unit, to which people belong.
    """

    serial_number: str
    part: str
    revision: str
    name: str
    firmware_version: str
    protocol_version: int
    sub_units: Sequence[SubUnit]
    unit: str


def number_of(told: str) -> str:
    """Return what a board or a model calls itself in the characters the record's numbers may have."""
    return re.sub(r"[^A-Za-z0-9_.:+-]", "-", told)[:LONGEST_NUMBER]


def know_unit(change: Change, own: OwnUnit) -> None:
    """Have the record know a unit, its sub-units and its firmware; what it knows already stays as it is."""
    there = change.connection.execute("SELECT 1 FROM units WHERE serial_number = ?", (own.serial_number,)).fetchone()
    if there is None:
        know_revision(change, own.part, own.name, own.revision)
        new = NewUnit(serial_number=own.serial_number, part_number=own.part, revision_number=own.revision)
        create_unit(change, new)
    write_sub_units(change, own.serial_number, own.sub_units, own.revision)
    _know_firmware(change, own)


def _know_firmware(change: Change, own: OwnUnit) -> None:
    sql = "SELECT id, uuid, metadata FROM units WHERE serial_number = ?"
    row = change.connection.execute(sql, (own.serial_number,)).fetchone()
    before = json.loads(row["metadata"]).get(_FIRMWARE)
    seen = change.connection.execute("SELECT value FROM store WHERE name = ? AND key = ?", (_SEEN, row["uuid"]))
    last_seen = seen.fetchone()
    now_s = change.utc_us / 1e6
    change.connection.execute("INSERT OR REPLACE INTO store VALUES (?, ?, ?)", (_SEEN, row["uuid"], timestamp(now_s)))
    if before == own.firmware_version:
        return
    change.merge_metadata("units", row["id"], {_FIRMWARE: own.firmware_version})
    if before is not None:
        since = None if last_seen is None else str(last_seen["value"])
        write_run(change, own.serial_number, _update_run(own, str(before), since, now_s), own.unit)


def _update_run(own: OwnUnit, before: str, since: str | None, now_s: float) -> OwnRun:
    """Return the run that says that the firmware is another one now; `since` is when the former one connected last."""
    measurements: list[dict[str, Any]] = [
        {"name": "from_version", "outcome": "UNSET", "measured_value": before},
        {"name": "to_version", "outcome": "PASS", "measured_value": own.firmware_version},
        {
            "name": "protocol_version",
            "outcome": "PASS",
            "measured_value": own.protocol_version,
            "docstring": "The board and this program agreed on it when they connected.",
        },
    ]
    told = f"The board came back with firmware {own.firmware_version} in place of {before}. It was put on elsewhere"
    told += "." if since is None else f", after {since}."
    phases = [phase("Connected with another firmware", "PASS", now_s, now_s, measurements)]
    return OwnRun(FIRMWARE_UPDATE, "PASS", now_s, now_s, phases, docstring=told)
