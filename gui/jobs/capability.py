"""What a job can do, read from `GET capabilities`: its words, its options and its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Group of the service to the heading people look under, in the order of the page.
GROUPS: tuple[tuple[str, str], ...] = (
    ("measure", "Measure"),
    ("stir and heat", "Stir and heat"),
    ("dose", "Dose"),
    ("light", "Light"),
    ("check", "Check"),
    ("", "Other"),
)
_NUMBERS = ("float", "integer", "float range", "integer range")
# The service's spelling of a unit to the one people read.
_UNITS = {"℃": "°C", "ml": "mL", "OD/AU": "OD or AU"}
_FOR_PROGRAMS = ("source_of_event", "no_log")


@dataclass(frozen=True)
class Option:
    """A value a job can be started with; the fields are those of the API, `limits` holds `min` and `max`.

    Attributes:
        choices: the values it can have, each with its words; empty where any will do.
    """

    name: str
    label: str
    help: str
    type: str
    default: Any
    required: bool = False
    multiple: bool = False
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    is_first: bool = False
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def is_switch(self) -> bool:
        """Whether it is 0 or 1, which means no or yes."""
        return self.type == "integer range" and self.limits == (0, 1)

    @property
    def is_number(self) -> bool:
        """Whether a single number is wanted."""
        return self.type in _NUMBERS and not self.multiple

    @property
    def is_whole(self) -> bool:
        """Whether the number must be whole."""
        return self.type.startswith("integer")


@dataclass(frozen=True)
class Setting:
    """A value a running job publishes."""

    name: str
    label: str
    datatype: str
    is_settable: bool = False
    unit: str = ""
    limits: tuple[float | None, float | None] = (None, None)
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Argument:
    """A positional argument; `takes_many` takes any number of words."""

    name: str
    label: str
    required: bool = False
    takes_many: bool = False


@dataclass(frozen=True)
class Capability:
    """One entry: a job, a sub-command of one, or a rule of an automation.

    Attributes:
        job_name: as in the API; `a b` is sub-command b of a.
        automation_name: the rule, "" for other jobs.
        group: key of `GROUPS`.
        is_long_running: it belongs to the unit, not to an experiment.
        tells_source: its events name who asked for them.
    """

    job_name: str
    label: str
    help: str
    group: str
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()
    settings: tuple[Setting, ...] = ()
    automation_name: str = ""
    is_long_running: bool = False
    tells_source: bool = False

    @property
    def is_action(self) -> bool:
        """Whether it does one thing and ends; it publishes nothing meanwhile."""
        return not self.settings

    @property
    def run_name(self) -> str:
        """The name the job is started by, without a sub-command."""
        return self.job_name.split(" ")[0]

    @property
    def run_args(self) -> list[str]:
        """The sub-command, if it is one."""
        return self.job_name.split(" ")[1:]


def read_capabilities(entries: list[dict[str, Any]]) -> tuple[Capability, ...]:
    """Return the entries of the API in the service's order; keys a plug-in left out get sensible words."""
    return tuple(_capability(entry) for entry in entries)


def words(name: str) -> str:
    """Return a name of the API in words: `target_rpm` becomes `Target rpm`."""
    return name.replace("_", " ").strip().capitalize()


def in_sentence(label: str) -> str:
    """Return a label as it stands inside a sentence: `Stirring` becomes `stirring`, `OD reading` stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _capability(entry: dict[str, Any]) -> Capability:
    automation = str(entry.get("automation_name") or "")
    known = [key for key, _ in GROUPS]
    group = str(entry.get("group") or "")
    label = str(entry.get("label") or words(entry["job_name"]))
    return Capability(
        job_name=entry["job_name"],
        label=f"{label}: {words(automation).lower()}" if automation and "label" not in entry else label,
        help=str(entry.get("help") or ""),
        group=group if group in known else "",
        options=tuple(_option(o) for o in entry.get("options", []) if o["name"] not in _FOR_PROGRAMS),
        arguments=tuple(_argument(argument) for argument in entry.get("arguments", [])),
        settings=tuple(_setting(name, value) for name, value in entry.get("published_settings", {}).items()),
        automation_name=automation,
        is_long_running=bool(entry.get("is_long_running_job")),
        tells_source=any(option["name"] == "source_of_event" for option in entry.get("options", [])),
    )


def _option(entry: dict[str, Any]) -> Option:
    return Option(
        name=entry["name"],
        label=str(entry.get("label") or words(entry["name"])),
        help=str(entry.get("help") or ""),
        type=str(entry.get("type") or "text"),
        default=entry.get("default"),
        required=bool(entry.get("required")),
        multiple=bool(entry.get("multiple")),
        unit=shown_unit(entry.get("unit")),
        limits=(entry.get("min"), entry.get("max")),
        is_first=bool(entry.get("first")),
        choices=tuple((entry.get("choices") or {}).items()),
    )


def _argument(entry: dict[str, Any]) -> Argument:
    name = str(entry["name"])
    return Argument(name, words(name), bool(entry.get("required")), int(entry.get("nargs", 1)) != 1)


def _setting(name: str, entry: dict[str, Any]) -> Setting:
    return Setting(
        name=name,
        label=str(entry.get("label") or words(name)),
        datatype=str(entry.get("datatype") or "text"),
        is_settable=bool(entry.get("settable")),
        unit=shown_unit(entry.get("unit")),
        limits=(entry.get("min"), entry.get("max")),
        choices=tuple((entry.get("choices") or {}).items()),
    )


def shown_unit(unit: str | None) -> str:
    """Return a unit of the API as people write it."""
    return _UNITS.get(unit or "", unit or "")
