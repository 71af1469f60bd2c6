"""Trying a start without starting: the job looks at what it is given as at a real start, and says what it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.config import ConfigError
from core.errors import ServiceError
from core.jobs.job import Job
from core.jobs.unit_parts import StartPlace
from core.jobs.values import read_options
from core.profiles.unit_place import UnitPlace


@dataclass(frozen=True)
class Finding:
    """What a job says to a start; `fields` are the options it is about."""

    is_error: bool
    message: str
    remedy: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """A start to try; all values are known."""

    job_class: type[Job]
    options: dict[str, Any]
    args: tuple[str, ...]
    overrides: tuple[tuple[str, str, str], ...]
    running: frozenset[str]


class StartTrials:
    """Tries starts on a unit as it is now; the same start is tried once."""

    def __init__(self, place: UnitPlace) -> None:
        self._place = place
        self._known: dict[tuple[Any, ...], list[Finding]] = {}

    def findings(self, trial: Trial) -> list[Finding]:
        """Return what the job says, nothing when it would start."""
        options = json.dumps(trial.options, sort_keys=True, default=str)
        key = (trial.job_class, options, trial.args, trial.overrides, trial.running)
        if key not in self._known:
            self._known[key] = self._look(trial)
        return self._known[key]

    def _look(self, trial: Trial) -> list[Finding]:
        place, declaration = self._place, trial.job_class.declaration
        try:
            config = place.config.with_overrides(trial.overrides)
            job = trial.job_class(config, read_options(declaration, trial.options))
            job.arguments = list(trial.args)
            job.outputs_to_hold()
        except (ConfigError, ServiceError) as error:
            return [_refusal(error)]
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - a plug-in's job
            what = f"{declaration.job_name} cannot be tried: {type(error).__name__}: {error}"
            return [Finding(is_error=False, message=what, remedy="")]
        return [*self._missing_calibrations(job), *self._last_checks(job, trial)]

    def _missing_calibrations(self, job: Job) -> list[Finding]:
        active = self._place.parts.calibrations.active
        missing = [device for device in job.calibrations_needed() if active(device) is None]
        if not missing:
            return []
        listed = ", ".join(device.replace("_", " ") for device in missing)
        what = f"{job.declaration.label} needs an active calibration of: {listed}."
        return [Finding(is_error=True, message=what, remedy="Calibrate, or make a calibration the active one, first.")]

    def _last_checks(self, job: Job, trial: Trial) -> list[Finding]:
        place = self._place
        model = place.parts.models.current
        where = StartPlace(place.parts, place.experiments.active(), model, trial.running, place.store)
        try:
            job.check_start(where)
        except ServiceError as error:
            if job.declaration.is_action:  # what is in the vial will be different by then
                return [Finding(is_error=False, message=f"As things are now: {error.error}", remedy=error.remedy)]
            return [_refusal(error)]
        return []


def _refusal(error: ServiceError) -> Finding:
    return Finding(is_error=True, message=error.error, remedy=error.remedy, fields=tuple(error.extra.get("fields", ())))
