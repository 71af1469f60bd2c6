"""The service as the window's child process: started, found when it runs already, watched, started again, stopped.

Free of Qt: it needs a running asyncio loop, nothing more. The child is the same program. It learns over its stdin what
to do when the window dies; whatever becomes of the window, the pipe then ends and the service acts on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from core.cli import COMMANDS, run_command
from core.exits import ExitCode
from core.folders import default_data_dir
from core.owner import answers, find_owner
from core.tokens import WINDOW_TOKEN, new_token

__all__ = ["COMMANDS", "EmbeddedError", "EmbeddedService", "ExitCode", "ServiceAddress", "run_command"]

WhenWindowDies = Literal["keep", "stop"]

_START_WITHIN_S = 30.0
_STOP_WITHIN_S = 10.0
_HUNG_WITHIN_S = 1.0
_ATTACH_WITHIN_S = 10.0
_LOOK_AGAIN_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_SOUND_AFTER_S = 60.0
_STDERR = "logs/service.err"
_FOLDER_REMEDY = "Make it a folder you may write to, on a disk with free space, or start with another one: --data DIR."
_T = TypeVar("_T")


class EmbeddedError(Exception):
    """The service could not be started; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


class _OwnedMeanwhileError(EmbeddedError):
    """Another service took the data folder first."""


@dataclass(frozen=True)
class ServiceAddress:
    """Where a service answers.

    Attributes:
        url: such as `http://127.0.0.1:4999`.
        found_running: it ran before it was asked for, and is not ours to restart.
        token: what requests carry; "" where it is not known, or none is needed.
    """

    url: str
    found_running: bool = False
    token: str = ""


