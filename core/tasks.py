"""Tasks: what a request started and answers later (202, then `task_results/{task_id}`).

Results are kept for 24 hours, the newest ten thousand of them, across restarts, outside the data folder. A task that
was cut off by the end of the service is failed, and says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import uuid
from collections.abc import Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.bus import Bus, TaskChanged
from core.clock import Clock
from core.errors import ConflictError, NotFoundError, ServiceError, UnavailableError
from core.records.database import connect, is_unreadable
from core.records.writer import Writer

DEADLINE_S = 30.0
_KEPT_S = 24 * 3600.0
# One every nine seconds, all day long.
_MOST_KEPT = 10_000
_CREATE = "CREATE TABLE IF NOT EXISTS tasks (task_id TEXT PRIMARY KEY, kind TEXT, utc_s REAL, state TEXT, answer TEXT)"
# State of a task whose answer is its will.
_LEFT = "left"
_SAVE = "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?)"

_log = logging.getLogger(__name__)


class LeftToNextInstance(Exception):  # noqa: N818 - no error: what a task's work raises to end this way
    """This task ends in the next instance of the service, which finds `will`."""

    def __init__(self, will: dict[str, Any]) -> None:
        super().__init__("left to the next instance")
        self.will = will


@dataclass
class Task:
    """One task; `answer` holds `result` when complete, `error` and `error_info` when failed.

    A task whose end outlives this instance of the service has a `will`: what the next instance needs to finish it.
    """

    task_id: str
    kind: str
    changed_utc_s: float
    status: str
    answer: dict[str, Any]
    will: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status in ("complete", "failed")

    def body(self) -> dict[str, Any]:
        """Return the body of GET /task_results/{task_id}."""
        path = f"/unit_api/task_results/{self.task_id}"
        return {"task_id": self.task_id, "result_url_path": path, "status": self.status, **self.answer}


class Tasks:
    """Runs tasks and keeps their results; made by `open_tasks`."""

    def __init__(self, path: Path, known: list[Task], bus: Bus, clock: Clock, unit: str) -> None:
        self._known = {task.task_id: task for task in known}
        self._writer = Writer(path)
        self._bus = bus
        self._clock = clock
        self._unit = unit
        self._running: set[asyncio.Task[None]] = set()
        self._can_be_cancelled: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        for task in known:
            if not task.is_over and task.will is None:
                self._fail(task, UnavailableError("The service ended before this was done.", remedy="Start it again."))

    def spawn(
        self,
        kind: str,
        work: Callable[[], Coroutine[Any, Any, dict[str, Any]]],
        deadline_s: float = DEADLINE_S,
        *,
        can_be_cancelled: bool = False,
    ) -> str:
        """Start `work()` and return its task id.

        Args:
            kind: word for logs, such as "jobs/run".
            work: called at once; what its coroutine returns is the result, what it raises fails the task.
            deadline_s: after this many seconds the coroutine is cancelled and the task failed.
            can_be_cancelled: a user may cancel it; the coroutine then leaves nothing half done.
        """
        self._forget_old()
        task = Task(str(uuid.uuid4()), kind, self._clock.utc_s(), "pending", {})
        self._known[task.task_id] = task
        self._tell(task)
        running = asyncio.get_running_loop().create_task(self._run(task, work, deadline_s), name=kind)
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        if can_be_cancelled:
            self._can_be_cancelled[task.task_id] = running
            running.add_done_callback(lambda _: self._forget_running(task.task_id))
        return task.task_id

    def _forget_running(self, task_id: str) -> None:
        del self._can_be_cancelled[task_id]
        self._cancelled.discard(task_id)

    async def cancel(self, task_id: str) -> None:
        """Cancel a task, and return when it has ended.

        Raises:
            NotFoundError: the id is unknown or expired.
            ConflictError: it is over, or of a kind that is not cancelled half-way.
        """
        task = self.get(task_id)
        running = self._can_be_cancelled.get(task_id)
        if running is None:
            cause = "It is over." if task.is_over else f"What {task.kind} does is not cut off half-way."
            raise ConflictError("This task cannot be cancelled.", cause, "Wait for its result.")
        self._cancelled.add(task_id)
        running.cancel()
        await asyncio.wait({running})

    def accepted(self, task_id: str) -> dict[str, Any]:
        """Return the body of the 202 that accepts a request whose work is `task_id`."""
        path = f"/unit_api/task_results/{task_id}"
        return {"unit": self._unit, "task_id": task_id, "result_url_path": path, "status": "accepted"}

    def get(self, task_id: str) -> Task:
        """Return a task; raise NotFoundError when the id is unknown or its result is older than 24 hours."""
        self._forget_old()
        task = self._known.get(task_id)
        if task is None:
            remedy = "Use the task_id of an accepting answer; results are kept for 24 hours."
            raise NotFoundError("No such task.", "The id is not known here or has expired.", remedy)
        return task

    def left_by_former_instance(self) -> list[Task]:
        """Return the tasks that this instance is to finish."""
        return [task for task in self._known.values() if task.will is not None and not task.is_over]

    def complete(self, task: Task, result: dict[str, Any]) -> None:
        """Finish a task that a former instance left."""
        self._move(task, "complete", {"result": result})

    def fail(self, task: Task, error: ServiceError) -> None:
        """Fail a task that a former instance left."""
        self._fail(task, error)

    def all(self) -> list[Task]:
        """Return every task whose result is still kept."""
        return list(self._known.values())

    async def close(self) -> None:
        """Cancel what is running, which fails it, and write everything."""
        for running in tuple(self._running):
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.close)

    async def _run(
        self, task: Task, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]], deadline_s: float
    ) -> None:
        self._move(task, "running", {})
        try:
            async with asyncio.timeout(deadline_s):
                result = await work()
        except TimeoutError:
            what = f"This was not done within {deadline_s:g} s and was given up."
            self._fail(task, UnavailableError(what, remedy="Look into the log for what it waits for, then try again."))
        except ServiceError as error:
            self._fail(task, error)
        except LeftToNextInstance as left:
            task.will = left.will
            self._tell(task)
        except asyncio.CancelledError:
            if task.task_id in self._cancelled:
                self._fail(task, ConflictError("This was cancelled.", "A user asked for that.", "Start it again."))
                return
            self._fail(task, UnavailableError("The service ended before this was done.", remedy="Start it again."))
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the task must end
            _log.exception("Task %s failed", task.kind)
            self._fail(task, ServiceError("This failed because of a fault in Vialdesk.", f"{type(error).__name__}"))
        else:
            self._move(task, "complete", {"result": result})

    def _fail(self, task: Task, error: ServiceError) -> None:
        self._move(task, "failed", error.body())

    def _move(self, task: Task, status: str, answer: dict[str, Any]) -> None:
        task.status, task.answer, task.changed_utc_s = status, answer, self._clock.utc_s()
        self._tell(task)

    def _tell(self, task: Task) -> None:
        is_left = task.will is not None and not task.is_over
        state, answer = (_LEFT, task.will) if is_left else (task.status, task.answer)
        self._writer.write(_SAVE, task.task_id, task.kind, task.changed_utc_s, state, json.dumps(answer))
        self._bus.publish(TaskChanged(task.task_id, task.status, task.answer.get("error")))

    def _forget_old(self) -> None:
        """Forget from the oldest on: what was over 24 hours ago, and what is too much to keep."""
        oldest = self._clock.utc_s() - _KEPT_S
        while self._known:
            task = next(iter(self._known.values()))
            if not task.is_over or (task.changed_utc_s >= oldest and len(self._known) <= _MOST_KEPT):
                return
            del self._known[task.task_id]
            self._writer.write("DELETE FROM tasks WHERE task_id = ?", task.task_id)


async def open_tasks(path: Path, bus: Bus, clock: Clock, unit: str) -> Tasks:
    """Open or begin the file of tasks at `path`; one that cannot be read is replaced by an empty one."""
    known = await asyncio.get_running_loop().run_in_executor(None, _load, path)
    return Tasks(path, known, bus, clock, unit)


def _load(path: Path) -> list[Task]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _read(path)
    except (sqlite3.DatabaseError, ValueError) as error:
        if not is_unreadable(error):
            raise
        _log.warning("The results of earlier tasks could not be read and are gone (%s).", error)
        for part in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            part.unlink(missing_ok=True)
        return _read(path)


def _read(path: Path) -> list[Task]:
    with closing(connect(path)) as connection:
        connection.execute(_CREATE)
        rows = connection.execute("SELECT task_id, kind, utc_s, state, answer FROM tasks ORDER BY utc_s").fetchall()
    return [_task(task_id, kind, utc_s, state, json.loads(answer)) for task_id, kind, utc_s, state, answer in rows]


def _task(task_id: str, kind: str, utc_s: float, state: str, answer: dict[str, Any]) -> Task:
    if state == _LEFT:
        return Task(task_id, kind, utc_s, "running", {}, will=answer)
    return Task(task_id, kind, utc_s, state, answer)
