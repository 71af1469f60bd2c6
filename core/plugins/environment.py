"""The program's own plug-in environment: one folder for each installed package, with what it depends on inside.

A package is installed into a folder beside the others and moved to its place in one step, so that none is ever half
there; `tidy` puts right what a crash left. The folders come last on the search path: nothing in them can take the
place of a package the program itself brings. Everything here reads and writes the disk.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
from pathlib import Path

import platformdirs

_log = logging.getLogger(__name__)


class PluginEnvironment:
    """The environment that belongs to one data folder; it lies outside, because packages do not move between computers.

    Attributes:
        incoming: where a package is put together; emptied by `tidy`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self._packages = root / "packages"
        self._outgoing = root / "outgoing"
        self._on_path: list[str] = []

    @property
    def folders(self) -> list[Path]:
        """The folders of the installed packages, by name."""
        try:
            return sorted(path for path in self._packages.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def tidy(self) -> None:
        """Finish or undo what was under way when the service ended."""
        for path in (self._packages, self._outgoing):
            path.mkdir(parents=True, exist_ok=True)
        for former in self._outgoing.iterdir():
            place = self._packages / former.name
            if not place.exists():
                former.rename(place)
        for path in (self._outgoing, self.incoming):
            shutil.rmtree(path, ignore_errors=True)

    def enter(self) -> None:
        """Put the packages last on the search path."""
        for path in map(str, self.folders):
            if path not in sys.path:
                sys.path.append(path)
                self._on_path.append(path)

    def leave(self) -> None:
        """Take the packages off the search path again, and forget their modules."""
        for path in self._on_path:
            if path in sys.path:
                sys.path.remove(path)
        self._on_path.clear()
        for name, module in tuple(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self._packages) + os.sep):
                del sys.modules[name]

    def owns(self, site: Path | None) -> bool:
        """Whether a package that was found in the folder `site` was installed here."""
        return site is not None and site.parent == self._packages

    def put_in_place(self, built: Path, name: str) -> None:
        """Move a package that is complete in `built` to its place; one of that name that was there goes."""
        _write_through(built)
        self._move_away(name)
        self._packages.mkdir(parents=True, exist_ok=True)
        built.rename(self._packages / name)
        self.tidy()

    def take_away(self, name: str) -> None:
        """Remove a package and everything that was installed with it."""
        self._move_away(name)
        shutil.rmtree(self._outgoing, ignore_errors=True)

    def _move_away(self, name: str) -> None:
        place = self._packages / name
        if place.exists():
            self._outgoing.mkdir(parents=True, exist_ok=True)
            place.rename(self._outgoing / name)


def plugin_environment(data_dir: Path) -> PluginEnvironment:
    """Return the plug-in environment of a data folder."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return PluginEnvironment(Path(platformdirs.user_state_dir("vialdesk", appauthor=False)) / f"plugins-{digest}")


def _write_through(folder: Path) -> None:
    """Have the disk take every file before the folder gets its name: a power cut leaves no names without content."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
