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
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from core.app import make_app
from core.bus import BoardChanged, ReadingTaken
from core.clock import timestamp
from core.errors import ServiceError
from core.exits import ExitCode, StartError
from core.http_server import AddressError, HttpServer, PortTakenError, address_of, listen
from core.jobs.runner import StartRequest
from core.owner import OwnedError, Ownership, answers
from core.parent_pipe import ParentPipe
from core.records.time_series import SERIES_UNITS
from core.security import is_loopback, make_token, stored_token_hash
from core.service import Service, ServiceOptions, running_service
from core.version import VERSION

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
    """

    service: ServiceOptions
    host: str
    port: int
    start: tuple[str, ...] = ()
    readings: bool = False
    new_token: bool = False
    has_parent: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)


async def serve(options: ServeOptions) -> None:
    """Run the service until a signal, the window or a refused board ends it.

    Raises:
        StartError: see there.
    """
    with _owning(options) as ownership:
        listener = _listen(options)
        async with AsyncExitStack() as stack:
            stack.callback(listener.close)
            service = await _enter_service(stack, options.service)
            service.address = address_of(listener)
            server = HttpServer(make_app(service, _token_hash(service, options)), options.service.speed)
            await server.start(listener)
            url = f"http://{service.address}"
            # Whoever reads the address may end the service at once: by then it must heed that.
            trouble = _attend(service, options, stack)
            ownership.tell_address(url)
            _say(options.out, url)
            await service.stop_wanted.wait()
            await service.jobs.close()
            service.events.close()
            await server.stop()
        if trouble:
            raise trouble[0]


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


async def _enter_service(stack: AsyncExitStack, options: ServiceOptions) -> Service:
    try:
        return await stack.enter_async_context(running_service(options))
    except ValueError as error:
        raise StartError(ExitCode.USAGE, str(error), "See `vialdesk boards` for what is plugged in.") from error
    except (OSError, sqlite3.Error) as error:
        raise _unusable(options, error) from error


def _token_hash(service: Service, options: ServeOptions) -> str | None:
    """Return the hash every request's token must have, None on loopback; print a token that was made just now."""
    if is_loopback(options.host):
        return None
    stored = stored_token_hash(service.records.store)
    if stored is not None and not options.new_token:
        _say(options.err, "Requests need the token made earlier; --new-token makes another one.")
        return stored
    token = make_token(service.records.store)
    _say(options.err, f"Requests need this token, it is shown only once: {token}")
    return stored_token_hash(service.records.store)


def _attend(service: Service, options: ServeOptions, stack: AsyncExitStack) -> list[StartError]:
    """Begin to heed signals, the window and the board; return where an error that ends the service is put."""
    _heed_signals(service, stack)
    trouble: list[StartError] = []
    if options.has_parent:
        stack.callback(ParentPipe(service).close)
    else:
        service.bus.listen(BoardChanged, lambda event: _heed_refusal(service, event, trouble))
    if options.readings:
        service.bus.listen(ReadingTaken, lambda event: _say(options.out, _line(event)))
    if options.start:
        starting = asyncio.get_running_loop().create_task(_start_jobs(service, options.start), name="first jobs")
        stack.callback(starting.cancel)
    return trouble


def _heed_signals(service: Service, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue

        def stop(*_: object) -> None:
            loop.call_soon_threadsafe(service.stop_wanted.set)

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
