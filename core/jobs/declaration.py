"""What a job declares of itself: the options it starts with and the settings it publishes.

A declaration is the single source for the list of capabilities, for the checks of what a user asks, and for the
forms in the window. What is not declared is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

STATE_SETTING = "$state"


class Group(StrEnum):
    """Where a person looks for a job."""

    MEASURE = "measure"
    STIR_AND_HEAT = "stir and heat"
    DOSE = "dose"
    LIGHT = "light"
    CHECK = "check"


class StopOrder(IntEnum):
    """In which order jobs that are stopped together end: what moves or heats first, lights last."""

    OUTPUTS = 0
    AUTOMATIONS = 1
    OTHERS = 2
    LIGHTS = 3


@dataclass(frozen=True)
class Option:
    """A value a job takes when it starts.

    Attributes:
        name: its name in the API, lower case with underscores.
        type: `text`, `float`, `integer`, `boolean`, `path`, `float range` or `integer range`.
        minimum, maximum: both needed by the range types; inclusive.
        label: its name for people; made from `name` when empty.
        first: shown before the others in a form, for the two or three that matter most.
        long_flag: another spelling of the name; made from `name` when empty.
        choices: the texts it can be, each with its words for people; None where any will do.
    """

    name: str
    type: str
    help: str = ""
    default: Any = None
    required: bool = False
    multiple: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    label: str = ""
    first: bool = False
    long_flag: str = ""
    choices: dict[str, str] | None = None

    def entry(self) -> dict[str, Any]:
        """Return the option as the list of capabilities shows it."""
        entry: dict[str, Any] = {
            "name": self.name,
            "long_flag": self.long_flag or self.name.replace("_", "-"),
            "help": self.help,
            "required": self.required,
            "multiple": self.multiple,
            "default": [] if self.multiple and self.default is None else self.default,
            "type": self.type,
            "label": self.label or words(self.name),
            "first": self.first,
        }
        return entry | _present(min=self.minimum, max=self.maximum, unit=self.unit, choices=self.choices)


@dataclass(frozen=True)
class Setting:
    """A value a running job publishes.

    Attributes:
        datatype: `float`, `integer`, `boolean`, `string`, `text`, `json` or the name of a structure (`MeasuredRPM`).
        persist: keeps its last value when the job ends.
        minimum, maximum: inclusive limits of what can be set.
        clamps: a value outside the limits is moved to the nearest limit instead of being refused.
        choices: the texts it can be set to, each with its words for people; None where any will do.
    """

    datatype: str
    settable: bool = False
    unit: str | None = None
    persist: bool = False
    minimum: float | None = None
    maximum: float | None = None
    clamps: bool = False
    label: str = ""
    choices: dict[str, str] | None = None

    def entry(self, name: str) -> dict[str, Any]:
        """Return the setting as the list of capabilities shows it."""
        entry: dict[str, Any] = {"datatype": self.datatype, "settable": self.settable}
        entry |= _present(unit=self.unit, persist=self.persist or None, min=self.minimum, max=self.maximum)
        entry |= _present(choices=self.choices)
        return entry | {"label": self.label or words(name)}


@dataclass(frozen=True)
class Argument:
    """A positional argument; `nargs` -1 takes any number."""

    name: str
    type: str = "text"
    nargs: int = 1
    required: bool = False

    def entry(self) -> dict[str, Any]:
        """Return the argument as the list of capabilities shows it."""
        return {"name": self.name, "nargs": self.nargs, "required": self.required, "type": self.type}


@dataclass(frozen=True)
class JobDeclaration:
    """Everything a job says of itself before it runs.

    Attributes:
        job_name: its name in the API: a lower-case word, or two for a sub-command such as `od_blank delete`.
        automation_name: which rule of `job_name` this is; chosen by the option `automation_name` when it starts.
        label: its name for people.
        needs_board: it cannot start without a usable board.
        is_long_running: it belongs to the unit rather than to an experiment, and "stop all" leaves it alone.
        is_action: it does one thing and ends, and it publishes nothing but its state.
        takes_over: a start takes the place of the one that runs, and its outputs as they are.
        shows_state: its `$state` can be read; only what is listed for the sake of its outputs shows none.
    """

    job_name: str
    help: str
    group: Group
    label: str
    automation_name: str = ""
    options: tuple[Option, ...] = ()
    settings: dict[str, Setting] | None = None
    arguments: tuple[Argument, ...] = ()
    stop_order: StopOrder = StopOrder.OTHERS
    needs_board: bool = True
    is_long_running: bool = False
    is_action: bool = False
    takes_over: bool = False
    shows_state: bool = True

    @property
    def row_name(self) -> str:
        """The name its rows are listed under: a sub-command's is its job's."""
        return self.job_name.partition(" ")[0]

    @property
    def published(self) -> dict[str, Setting]:
        """The published settings by name, `$state` included; empty for an action."""
        if self.is_action:
            return {}
        state = Setting("text", settable=True, label="State")
        return (self.settings or {}) | {STATE_SETTING: state}

    @property
    def changeable(self) -> dict[str, Setting]:
        """The settings a running job can be asked about and changed by; of an action that is its state alone."""
        state = {STATE_SETTING: Setting("text", settable=True)} if self.shows_state else {}
        return state if self.is_action else self.published

    def entry(self) -> dict[str, Any]:
        """Return the job's entry in the list of capabilities."""
        rule = {"automation_name": self.automation_name} if self.automation_name else {}
        return {
            "job_name": self.job_name,
            **rule,
            "help": self.help,
            "arguments": [argument.entry() for argument in self.arguments],
            "options": [option.entry() for option in self.options],
            "published_settings": {name: setting.entry(name) for name, setting in self.published.items()},
            "cli_example": f"curl -X POST http://localhost:4999/unit_api/jobs/run/job_name/{self.row_name}",
            "group": self.group.value,
            "label": self.label,
            "is_long_running_job": int(self.is_long_running),
        }


def words(name: str) -> str:
    """Return a name of the API in words: `target_rpm` becomes `Target rpm`."""
    return name.replace("_", " ").strip().capitalize()


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
