"""What jobs of this unit publish, for expressions in profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.bioreactor.bioreactors import Bioreactors
from core.jobs.declaration import STATE_SETTING
from core.jobs.state import JobState
from core.profiles.evaluation import EvaluationError, MissingValueError

BIOREACTOR = "bioreactor"


class PublishedValues:
    """Looks values up.

    Args:
        settings_of: published settings of the running job of a name, None when it does not run.
        bioreactor: what is in the vial; asked for as if it were a job called `bioreactor`.
        experiment: the run's.
    """

    def __init__(
        self,
        unit: str,
        experiment: str,
        settings_of: Callable[[str], dict[str, Any] | None],
        bioreactor: Bioreactors,
    ) -> None:
        self._unit = unit
        self._experiment = experiment
        self._settings_of = settings_of
        self._bioreactor = bioreactor

    def look_up(self, unit: str | None, job_name: str, setting: str) -> Any:
        """Return a value as JSON has it.

        Raises:
            EvaluationError: another unit is asked for.
            MissingValueError: the job does not run, or has no such value yet.
        """
        if unit is not None and unit != self._unit:
            raise EvaluationError(f"{unit} is another unit; this one is {self._unit}")
        if job_name == BIOREACTOR:
            values: dict[str, Any] | None = dict(self._bioreactor.values(self._experiment))
        else:
            values = self._settings_of(job_name)
        if values is None and setting == STATE_SETTING:
            return JobState.DISCONNECTED.value
        if values is None:
            raise MissingValueError(f"{job_name} is not running")
        if setting not in values:
            raise MissingValueError(f"{job_name} publishes no {setting}, or has not yet")
        return values[setting]
