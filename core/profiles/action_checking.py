"""Holding one action against the job it is for: names, limits, and what the job itself refuses."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from core.errors import BadRequestError, NotFoundError, ServiceError
from core.jobs.declaration import JobDeclaration
from core.jobs.job import Job
from core.jobs.registry import AUTOMATION_OPTION
from core.jobs.values import check_arguments, read_options, read_setting
from core.profiles.effects import LED_JOB
from core.profiles.expression_checking import ExpressionChecker
from core.profiles.problems import Place, Problems
from core.profiles.profile import Action, Entry, Kind
from core.profiles.start_trial import StartTrials, Trial
from core.profiles.unit_place import UnitPlace

_TARGET_TEMPERATURE = "target_temperature"


class ActionChecker:
    """Checks actions of one profile, in the order they are due."""

    def __init__(self, place: UnitPlace, expressions: ExpressionChecker, problems: Problems) -> None:
        self._place = place
        self._expressions = expressions
        self._problems = problems
        self._trials = StartTrials(place)

    def start(self, action: Action, job_name: str, running: frozenset[str]) -> type[Job] | None:
        """Check a start; return the job's class, None when it cannot be told which it is.

        Args:
            action: a start, or an update of LEDs.
            job_name: of a job that is known.
            running: names of the jobs that run by then.
        """
        known = {entry.name: self._expressions.known_value(entry, job_name) for entry in action.entries}
        job_class = self._choose(action, job_name, known)
        if job_class is None:
            return None
        declaration = job_class.declaration
        before = len(self._problems.found)
        entries = [entry for entry in action.entries if not _is_automation_name(entry.name)]
        for entry in entries:
            is_known, value = known[entry.name]
            self._check_option(declaration, entry, value if is_known else None, is_known=is_known)
        self._check_missing(declaration, entries, action.place)
        overrides = self._overrides(action, job_name)
        is_all_known = all(is_known for is_known, _ in known.values()) and overrides is not None
        if len(self._problems.found) == before and is_all_known:
            options = {entry.name: known[entry.name][1] for entry in entries}
            self._try_start(action, Trial(job_class, options, action.args, tuple(overrides or ()), running))
        return job_class

    def update(self, action: Action, job_name: str, classes: Iterable[type[Job]]) -> None:
        """Check new settings against the classes the job may be of by then."""
        declarations = [each.declaration for each in classes]
        for entry in action.entries:
            is_known, value = self._expressions.known_value(entry, job_name)
            faults = [self._setting_fault(each, entry, value, is_known=is_known) for each in declarations]
            if faults and all(faults):
                fault = next(each for each in faults if each)
                place = entry.name_place if isinstance(fault, NotFoundError) else entry.place
                self._note(fault, place, entry.name, _names(each for one in declarations for each in one.changeable))

    def target_temperature(self, action: Action, job_name: str) -> None:
        """Note a target that the reactor model's heater never reaches."""
        most_celsius = self._place.parts.models.current.max_temp_to_reduce_heating
        for entry in action.entries:
            if entry.name.replace("-", "_") != _TARGET_TEMPERATURE:
                continue
            is_known, value = self._expressions.known_value(entry, job_name)
            if is_known and isinstance(value, int | float) and not 0 <= value <= most_celsius:
                what = f"{value:g} °C is outside of what this reactor model can hold."
                self._problems.error(entry.place, what, f"Choose 0 to {most_celsius:g} °C.")

    def conditions(self, action: Action, job_name: str) -> None:
        """Check everything of an action that is true or false, and the expressions of a message."""
        for condition in (action.only_if, action.while_, action.wait_until):
            self._expressions.check(condition, job_name)
        for part in action.message:
            if not isinstance(part, str):
                self._expressions.check_part(part, job_name)

    def _choose(self, action: Action, job_name: str, known: dict[str, tuple[bool, Any]]) -> type[Job] | None:
        rules = [name for name in known if _is_automation_name(name)]
        if any(not known[name][0] for name in rules):
            return None
        try:
            options = {name: known[name][1] for name in rules}
            chosen, _, args = self._place.jobs.registry.choose(job_name, options, list(action.args))
            check_arguments(chosen.declaration.arguments, args)
        except ServiceError as error:
            place = next((entry.place for entry in action.entries if _is_automation_name(entry.name)), action.place)
            given = next((str(known[name][1]) for name in rules), "")
            remedy = _did_you_mean(given, error.extra["known"]) if "known" in error.extra else error.remedy
            self._problems.error(place, error.error, remedy)
            return None
        return chosen

    def _check_option(self, declaration: JobDeclaration, entry: Entry, value: Any, *, is_known: bool) -> None:
        try:
            read_options(declaration, {entry.name: value})
        except BadRequestError as error:
            if entry.name not in error.extra.get("fields", ()):
                return  # that others are missing is noted once for all
            if "known" in error.extra:
                self._note(error, entry.name_place, entry.name, error.extra["known"])
            elif is_known:
                self._note(error, entry.place, entry.name, ())

    def _check_missing(self, declaration: JobDeclaration, entries: list[Entry], place: Place) -> None:
        given = {entry.name.replace("-", "_") for entry in entries}
        for option in declaration.options:
            spellings = {option.name, (option.long_flag or option.name).replace("-", "_")}
            if option.required and not spellings & given:
                what = f"{declaration.job_name} needs the option {option.name}: {option.help or option.name}."
                self._problems.error(place, what, f"Add {option.name} under options.")

    def _setting_fault(
        self, declaration: JobDeclaration, entry: Entry, value: Any, *, is_known: bool
    ) -> ServiceError | None:
        declared = declaration.changeable
        try:
            if not is_known and entry.name in declared and declared[entry.name].settable:
                return None
            read_setting(declaration.job_name, declared, entry.name, value)
        except ServiceError as error:
            return error
        return None

    def _overrides(self, action: Action, job_name: str) -> list[tuple[str, str, str]] | None:
        """Return what a start changes of the configuration, None when that is not known beforehand."""
        found = []
        for section, entry in action.overrides:
            is_known, value = self._expressions.known_value(entry, job_name)
            if not is_known:
                return None
            if entry.name not in self._place.config.section(section):
                known = list(self._place.config.section(section))
                what = f"The configuration has no key {entry.name} in section [{section}]."
                self._problems.warning(entry.name_place, what, _did_you_mean(entry.name, known))
            found.append((section, entry.name, str(value)))
        return found

    def _try_start(self, action: Action, trial: Trial) -> None:
        for finding in self._trials.findings(trial):
            place = next((entry.place for entry in action.entries if entry.name in finding.fields), action.place)
            note = self._problems.error if finding.is_error else self._problems.warning
            note(place, finding.message, finding.remedy)

    def _note(self, error: ServiceError, place: Place, name: str, known: Iterable[str]) -> None:
        """Note what was refused, with the name that was perhaps meant."""
        known = list(known)
        self._problems.error(place, error.error, _did_you_mean(name, known) if known else error.remedy)


def refuse_states(action: Action, declaration: JobDeclaration, problems: Problems) -> None:
    """Note that what is done once can be neither paused nor woken."""
    if declaration.is_action and declaration.job_name != LED_JOB and action.kind in (Kind.PAUSE, Kind.RESUME):
        what = f"{declaration.label} is done once; it cannot be put to sleep or woken."
        problems.error(action.place, what, "Use stop to end it early.")


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}?" if near else f"Use {', '.join(known)}." if known else ""


def _names(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _is_automation_name(name: str) -> bool:
    return name.replace("-", "_") == AUTOMATION_OPTION
