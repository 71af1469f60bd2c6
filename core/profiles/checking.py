"""Holding a profile against what this unit can do: jobs, options, settings, limits, calibrations, plug-ins."""

from __future__ import annotations

import difflib
import re
from typing import Any

from core.jobs.declaration import JobDeclaration
from core.jobs.job import Job
from core.profiles.action_checking import ActionChecker, refuse_states
from core.profiles.effects import LED_JOB
from core.profiles.expression_checking import ExpressionChecker
from core.profiles.problems import Place, Problems
from core.profiles.profile import ORDER, Action, JobPlan, Kind, PluginRequirement, Profile
from core.profiles.unit_place import UnitPlace

# What a job is of no use without: by its name, or its name and its rule's.
_NEEDS = {
    "growth_rate_calculating": "od_reading",
    "dosing_automation turbidostat": "od_reading",
    "dosing_automation pid_morbidostat": "growth_rate_calculating",
}


def check_profile(
    profile: Profile, place: UnitPlace, problems: Problems, inputs: dict[str, Any], running: set[str]
) -> None:
    """Note everything in a profile that this unit cannot do, or that is doubtful.

    Args:
        profile: what was read.
        place: the unit.
        problems: what was found so far; more is added.
        inputs: values instead of the profile's own.
        running: names of the jobs that run when it begins.
    """
    for requirement in profile.plugins:
        _check_plugin(requirement, place.plugin_versions(), problems)
    plans = profile.plans_of(place.unit)
    for unit, where in profile.units.items():
        if unit != place.unit:
            what = f"{unit} is not this unit, which is called {place.unit}: what is planned for it is left out."
            problems.warning(where, what, "Plan it under common to have it done on any unit.")
    known = {name: entry.value for name, entry in profile.inputs.items() if entry.is_known} | inputs
    _Checker(place, problems, known, running).check(plans)


class _Checker:
    """Goes through the plans of one unit in the order things are due."""

    def __init__(self, place: UnitPlace, problems: Problems, inputs: dict[str, Any], running: set[str]) -> None:
        self._place = place
        self._problems = problems
        self._actions = ActionChecker(place, ExpressionChecker(place, inputs, problems), problems)
        # By job: what it may be of by now, and since which line it runs.
        self._started: dict[str, set[type[Job]]] = {}
        self._running: dict[str, int] = dict.fromkeys(running, 0)

    def check(self, plans: list[JobPlan]) -> None:
        """Check all plans together, because what one job needs is another job."""
        known = [plan for plan in plans if self._is_known(plan)]
        due = [(action.at_s, ORDER[action.kind], plan, action) for plan in known for action in plan.actions]
        for _, _, plan, action in sorted(due, key=lambda each: each[:2]):
            self._check(plan.job_name, action, is_sure=action.only_if is True)

    def _is_known(self, plan: JobPlan) -> bool:
        names = sorted({each.declaration.row_name for each in self._place.jobs.registry.classes})
        if plan.job_name in names or all(action.kind is Kind.LOG for action in plan.actions):
            return True
        near = difflib.get_close_matches(plan.job_name, names, 1)
        remedy = f"Did you mean {near[0]}?" if near else f"Use {', '.join(names)}."
        self._problems.error(plan.place, f"There is no job {plan.job_name!r} on this unit.", remedy)
        return False

    def _check(self, job_name: str, action: Action, *, is_sure: bool) -> None:
        """Check one action; `is_sure` when it will be done at its time, whatever happens."""
        self._actions.conditions(action, job_name)
        self._actions.target_temperature(action, job_name)
        if action.kind is Kind.LOG:
            return
        if action.kind in (Kind.WHEN, Kind.REPEAT):
            for inner in action.actions:
                self._check(job_name, inner, is_sure=False)
        elif action.kind is Kind.START or (action.kind is Kind.UPDATE and job_name == LED_JOB):
            self._start(job_name, action, is_sure=is_sure)
        else:
            self._change(job_name, action, is_sure=is_sure)

    def _start(self, job_name: str, action: Action, *, is_sure: bool) -> None:
        job_class = self._actions.start(action, job_name, frozenset(self._running))
        line = self._running.get(job_name)
        lasts = job_class is None or not job_class.declaration.is_action
        if line is not None and is_sure and lasts:
            since = f"since line {line}" if line else "already, before the profile"
            what = f"{job_name} runs {since}: this start will be refused."
            self._problems.warning(action.place, what, "Stop it first, or update it.")
        if job_class is not None:
            self._started.setdefault(job_name, set()).add(job_class)
            self._miss(job_class.declaration, action.place)
        if lasts or job_name == LED_JOB:
            self._running[job_name] = action.place.line

    def _miss(self, declaration: JobDeclaration, place: Place) -> None:
        """Note that what a job needs does not run by then."""
        name = declaration.job_name
        needed = _NEEDS.get(name) or _NEEDS.get(f"{name} {declaration.automation_name}")
        if needed is not None and needed not in self._running:
            self._problems.warning(place, f"{declaration.label} needs {needed}, which does not run by then.")

    def _change(self, job_name: str, action: Action, *, is_sure: bool) -> None:
        registered = [each for each in self._place.jobs.registry.classes if each.declaration.row_name == job_name]
        classes = self._started.get(job_name) or set(registered)
        if action.kind is Kind.UPDATE:
            self._actions.update(action, job_name, classes)
        for each in registered[:1]:
            refuse_states(action, each.declaration, self._problems)
        if job_name not in self._running and is_sure and job_name not in self._started:
            self._problems.warning(action.place, f"{job_name} is never started before this {action.kind.value}.")
        elif job_name not in self._running and is_sure:
            self._problems.warning(action.place, f"{job_name} is stopped already when this {action.kind.value} is due.")
        if action.kind is Kind.STOP and is_sure:
            self._running.pop(job_name, None)


def _check_plugin(requirement: PluginRequirement, loaded: dict[str, str], problems: Problems) -> None:
    versions = {_canonical(name): version for name, version in loaded.items()}
    version = versions.get(_canonical(requirement.name))
    if version is None:
        remedy = "Install it on the Plugins page."
        problems.error(requirement.place, f"The plug-in {requirement.name} is not loaded on this unit.", remedy)
    elif requirement.operator and not _fits(version, requirement.operator, requirement.version):
        what = (
            f"{requirement.name} is of version {version or 'unknown'}; {requirement.operator}{requirement.version} is"
        )
        problems.error(requirement.place, f"{what} needed.", "Install that version on the Plugins page.")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _fits(version: str, operator: str, wanted: str) -> bool:
    have, want = _parts(version), _parts(wanted)
    return {"==": have == want, ">=": have >= want, "<=": have <= want}[operator]


def _parts(version: str) -> tuple[tuple[int, str], ...]:
    """Return a version in a form that can be compared: numbers by their value, everything else by its letters."""
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower())
    numbers = [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
    while numbers and numbers[-1] == (0, ""):
        numbers.pop()
    return tuple(numbers)
