"""A measuring session: stirring and optical density together, started and stopped with one click."""

from __future__ import annotations

from collections.abc import Coroutine
from functools import partial
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal

from gui import background
from gui.service_client import ServiceClient
from gui.unit import Unit

# In this order: the culture is mixed before it is measured.
SESSION_JOBS = ("stirring", "od_reading")


class Session(QObject):
    """Starts and stops jobs for the Live page, and tells what is under way.

    Signals:
        changed: what is pending, or which jobs run, changed.
    """

    changed = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._pending: dict[str, str] = {}
        unit.jobs_changed.connect(self.changed)
        unit.connection_changed.connect(self.changed)

    def pending(self, job: str) -> str | None:
        """Return "starting" or "stopping" while that is under way for a job, else None."""
        return self._pending.get(job)

    @property
    def is_measuring(self) -> bool:
        """Whether every job of a session runs."""
        return all(self._unit.is_running(job) for job in SESSION_JOBS)

    @property
    def is_pending(self) -> bool:
        """Whether a session's job is being started or stopped."""
        return any(job in self._pending for job in SESSION_JOBS)

    def start(self) -> None:
        """Start what does not run yet of a session; the service makes an experiment when none is active."""
        self.start_jobs(*(job for job in SESSION_JOBS if not self._unit.is_running(job)))

    def stop(self) -> None:
        """Stop optical density and stirring."""
        self.stop_jobs(*reversed(SESSION_JOBS))

    def start_jobs(self, *jobs: str) -> None:
        """Start jobs with their defaults, one after the other."""
        self._begin("starting", jobs, self._start(jobs))

    def stop_jobs(self, *jobs: str) -> None:
        """Stop jobs by name."""
        self._begin("stopping", jobs, self._stop(jobs))

    def _begin(self, word: str, jobs: tuple[str, ...], work: Coroutine[Any, Any, None]) -> None:
        self._pending.update(dict.fromkeys(jobs, word))
        self.changed.emit()
        task = background.run(work, self)
        task.add_done_callback(partial(self._done, jobs))

    def _done(self, jobs: tuple[str, ...], _: object) -> None:
        for job in jobs:
            self._pending.pop(job, None)
        if shiboken6.isValid(self):
            self.changed.emit()

    async def _start(self, jobs: tuple[str, ...]) -> None:
        for job in jobs:
            await self._client.run_task(f"/unit_api/jobs/run/job_name/{job}", {"options": {}})

    async def _stop(self, jobs: tuple[str, ...]) -> None:
        for job in jobs:
            await self._client.run_task("/unit_api/jobs/stop", {"job_name": job})