class _Child:
    """One run of the service; `over` holds its exit code once it is gone, negative for a signal."""

    def __init__(self, command: Sequence[str], token: str, stderr: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.first_line: asyncio.Future[str] = loop.create_future()
        self.over: asyncio.Future[int] = loop.create_future()
        self._stderr = stderr
        stderr.parent.mkdir(parents=True, exist_ok=True)
        apart = 0
        if sys.platform == "win32":
            apart = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        with stderr.open("wb") as errors:
            # asyncio's own subprocesses are killed with their loop; this one must be able to outlive the window.
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                creationflags=apart,
                env={**os.environ, WINDOW_TOKEN: token},
            )
        if self.process.stdin is None or self.process.stdout is None:
            raise OSError("the service has no pipes")
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        threading.Thread(target=self._watch, args=(loop,), name="service process", daemon=True).start()

    def say(self, line: str) -> None:
        """Tell the service something; one that is gone does not hear it."""
        try:
            self._stdin.write(f"{line}\n".encode())
            self._stdin.flush()
        except (OSError, ValueError):
            return

    def close_pipe(self) -> None:
        """Say nothing more: to the service the window is gone."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    def last_words(self) -> str:
        """Return the last line the service wrote to stderr, "" when there is none."""
        try:
            lines = self._stderr.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].removeprefix("vialdesk: ")[:500] if lines else ""

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        line = self._stdout.readline().decode(errors="replace").strip()
        _tell(loop, self.first_line, line)
        while self._stdout.readline():
            continue
        code = self.process.wait()
        self._stdout.close()
        self.close_pipe()
        _tell(loop, self.over, code)


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[_T], value: _T) -> None:
    def tell() -> None:
        if not future.done():
            future.set_result(value)

    with contextlib.suppress(RuntimeError):  # the loop ended with the window
        loop.call_soon_threadsafe(tell)


class EmbeddedService:
    """Starts, watches and stops the service of a data folder.

    Args:
        data_dir: the data folder; the user's own when None.
        arguments: more arguments of `serve`, such as `("--speed", "60")`.
    """

    def __init__(self, data_dir: Path | None = None, arguments: Sequence[str] = ()) -> None:
        self._data_dir = (data_dir or default_data_dir()).absolute()
        self._arguments = tuple(arguments)
        self._child: _Child | None = None
        # Where the configuration lets other computers in, this window's requests need a token too: one of its own.
        self._token = new_token()
        self._board_url = ""
        self._when_window_dies: WhenWindowDies = "stop"
        self._port: int | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ended: Callable[[str], None] = _nothing
        self._back: Callable[[ServiceAddress], None] = _nothing

    @property
    def is_ours(self) -> bool:
        """Whether the service was started here and may be stopped or restarted."""
        return self._child is not None

    @property
    def pid(self) -> int | None:
        """Process id of the service started here, None when there is none."""
        return self._child.process.pid if self._child else None

    async def start(self, board_url: str, when_window_dies: WhenWindowDies) -> ServiceAddress:
        """Start the service, or find the one that owns the data folder already.

        Args:
            board_url: "simulated:", a serial port, or "" for none yet.
            when_window_dies: "keep" lets the service go on, "stop" has it stop everything safely and end.

        Raises:
            EmbeddedError: it did not start, or the owner of the folder does not answer.
        """
        self._board_url, self._when_window_dies = board_url, when_window_dies
        address = await self._find_or_spawn()
        if address.found_running:
            return address
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name="service watch")
        return address

    def watch(self, ended: Callable[[str], None], back: Callable[[ServiceAddress], None]) -> None:
        """Be told, in a sentence, when the service ended unasked, and of its address when it is back."""
        self._ended, self._back = ended, back

    def choose(self, when_window_dies: WhenWindowDies) -> None:
        """Change what the service does when the window dies."""
        self._when_window_dies = when_window_dies
        if self._child is not None:
            self._child.say(f"when_window_dies {when_window_dies}")

    def use_board(self, board_url: str) -> None:
        """Remember which board the user chose since, for the next time the service is started."""
        self._board_url = board_url

    async def restart(self) -> ServiceAddress:
        """Stop the service if it still runs, and start it again; raises EmbeddedError."""
        await self.stop()
        return await self.start(self._board_url, self._when_window_dies)

    async def stop(self) -> None:
        """Bring the service down in good order: its outputs are off and its records written when this returns."""
        child = self._let_go()
        if child is None:
            return
        # One that hangs heeds nothing but the last resort; the board switches its outputs off by itself.
        hangs = not await asyncio.to_thread(answers, f"http://127.0.0.1:{self._port}")
        child.say("stop")
        for last_resort in (child.process.terminate, child.process.kill):
            try:
                async with asyncio.timeout(_HUNG_WITHIN_S if hangs else _STOP_WITHIN_S):
                    await asyncio.shield(child.over)
                return
            except TimeoutError:
                last_resort()
        await child.over

    async def leave_running(self) -> None:
        """Let the service go on by itself."""
        child = self._let_go()
        if child is not None:
            child.say("when_window_dies keep")
            child.close_pipe()

    def _let_go(self) -> _Child | None:
        if self._watching is not None:
            self._watching.cancel()
        child, self._child = self._child, None
        return child

    async def _find_or_spawn(self) -> ServiceAddress:
        """Return the address of the folder's owner; of a new service when it has none, or its owner is just going."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + _ATTACH_WITHIN_S
        while True:
            owner = await asyncio.to_thread(find_owner, self._data_dir)
            if owner is None:
                with contextlib.suppress(_OwnedMeanwhileError):
                    return await self._spawn()
            elif owner.url != "" and await asyncio.to_thread(answers, owner.url):
                return ServiceAddress(owner.url, found_running=True)
            if loop.time() > deadline_s:
                break
            await asyncio.sleep(_LOOK_AGAIN_S)
        who = f"Process {owner.pid}" if owner else "Another service"
        raise EmbeddedError(
            f"{who} owns the data folder {self._data_dir} but does not answer.", "End it, then try again."
        )

    async def _spawn(self) -> ServiceAddress:
        """Start the child and return its address; a port that is taken is replaced by a free one."""
        child = await self._launch()
        child.say(f"when_window_dies {self._when_window_dies}")  # it is read as soon as the child is up
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                url = await child.first_line
        except TimeoutError:
            child.process.kill()
            remedy = f"See {self._data_dir / _STDERR}, then try again."
            raise EmbeddedError(f"The service did not start within {_START_WITHIN_S:g} s.", remedy) from None
        except asyncio.CancelledError:
            child.process.kill()  # nobody would know of it, and it would keep the data folder
            raise
        if not url:
            code = await child.over
            if code == ExitCode.PORT_TAKEN and self._port != 0:
                self._port = 0
                return await self._spawn()
            if code == ExitCode.FOLDER_OWNED:
                raise _OwnedMeanwhileError(child.last_words())
            raise EmbeddedError(f"The service did not start: {child.last_words() or _how(code)}")
        child.say(f"when_window_dies {self._when_window_dies}")  # it may have been chosen anew meanwhile
        self._child = child
        self._port = int(url.rpartition(":")[2])
        return ServiceAddress(url, token=self._token)

    async def _launch(self) -> _Child:
        errors = self._data_dir / _STDERR
        try:
            return await asyncio.to_thread(_Child, self._command(), self._token, errors, asyncio.get_running_loop())
        except OSError as error:
            why = error.strerror or str(error)
            what = f"The service could not be started: the data folder {self._data_dir} cannot be used ({why})."
            if error.filename == sys.executable:
                raise EmbeddedError(f"{sys.executable} cannot be run ({why}).", "Install Vialdesk again.") from error
            raise EmbeddedError(what, _FOLDER_REMEDY) from error

    def _command(self) -> list[str]:
        program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "core.cli"]
        board = ["--board", self._board_url] if self._board_url else []
        port = [] if self._port is None else ["--port", str(self._port)]
        data = ["--data", str(self._data_dir)]
        return [*program, "serve", "--has-parent", *data, *board, *port, *self._arguments]

    async def _watch(self) -> None:
        """Start the service again whenever it ends unasked, after pauses that grow while it does not last."""
        pause_s = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while self._child is not None:
            started_s = loop.time()
            child = self._child
            code = await asyncio.shield(child.over)
            if code == ExitCode.OK:
                self._child = None
                self._ended("The service was stopped from outside this window.")
                return
            if loop.time() - started_s > _SOUND_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            if code == ExitCode.UPDATED:
                self._ended("The service was updated. It is started again.")
            else:
                self._ended(f"The service ended unexpectedly: {_how(code, child.last_words())} It is started again.")
            pause_s = await self._start_again(pause_s)

    async def _start_again(self, pause_s: float) -> float:
        """Try until the service is back; return the pause before the next time."""
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                address = await self._find_or_spawn()
            except EmbeddedError as error:
                self._ended(f"{error} {error.remedy} It is tried again in {pause_s:g} s.")
            else:
                if address.found_running:
                    self._child = None
                self._back(address)
                return pause_s


def _how(code: int, last_words: str = "") -> str:
    if code < 0:
        return f"it was ended by signal {-code}."
    return f"exit code {code}. {last_words}".strip()


def _nothing(_: object) -> None:
    """Nobody watches."""
