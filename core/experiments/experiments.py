"""Experiments: named, at most one active; readings, jobs and log lines belong to one."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from core.bus import Bus, ExperimentChanged
from core.clock import Clock, timestamp
from core.errors import BadRequestError, ConflictError, NotFoundError
from core.records.records import LIVE_ONLY_PREFIX, NO_EXPERIMENT, Records

_FORBIDDEN = re.compile(r"[#$%+/\\\x00-\x1f\x7f-\x9f]")
_LONGEST_NAME = 200
_SAVE = """
INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
description = excluded.description, tags = excluded.tags, ended_at = excluded.ended_at, is_active = excluded.is_active
"""


@dataclass
class Experiment:
    """One experiment; times in UTC seconds, `ended_at` None until it is ended."""

    name: str
    created_at: float
    description: str | None = None
    tags: list[str] = field(default_factory=list)
    ended_at: float | None = None
    is_active: bool = False

    def item(self) -> dict[str, Any]:
        """Return the experiment as the API shows it."""
        return {
            "experiment": self.name,
            "description": self.description,
            "tags": list(self.tags),
            "created_at": timestamp(self.created_at),
            "ended_at": None if self.ended_at is None else timestamp(self.ended_at),
            "is_active": self.is_active,
        }


def check_name(name: str) -> str:
    """Return `name`; raise BadRequestError when no experiment can be called that."""
    # `.` and `..` cannot be part of a path: such an experiment could be begun, and never be ended.
    if 1 <= len(name) <= _LONGEST_NAME and not _FORBIDDEN.search(name) and name.strip() not in ("", ".", ".."):
        return name
    raise BadRequestError(
        f"{name[:60]!r} cannot name an experiment.",
        cause=f"A name has 1 to {_LONGEST_NAME} characters, none of # $ % + / \\ or control characters; not only dots.",
        fields=["experiment"],
    )


class Experiments:
    """The experiments of this unit; made by `load_experiments`."""

    def __init__(self, known: list[Experiment], records: Records, bus: Bus, clock: Clock) -> None:
        self._known = {experiment.name: experiment for experiment in known}
        self._records = records
        self._bus = bus
        self._clock = clock

    def active(self) -> str | None:
        """Return the name of the active experiment, None when there is none."""
        return next((name for name, experiment in self._known.items() if experiment.is_active), None)

    def get(self, name: str) -> Experiment:
        """Return an experiment; raise NotFoundError when it is not known."""
        experiment = self._known.get(name)
        if experiment is None:
            newest = [known.name for known in self.newest_first()[:50]]
            raise NotFoundError(f"Experiment {name!r} is not known on this unit.", known=newest)
        return experiment

    def newest_first(self) -> list[Experiment]:
        """Return all experiments, the newest first."""
        return sorted(self._known.values(), key=lambda known: (known.created_at, known.name), reverse=True)

    def ensure(self, name: str | None) -> str:
        """Return the experiment a job started now belongs to.

        Args:
            name: what the caller asked for; created when unknown, and active if none is. None: the active
                experiment, or a new one named `unnamed` and the UTC date, so that data always belong somewhere.

        Raises:
            BadRequestError: no experiment can be called that.
        """
        if name is None:
            name = self.active() or self._unnamed()
        if name == NO_EXPERIMENT or name in self._known:
            return name
        check_name(name)
        if not name.startswith(LIVE_ONLY_PREFIX):
            self._save(Experiment(name, self._clock.utc_s(), is_active=self.active() is None))
        return name

    def create(self, name: str, description: str | None, tags: list[str]) -> Experiment:
        """Create an experiment and make it active.

        Raises:
            BadRequestError: no experiment can be called that.
            ConflictError: the name is taken, or another experiment is active.
        """
        check_name(name)
        if name in self._known:
            raise ConflictError(f"Experiment {name!r} exists already.", remedy="Choose another name.")
        if active := self.active():
            remedy = f"End {active!r} first."
            raise ConflictError(f"Experiment {active!r} is active.", "At most one experiment is active.", remedy)
        experiment = Experiment(name, self._clock.utc_s(), description, tags, is_active=True)
        self._save(experiment)
        return experiment

    def change(self, name: str, description: str | None, tags: list[str] | None) -> Experiment:
        """Change what is given (not None) of an experiment; raise NotFoundError when it is not known."""
        experiment = self.get(name)
        if description is not None:
            experiment.description = description
        if tags is not None:
            experiment.tags = tags
        self._save(experiment)
        return experiment

    def end(self, name: str) -> Experiment:
        """End an experiment; raise NotFoundError when it is not known, ConflictError when it has ended already."""
        experiment = self.get(name)
        if experiment.ended_at is not None:
            remedy = "Nothing is left to do."
            raise ConflictError(f"Experiment {name!r} has ended already.", remedy=remedy)
        experiment.ended_at = self._clock.utc_s()
        experiment.is_active = False
        self._save(experiment)
        return experiment

    def _unnamed(self) -> str:
        first = f"unnamed {self._clock.utc():%Y-%m-%d}"
        name, number = first, 2
        while name in self._known:
            name, number = f"{first} {number}", number + 1
        return name

    def _save(self, experiment: Experiment) -> None:
        self._known[experiment.name] = experiment
        values = (experiment.name, experiment.description, json.dumps(experiment.tags), experiment.created_at)
        self._records.write(_SAVE, *values, experiment.ended_at, int(experiment.is_active))
        self._bus.publish(ExperimentChanged(experiment.item()))


async def load_experiments(records: Records, bus: Bus, clock: Clock) -> Experiments:
    """Return the experiments in the records."""
    return Experiments(await records.read(_load), records, bus, clock)


def _load(connection: sqlite3.Connection) -> list[Experiment]:
    query = "SELECT experiment, created_at, description, tags, ended_at, is_active FROM experiments"
    return [
        Experiment(name, created_at, description, json.loads(tags), ended_at, bool(is_active))
        for name, created_at, description, tags, ended_at, is_active in connection.execute(query)
    ]
