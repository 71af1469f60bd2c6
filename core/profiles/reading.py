"""Reading a profile's text: form, keys, times and expressions. What jobs there are is looked at in `checking`."""

from __future__ import annotations

import re

from core.profiles.action_reading import read_actions
from core.profiles.fields import Fields, given
from core.profiles.problems import Place, Problems
from core.profiles.profile import Entry, JobPlan, PluginRequirement, Profile
from core.safe_yaml import Placed, UnsafeYamlError, read_placed_yaml

MOST_CHARACTERS = 256 * 1024
MOST_ACTIONS = 2000
LANGUAGE_VERSIONS = ("1.0",)
_KEYS = (
    "version",
    "experiment_profile_name",
    "metadata",
    "plugins",
    "inputs",
    "common",
    "pioreactors",
)
_INPUT = re.compile(r"[A-Za-z_$][A-Za-z0-9_]*", re.ASCII)
_REQUIREMENT = re.compile(r"(==|>=|<=)?\s*([0-9A-Za-z.!+_-]+)", re.ASCII)
_JOB = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


def read_profile(text: str) -> tuple[Profile | None, Problems]:
    """Return the profile in a text, None when its form is so wrong that nothing can be told, and every problem."""
    problems = Problems()
    if len(text) > MOST_CHARACTERS:
        problems.error(Place(), f"A profile has at most {MOST_CHARACTERS} characters.", "Split it in several profiles.")
        return None, problems
    try:
        placed = read_placed_yaml(text)
    except UnsafeYamlError as error:
        problems.error(Place(error.line or 1, error.column or 1), f"This is not YAML: {error}.")
        return None, problems
    if placed is None or placed.value is None:
        problems.error(Place(), "The profile is empty.", "Begin with version and experiment_profile_name.")
        return None, problems
    if not isinstance(placed.value, dict):
        problems.error(Place.of(placed), "A profile is a mapping: keys with values, one below the other.")
        return None, problems
    return _profile(Fields(placed, "The profile", problems)), problems


def _profile(fields: Fields) -> Profile:
    fields.refuse_unknown(_KEYS)
    _check_version(fields)
    name = fields.text("experiment_profile_name")
    if not name.strip():
        fields.problems.error(fields.place_of("experiment_profile_name"), "experiment_profile_name is missing.")
    metadata = Fields(fields.get("metadata"), "metadata", fields.problems)
    plans = _plans(Fields(fields.get("common"), "common", fields.problems), None)
    labels: dict[str, str] = {}
    units: dict[str, Place] = {}
    of_units = Fields(fields.get("pioreactors"), "pioreactors", fields.problems)
    for unit, placed in of_units.items.items():
        section = Fields(placed, f"pioreactors, {unit}", fields.problems, Place.of(unit))
        units[str(unit)] = Place.of(unit)
        section.refuse_unknown(("label", "jobs"))
        if section.has("label"):
            labels[str(unit)] = section.text("label")
        plans += _jobs(section, str(unit))
    _refuse_too_many(plans, fields.problems)
    return Profile(
        name,
        author=metadata.text("author"),
        description=metadata.text("description"),
        inputs=_inputs(fields),
        plugins=tuple(_plugins(fields)),
        labels=labels,
        units=units,
        plans=tuple(plans),
    )


def _check_version(fields: Fields) -> None:
    placed = fields.get("version")
    remedy = f'Write version: "{LANGUAGE_VERSIONS[-1]}", with the quotation marks.'
    if placed is None:
        fields.problems.error(fields.place, "version is missing: the version of the profile language.", remedy)
    elif not isinstance(placed.value, str):
        fields.problems.error(Place.of(placed), f"version must be a text, not the number {placed.text}.", remedy)
    elif placed.value not in LANGUAGE_VERSIONS:
        fields.problems.error(Place.of(placed), f"Version {placed.value[:20]!r} of the language is not known.", remedy)


def _plans(common: Fields, unit: str | None) -> list[JobPlan]:
    common.refuse_unknown(("jobs",))
    return _jobs(common, unit)


def _jobs(section: Fields, unit: str | None) -> list[JobPlan]:
    jobs = Fields(section.get("jobs"), "jobs", section.problems)
    return [_job(str(name), Place.of(name), placed, unit, section.problems) for name, placed in jobs.items.items()]


def _job(name: str, place: Place, placed: Placed, unit: str | None, problems: Problems) -> JobPlan:
    if not _JOB.fullmatch(name):
        problems.error(place, f"{name[:60]!r} is no name of a job.", "Use lower-case letters, digits and _.")
    fields = Fields(placed, f"Job {name}", problems, place)
    fields.refuse_unknown(("description", "actions"))
    actions = read_actions(fields, name)
    if not actions and not problems.has_errors:
        problems.warning(place, f"Job {name} has no actions: nothing happens to it.")
    return JobPlan(unit, name, place, actions, fields.text("description"))


def _inputs(fields: Fields) -> dict[str, Entry]:
    found = {}
    section = Fields(fields.get("inputs"), "inputs", fields.problems)
    for key, placed in section.items.items():
        if not _INPUT.fullmatch(key):
            fields.problems.error(Place.of(key), f"{str(key)[:60]!r} cannot be an input's name: expressions name it.")
        value = given(placed, fields.problems)
        if not isinstance(value, bool | int | float | str):
            fields.problems.error(Place.of(placed), "The value of an input is a number, a text, true or false.")
            continue
        found[str(key)] = Entry(str(key), value, Place.of(key), Place.of(placed))
    return found


def _plugins(fields: Fields) -> list[PluginRequirement]:
    found = []
    for placed in fields.list("plugins"):
        section = Fields(placed, "A plug-in", fields.problems)
        name, version = section.text("name"), section.text("version")
        form = _REQUIREMENT.fullmatch(version.strip()) if version else None
        if not name:
            fields.problems.error(section.place, "The name of the plug-in is missing.")
        elif version and form is None:
            remedy = "Write it as 1.2.0, ==1.2.0, >=1.2.0 or <=1.2.0, in quotation marks."
            fields.problems.error(section.place_of("version"), f"{version[:40]!r} is no version.", remedy)
        else:
            operator = (form[1] or "==") if form else ""
            found.append(PluginRequirement(name, operator, form[2] if form else "", section.place))
    return found


def _refuse_too_many(plans: list[JobPlan], problems: Problems) -> None:
    everything = [each for plan in plans for action in plan.actions for each in action.everything()]
    if len(everything) > MOST_ACTIONS:
        place = everything[MOST_ACTIONS].place
        problems.error(place, f"A profile has at most {MOST_ACTIONS} actions.", "Use repeat, or several profiles.")
    if not everything and not problems.has_errors:
        problems.warning(Place(), "The profile has no actions: nothing will happen.")
