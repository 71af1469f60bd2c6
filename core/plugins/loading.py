"""Loading one plug-in: whatever its code does, the service goes on.

The code runs in a thread of its own with a deadline. A thread cannot be killed: one that is late is told to end by an
exception raised in it, which a loop in Python heeds and a call that blocks outside Python does not. Code that takes
the whole process down is kept from doing so again by `LoadWitness`.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import sys
import threading
import traceback
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from core.plugins.additions import Additions, PluginError, check
from core.plugins.found import FoundPlugin, canonical
from core.plugins.plugin import Plugin

_END_WITHIN_S = 1.0
_MOST_DEATHS = 2


class LoadingThread(threading.Thread):
    """Loads one plug-in; `wait` tells how it went."""

    def __init__(self, found: FoundPlugin) -> None:
        super().__init__(name=f"plug-in {found.name}", daemon=True)
        self._found = found
        self._settled = threading.Event()
        self._additions: Additions | None = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Load it, and keep whatever comes of it."""
        try:
            self._additions = _load(self._found)
        except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, SystemExit too
            self._error = error
        finally:
            self._settled.set()

    def give_up(self) -> None:
        """End the wait now: the service goes down."""
        self._settled.set()

    def wait(self, within_s: float) -> Additions:
        """Return what the plug-in adds.

        Raises:
            PluginError: it failed, or was still loading after `within_s` seconds.
        """
        self._settled.wait(within_s)
        if self._additions is not None:
            return self._additions
        if self._error is not None:
            raise PluginError(_reason(self._error, self._found)) from self._error
        self._settled.clear()
        if self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(SystemExit))
        has_ended = self._settled.wait(_END_WITHIN_S)
        left = "It was ended." if has_ended else "Its thread cannot be ended and may go on until the service ends."
        raise PluginError(f"It was still loading after {within_s:g} s and was given up. {left}")


class LoadWitness:
    """Remembers on disk which plug-in is being loaded, so that one that kills the service is left out next time.

    A plug-in that was being loaded when the service died twice in a row stays out until its content changes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._deaths = self._read()

    def has_killed(self, found: FoundPlugin) -> bool:
        """Whether loading this very content ended the service often enough."""
        fingerprint, deaths = self._deaths.get(_key(found), ("", 0))
        return fingerprint == found.fingerprint and deaths >= _MOST_DEATHS

    def begin(self, found: FoundPlugin) -> None:
        """Count on the worst: as long as `end` is not called, the service died of it."""
        fingerprint, deaths = self._deaths.get(_key(found), ("", 0))
        self._deaths[_key(found)] = (found.fingerprint, deaths + 1 if fingerprint == found.fingerprint else 1)
        self._write()

    def end(self, found: FoundPlugin) -> None:
        """Note that the service lives on."""
        del self._deaths[_key(found)]
        self._write()

    def _read(self) -> dict[str, tuple[str, int]]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): (str(print_), int(deaths)) for name, (print_, deaths) in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        # Written in place: a file cut off by a crash reads as nothing, and the next crash is counted again.
        self._path.write_text(json.dumps(self._deaths), encoding="utf-8")


def _key(found: FoundPlugin) -> str:
    return found.address if found.file is None else found.source


def _load(found: FoundPlugin) -> Additions:
    if found.file is not None:
        return _added_by(_run_file(found.file))
    additions = Additions()
    for point in found.modules:
        additions = additions.joined(_added_by(_import(point)))
    return additions


def _run_file(path: Path) -> ModuleType:
    """Run a dropped-in file as a module of its own; nothing is kept of an earlier content or of one that fails."""
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    module = ModuleType("vialdesk_plugin_" + canonical(path.stem).replace("-", "_"))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and annotations look their module up there
    try:
        exec(code, module.__dict__)  # noqa: S102 - running it is what loading means
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _import(point: EntryPoint) -> object:
    importlib.invalidate_caches()
    return point.load()


def _added_by(loaded: object) -> Additions:
    """Return what a module adds; one without a `plugin` may do all its work by being imported."""
    if isinstance(loaded, ModuleType):
        loaded = getattr(loaded, "plugin", Plugin())
    return check(loaded)


def _reason(error: BaseException, found: FoundPlugin) -> str:
    """Return in one line what went wrong, and where in the plug-in."""
    what = " ".join(str(error).split())[:300]
    if isinstance(error, PluginError):
        return what
    place = _place(error, found)
    return f"{type(error).__name__}{': ' if what else ''}{what}{place}"


def _place(error: BaseException, found: FoundPlugin) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return "" if "line" in str(error) else f" (line {error.lineno})"
    is_own: Callable[[str], bool] = lambda name: name == str(found.file) or str(found.site) in name  # noqa: E731
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [(name, line) for name, line in lines if is_own(name)]
    return f" ({Path(own[-1][0]).name}, line {own[-1][1]})" if own else ""
