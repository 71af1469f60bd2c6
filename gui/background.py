"""Starting coroutines from widgets: the task is kept, ends with its owner, and its failure reaches the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import shiboken6
from PySide6.QtCore import QObject

from gui.service_client import ServiceTroubleError
from gui.toast import toaster_for

_log = logging.getLogger(__name__)
_tasks: set[asyncio.Task[Any]] = set()

OnError = Callable[[ServiceTroubleError], None]


def run(coroutine: Coroutine[Any, Any, Any], owner: QObject, on_error: OnError | None = None) -> asyncio.Task[Any]:
    """Run `coroutine` in the window's loop; return its task.

    Args:
        coroutine: what to do.
        owner: when it is destroyed the task is cancelled.
        on_error: receives what the service refused or could not be asked; a toast shows it when left out. Every other
            exception is a fault of ours and goes to the loop's exception handler.
    """
    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)
    cancel = _Cancel(task)
    owner.destroyed.connect(cancel)
    task.add_done_callback(lambda done: _finish(done, owner, cancel, on_error))
    return task


def under_way() -> frozenset[asyncio.Task[Any]]:
    """Return the tasks that have not ended yet."""
    return frozenset(_tasks)


class _Cancel:
    """Cancels a task; a slot that refers to the task only, so that it keeps no widget alive."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task

    def __call__(self) -> None:
        self._task.cancel()


def _finish(task: asyncio.Task[Any], owner: QObject, cancel: _Cancel, on_error: OnError | None) -> None:
    _tasks.discard(task)
    owner_lives = shiboken6.isValid(owner)
    if owner_lives:
        owner.destroyed.disconnect(cancel)
    if task.cancelled():
        return
    error = task.exception()
    if error is None:
        return
    if not isinstance(error, ServiceTroubleError):
        task.get_loop().call_exception_handler(
            {"message": "A task of the window failed.", "exception": error, "task": task}
        )
    elif not owner_lives:
        _log.info("Nobody is left to show: %s", error)
    elif on_error is not None:
        on_error(error)
    else:
        toaster = toaster_for(owner)
        if toaster is not None:
            toaster.show_trouble(error)
        else:
            _log.warning("%s %s", error.error, error.cause)
