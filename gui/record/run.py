"""A run and a change of parts as the service lists them, in what the timeline shows of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.moments import duration, exact
from gui.unit import utc_s_of
from gui.words import device_title

# What the instrument calls its own calibrations: "Calibration of media_pump".
_CALIBRATION = re.compile(r"Calibration of ([a-z][a-z0-9_]*)")


def procedure_title(name: str) -> str:
    """Return what a person calls a procedure; names that are words already stay as they were written."""
    found = _CALIBRATION.fullmatch(name)
    if found is None:
        return name
    device = device_title(found[1])
    return QCoreApplication.translate("runs", "Calibration of {}").format(device[:1].lower() + device[1:])


@dataclass(frozen=True)
class Run:
    """One run of a procedure.

    Attributes:
        started_utc_s: its beginning, seconds since 1970.
        lasted_s: in seconds.
        who: who ran it, or in whose name it was written.
    """

    id: str
    procedure: str
    procedure_id: str
    version: str
    outcome: str
    started_utc_s: float
    lasted_s: float
    who: str

    @property
    def title(self) -> str:
        """The procedure, with its version where it has one."""
        return f"{procedure_title(self.procedure)} {self.version}".strip()


@dataclass(frozen=True)
class Move:
    """A sub-unit that came (`is_in`) or went.

    Attributes:
        part: where in its unit it was; what it is, where nobody said so.
        parent: serial number of the unit it came into or left.
    """

    serial_number: str
    part: str
    parent: str
    is_in: bool
    utc_s: float
    who: str


def read_run(row: dict[str, Any]) -> Run:
    """Read a run of a list, or a whole one."""
    started_s, ended_s = utc_s_of(row["started_at"]), utc_s_of(row["ended_at"])
    procedure = row["procedure"]
    version = (procedure.get("version") or {}).get("tag", "")
    operator = row.get("operated_by") or {}
    who = operator.get("name") or operator.get("email") or creator(row)
    lasted_s = max(0.0, ended_s - started_s)
    return Run(row["id"], procedure["name"], procedure["id"], version, row["outcome"], started_s, lasted_s, who)


def read_move(row: dict[str, Any]) -> Move:
    """Read a change of parts."""
    unit = row["unit"]
    return Move(
        unit["serial_number"], place_words(row["position"], unit), row["parent"]["serial_number"],
        row["action"] == "put_in", utc_s_of(row["at"]), creator(row),
    )  # fmt: skip


def place_words(position: str | None, unit: dict[str, Any]) -> str:
    """Return where in its unit a sub-unit is; what it is, where nobody said so."""
    return position or str(unit["part"]["name"])


def creator(row: dict[str, Any]) -> str:
    """Return the name of the user or station that wrote something; "" when it is not known."""
    user, station = row.get("created_by_user") or {}, row.get("created_by_station") or {}
    return str(user.get("name") or user.get("email") or station.get("name") or "")


def day_words(utc_s: float) -> str:
    """Return a moment to the minute in local time."""
    return f"{datetime.fromtimestamp(utc_s, UTC).astimezone():%Y-%m-%d %H:%M}"


def exact_words(utc_s: float) -> str:
    """Return a moment to the second in local time, with the zone."""
    return exact(datetime.fromtimestamp(utc_s, UTC))


def lasted_words(length_s: float) -> str:
    """Say how long something took."""
    return QCoreApplication.translate("runs", "< 1 s") if length_s < 1 else duration(length_s)
