"""Instances of the service, one after another in one process on one address.

A restart takes everything apart and puts it together anew from what is on the disk: configuration, records, jobs, link,
HTTP application. What stays is the process, so that the window that started it goes on watching it, the lock of the
data folder, and the listening socket. Only an update of the program needs another process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

from core.app import make_app
from core.security import Access
from core.service import Restart, Service, ServiceOptions, running_service
from core.system.import_swap import recover_import, undo_import
from core.system.left_tasks import finish_left_tasks
from core.system.update import installed_version
from core.web_server import WebServer

_log = logging.getLogger(__name__)


class NotStartedError(Exception):
    """An instance did not start; what was in the way is its `__cause__`."""


class Instances:
    """Runs a service until it is told to stop.

    Args:
        access: returns who may ask an instance.
        attend: called with each instance as soon as it answers; what it puts on the stack is undone when that ends.

    Attributes:
        options: of the instance that runs, or is about to.
        answers: set once the first instance answers.
        needs_new_process: the next instance must run in another process, because the program was updated.
    """

    def __init__(
        self,
        options: ServiceOptions,
        web: WebServer,
        access: Callable[[Service], Access],
        attend: Callable[[Service, AsyncExitStack], None] | None = None,
    ) -> None:
        self.options = options
        self._web = web
        self._access = access
        self._attend = attend
        self._is_ending = False
        self._service: Service | None = None
        self.answers = asyncio.Event()
        self.needs_new_process = False

    @property
    def service(self) -> Service:
        """The instance that runs now; there is none in the middle of a restart."""
        if self._service is None:
            raise RuntimeError("no instance of the service runs")
        return self._service

    def stop(self) -> None:
        """Have the service end, also in the middle of a restart."""
        self._is_ending = True
        if self._service is not None:
            self._service.stop_wanted.set()

    def stop_for_good(self) -> None:
        """Have the service end because its user wants everything stopped: nothing is to be resumed."""
        if self._service is not None:
            self._service.interrupted.forget_running()
        self.stop()

    async def run(self) -> None:
        """Run instances until the last one was told to end.

        Raises:
            NotStartedError: an instance could not start.
        """
        version = await asyncio.to_thread(installed_version)
        while not self._is_ending:
            try:
                restart = await self._run_one()
            except NotStartedError as error:
                if not await asyncio.to_thread(undo_import, self.options.data_dir, str(error.__cause__)):
                    raise
                continue
            if restart is None:
                return
            if restart.between is not None:
                try:
                    await asyncio.to_thread(restart.between)
                except OSError as error:
                    _log.error("%s", error)  # the next instance tells what became of it
            if await asyncio.to_thread(installed_version) != version:
                self.needs_new_process = True
                return

    async def _run_one(self) -> Restart | None:
        async with AsyncExitStack() as stack:
            service = await self._start(stack)
            await finish_left_tasks(service)
            service.interrupted.begin(service.board_link)
            service.address, service.web, service.access = self._web.address, self._web, self._access(service)
            await self._web.answer_by(make_app(service))
            stack.push_async_callback(self._web.pause)
            self._service = service
            stack.callback(self._forget_service)
            if self._attend is not None:
                self._attend(service, stack)
            self.answers.set()
            await service.stop_wanted.wait()
            await service.jobs.close()
            service.events.close()
            await self._web.pause()
            restart = service.restart
            if restart is not None:
                self.options = _as_it_is(service, restart)
        return None if self._is_ending else restart

    async def _start(self, stack: AsyncExitStack) -> Service:
        try:
            await asyncio.to_thread(recover_import, self.options.data_dir)
            return await stack.enter_async_context(running_service(self.options))
        except Exception as error:
            raise NotStartedError(str(error)) from error

    def _forget_service(self) -> None:
        self._service = None


def _as_it_is(service: Service, restart: Restart) -> ServiceOptions:
    """Return the options of the next instance: the board of now, and bent time going on."""
    options = service.options
    is_bent = options.epoch_utc_s is not None or options.speed != 1.0
    epoch_utc_s = service.clock.utc_s() if is_bent else None
    return replace(options, board_url=restart.board_url, epoch_utc_s=epoch_utc_s)
