"""Dry runs of the service: one at a time, in a process of its own, with a folder that vanishes afterwards."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.bus import Bus, DryRunProgressed
from core.clock import Clock
from core.disk_room import refuse_no_room
from core.dry_run.plan import DryRunPlan
from core.dry_run.process import DryRunFailedError, DryRunProcess
from core.errors import ConflictError
from core.folders import DataFolder
from core.to_the_end import to_the_end

DEADLINE_S = 1800.0


class DryRuns:
    """Makes dry runs.

    Attributes:
        is_under_way: whether one goes on now.
    """

    def __init__(self, data_dir: Path, bus: Bus, clock: Clock) -> None:
        self._data_dir = data_dir
        self._bus = bus
        self._clock = clock
        self.is_under_way = False

    def claim(self) -> None:
        """Take the place of the one dry run there can be; raise ConflictError when another one goes on."""
        if self.is_under_way:
            cause = "One goes on at a time, so that the culture is not kept waiting."
            raise ConflictError("A dry run is under way.", cause, "Wait for its end, or cancel it.")
        self.is_under_way = True

    async def make(self, plan: DryRunPlan, task_id: Callable[[], str]) -> dict[str, Any]:
        """Return the result of a plan, whose work folder is set here; cancelled or failed, nothing is left of it.

        Raises:
            DryRunFailedError: it came to no result.
        """
        scratch = self._data_dir / DataFolder.WORK / f"dry-run-{uuid.uuid4().hex[:12]}"
        plan = replace(plan, work_dir=str(scratch))
        loop = asyncio.get_running_loop()

        def tell(progress: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(lambda: self._bus.publish(DryRunProgressed(task_id(), **progress)))

        try:
            path = await to_the_end(lambda: _write(plan, scratch))
            process = DryRunProcess(path, self._clock.utc_s(), tell)
            return await to_the_end(process.finish, process.kill)
        finally:
            self.is_under_way = False
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))


def _write(plan: DryRunPlan, scratch: Path) -> Path:
    try:
        scratch.mkdir(parents=True)
        refuse_no_room(scratch)
        return plan.write()
    except OSError as error:
        raise DryRunFailedError(
            "The dry run was not begun.", f"{error.strerror}.", "See that the disk has space."
        ) from error
