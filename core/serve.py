"""`vialdesk serve`: owns the data folder, runs the service and answers on a port until told to end.

Whatever goes wrong before it is up raises a `StartError` with an exit code and a message a person can act on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TextIO

from core.bus import BoardChanged, ReadingTaken
from core.clock import timestamp
from core.errors import ServiceError
from core.exits import ExitCode, StartError
from core.http_server import AddressError, PortTakenError, listen, reachable
from core.instances import Instances, NotStartedError
from core.jobs.runner import StartRequest
from core.owner import OwnedError, Ownership, answers
from core.parent_pipe import ParentPipe
from core.records.time_series import SERIES_UNITS
from core.security import Access, is_loopback, stored_access
from core.service import Service, ServiceOptions
from core.version import VERSION
from core.web_server import WebServer

_log = logging.getLogger(__name__)

_FOLDER_REMEDY = (
    "See that its disk has space and that no other program uses its files, or choose a folder you may write to with "
    "--data."
)


@dataclass(frozen=True)
class ServeOptions:
    """What the command line of `serve` says.

    Attributes:
        port: 0 picks a free one.
        start: names of jobs to start as soon as the board can be used.
        readings: print every reading.
        new_token: make a new access token although there is one.
        has_parent: a window started this and speaks over stdin; see `ParentPipe`.
        window_token: what that window's requests carry where a token is needed; None where no window started this.
    """

    service: ServiceOptions
    host: str
    port: int
    start: tuple[str, ...] = ()
    readings: bool = False
    new_token: bool = False
    has_parent: bool = False
    window_token: str | None = None
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)


async def serve(options: ServeOptions) -> int | None:
    """Run the service until a signal, the window or a refused board ends it.

    Returns:
        None; or, when the program was updated and is to go on in a new process, the port it has to listen on.

    Raises:
        StartError: see there.
    """
    # What is printed by anyone else, such as a plug-in, must not come between the lines that other programs read.
    with _owning(options) as ownership, redirect_stdout(options.err):
        web = WebServer(_listen(options), options.service.speed)
        async with AsyncExitStack() as stack:
            stack.callback(web.close)
            serving = _Serving(options, web, ownership)
            serving.heed_signals_and_window(stack)
            try:
                await serving.instances.run()
            except NotStartedError as error:
                raise _not_started(error, serving.instances) from error
        if serving.trouble:
            raise serving.trouble[0]
        return web.port if serving.instances.needs_new_process else None


class _Serving:
    """What `serve` does around the instances of the service, of which there is one after each restart."""

    def __init__(self, options: ServeOptions, web: WebServer, ownership: Ownership) -> None:
        self._options = options
        self._ownership = ownership
        self._access: Access | None = None
        self._is_first = True
        self.trouble: list[StartError] = []
        self.instances = Instances(options.service, web, self._access_of, self._attend)

    def heed_signals_and_window(self, stack: AsyncExitStack) -> None:
        """End the service when a signal or the window says so."""
        _heed_signals(self.instances.stop, stack)
        if self._options.has_parent:
            stack.callback(ParentPipe(self.instances.stop, self.instances.stop_for_good).close)

    def _access_of(self, service: Service) -> Access:
        """Return who may ask; a restart changes nothing about it, also when the records are others after an import."""
        if self._access is None:
            self._access = _access(service, self._options)
        else:
            self._access.keep(service.records.store)
        return self._access

    def _attend(self, service: Service, stack: AsyncExitStack) -> None:
        """Tell where the service answers, and heed the board."""
        options, is_first = self._options, self._is_first
        self._is_first = False
        url = f"http://{reachable(service.address)}"
        if options.readings:
            service.bus.listen(ReadingTaken, lambda event: _say(options.out, _line(event)))
        if not is_first:
            return
        if not options.has_parent:
            service.bus.listen(BoardChanged, lambda event: _heed_refusal(service, event, self.trouble))
            _heed_refusal(service, BoardChanged(service.board_link.describe()), self.trouble)  # it may be known already
        if options.start:
            starting = asyncio.get_running_loop().create_task(_start_jobs(service, options.start), name="first jobs")
            stack.callback(starting.cancel)
        self._ownership.tell_address(url)
        _say(options.out, url)


def _not_started(error: NotStartedError, instances: Instances) -> StartError:
    cause = error.__cause__
    if isinstance(cause, ValueError):
        return StartError(ExitCode.USAGE, str(cause), "See `vialdesk boards` for what is plugged in.")
    if isinstance(cause, OSError | sqlite3.Error):
        return _unusable(instances.options, cause)
    raise cause or error


@contextmanager
def _owning(options: ServeOptions) -> Iterator[Ownership]:
    data_dir = options.service.data_dir
    try:
        ownership = Ownership(data_dir, VERSION)
    except OwnedError as error:
        raise _owned(error) from error
    except OSError as error:
        raise _unusable(options.service, error) from error
    try:
        yield ownership
    finally:
        ownership.release()


def _owned(error: OwnedError) -> StartError:
    owner = error.owner
    if owner and owner.url and answers(owner.url):
        remedy = f"Use it with `vialdesk --attach {owner.url}`, or choose another folder with --data."
    elif owner:
        remedy = f"It does not answer; end process {owner.pid}, then start again."
    else:
        remedy = "End it first, or choose another folder with --data."
    return StartError(ExitCode.FOLDER_OWNED, str(error), remedy)


def _unusable(options: ServiceOptions, error: Exception) -> StartError:
    what = f"The data folder {options.data_dir} cannot be used ({error})."
    return StartError(ExitCode.FOLDER_UNUSABLE, what, _FOLDER_REMEDY)


def _listen(options: ServeOptions) -> socket.socket:
    try:
        return listen(options.host, options.port)
    except PortTakenError as error:
        remedy = "Choose another one with --port, or 0 for any free one."
        raise StartError(ExitCode.PORT_TAKEN, str(error), remedy) from error
    except AddressError as error:
        remedy = "Choose another one with --host and --port."
        raise StartError(ExitCode.USAGE, str(error), remedy) from error


def _access(service: Service, options: ServeOptions) -> Access:
    """Return who may ask; print a token that was made just now, where a person and not a window started this."""
    if is_loopback(options.host):
        return Access()
    access = stored_access(service.records.store, options.window_token)
    if options.new_token or (access.token_hash is None and options.window_token is None):
        token = access.renew(service.records.store, service.clock.utc_s())
        _say(options.err, f"Requests need this token, it is shown only once: {token}")
    elif options.window_token is None:
        _say(options.err, "Requests need the token made earlier; --new-token makes another one.")
    return access


def _heed_signals(stop_service: Callable[[], None], stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue

        def stop(*_: object) -> None:
            loop.call_soon_threadsafe(stop_service)

        former = signal.signal(number, stop)
        stack.callback(signal.signal, number, former)


def _heed_refusal(service: Service, event: BoardChanged, trouble: list[StartError]) -> None:
    """End when the board given on the command line is refused before it was ever reached."""
    board = event.board
    if board["state"] == "refused" and board.get("firmware_version") is None:
        remedy = str(board["remedy"])
        trouble.append(StartError(ExitCode.BOARD_REFUSED, f"{board['url']}: {board['detail']}.", remedy))
        service.stop_wanted.set()


async def _start_jobs(service: Service, names: tuple[str, ...]) -> None:
    usable = asyncio.Event()
    if service.board_link.is_usable:
        usable.set()
    service.bus.listen(BoardChanged, lambda event: usable.set() if event.board["link"] != "disconnected" else None)
    await usable.wait()
    for name in names:
        try:
            service.jobs.start(StartRequest(name))
        except ServiceError as error:
            _log.error("%s was not started: %s %s", name, error.error, error.remedy)


def _line(event: ReadingTaken) -> str:
    unit = SERIES_UNITS.get(event.series, "")
    return f"{timestamp(event.utc_s)} {event.series} {event.value:.6g} {unit}".rstrip()


def _say(where: TextIO, line: str) -> None:
    """Print a line at once; a reader that has gone does not stop the service.

    Text and line end go out in one write: the log's thread writes to the same terminal, and in between its line would
    end up glued to this one, which made a token unreadable.
    """
    try:
        where.write(f"{line}\n")
        where.flush()
    except (OSError, ValueError):
        _log.debug("Nobody reads what is printed.")
