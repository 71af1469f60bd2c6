"""A profile as it was read: what is to happen when, to which job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.profiles.expressions import Expression
from core.profiles.problems import Place


class Kind(StrEnum):
    """What an action does."""

    START = "start"
    UPDATE = "update"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    LOG = "log"
    REPEAT = "repeat"
    WHEN = "when"


BASIC = frozenset({Kind.START, Kind.UPDATE, Kind.PAUSE, Kind.RESUME, Kind.STOP, Kind.LOG})

# Which comes first of what is due at the same moment.
ORDER = {
    Kind.START: 0,
    Kind.STOP: 1,
    Kind.PAUSE: 2,
    Kind.RESUME: 3,
    Kind.UPDATE: 4,
    Kind.WHEN: 5,
    Kind.REPEAT: 6,
    Kind.LOG: 10,
}

# A value of an option is known beforehand, or worked out when the action is due.
Given = Any | Expression
Condition = bool | Expression


@dataclass(frozen=True)
class Entry:
    """A named value and where its name and the value stand."""

    name: str
    value: Given
    name_place: Place
    place: Place

    @property
    def is_known(self) -> bool:
        """Whether the value is known before the profile runs."""
        return not isinstance(self.value, Expression)


@dataclass(frozen=True)
class Action:
    """One action; what it has depends on its kind.

    Attributes:
        at_s: seconds from the beginning of the run, of the loop (repeat), or from the moment it fired (when).
        only_if: looked at when it is due.
        entries: options of a start, settings of an update.
        args: of a start.
        overrides: of a start: (section, entry) of the configuration.
        message: of a log: texts and expressions.
        every_s, while_, max_s: of a repeat; `max_s` None goes on for ever.
        wait_until: of a when.
        actions: inside a repeat or when.
    """

    kind: Kind
    at_s: float
    place: Place
    only_if: Condition = True
    entries: tuple[Entry, ...] = ()
    args: tuple[str, ...] = ()
    overrides: tuple[tuple[str, Entry], ...] = ()
    message: tuple[str | Expression, ...] = ()
    level: str = "NOTICE"
    every_s: float = 0.0
    while_: Condition = True
    max_s: float | None = None
    wait_until: Condition = False
    actions: tuple[Action, ...] = ()

    def everything(self) -> list[Action]:
        """Return this action and all inside it."""
        return [self, *(inner for each in self.actions for inner in each.everything())]


@dataclass(frozen=True)
class JobPlan:
    """What is to happen to one job; `unit` None means every unit."""

    unit: str | None
    job_name: str
    place: Place
    actions: tuple[Action, ...]
    description: str = ""


@dataclass(frozen=True)
class PluginRequirement:
    """A plug-in the profile needs; `operator` is one of `==`, `>=`, `<=`, "" for any version."""

    name: str
    operator: str
    version: str
    place: Place


@dataclass(frozen=True)
class Profile:
    """A whole profile.

    Attributes:
        inputs: values that expressions can name, with their places.
        labels: unit to what it is called in this experiment.
        plans: those for every unit first, in the order of the text.
    """

    name: str
    author: str = ""
    description: str = ""
    inputs: Mapping[str, Entry] = field(default_factory=dict)
    plugins: tuple[PluginRequirement, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Place] = field(default_factory=dict)
    plans: tuple[JobPlan, ...] = ()

    def plans_of(self, unit: str) -> list[JobPlan]:
        """Return what concerns a unit."""
        return [plan for plan in self.plans if plan.unit in (None, unit)]
