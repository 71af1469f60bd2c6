"""YAML files by device and name, held in memory: `<folder>/<device>/<name>.yaml`.

A look at the folder reads only files that changed since the last one, told by their time, size and inode; so a file
put there by hand is seen, and one that stays costs nothing. Everything here may wait for the disk: call it in a thread,
one call at a time. What was found is replaced as a whole, so it can be looked at from anywhere.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import ServiceError
from core.names import is_safe_name
from core.safe_yaml import UnsafeYamlError, read_yaml

ENDING = ".yaml"
MOST_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class DiskError(ServiceError):
    """A file or folder of the data folder cannot be read or written."""

    default_remedy = "Look whether the disk is full, failing or read-only, then try again."


class UnreadableFileError(ServiceError):
    """A file is there, but it is not what it should be."""


@dataclass(frozen=True)
class FoundFile(Generic[_T]):
    """One file.

    Attributes:
        version: changes when the file does.
        value: what it says, None when it cannot be read.
        item: the value as JSON, {} when it cannot be read.
        problem: why it cannot be read.
    """

    version: tuple[int, ...]
    value: _T | None
    item: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


Found = Mapping[str, Mapping[str, FoundFile[_T]]]


class DeviceFiles(Generic[_T]):
    """The files under one folder.

    Args:
        folder: where the devices' folders are.
        shown_as: the folder as users see it, relative to the data folder.
        understand: turns plain values from YAML into what the file says, and that as JSON; raises ServiceError.

    Attributes:
        found: every device that has a folder, with its files, both sorted.
    """

    def __init__(
        self, folder: Path, shown_as: str, understand: Callable[[Any, str, str], tuple[_T, dict[str, Any]]]
    ) -> None:
        self._folder = folder
        self._shown_as = shown_as
        self._understand = understand
        self.found: Found[_T] = {}

    def path(self, device: str, name: str) -> str:
        """Return a file's path as users see it."""
        return f"{self._shown_as}/{device}/{name}{ENDING}"

    def look(self) -> None:
        """Bring `found` up to date; raises DiskError when the folder cannot be read."""
        try:
            self.found = {device: dict(self._files(device)) for device in _folders_in(self._folder)}
        except OSError as error:
            raise DiskError(f"{self._shown_as} cannot be read.", str(error.strerror)) from error

    def is_current(self) -> bool:
        """Whether `found` is what is there, by names, times and sizes alone: under 0.1 ms for some ten files."""
        try:
            there = {device: self._versions(device) for device in _folders_in(self._folder)}
        except OSError:
            return False
        return there == {
            device: {name: file.version for name, file in files.items()} for device, files in self.found.items()
        }

    def write(self, device: str, name: str, text: str) -> None:
        """Write a file so that, whatever happens, it is there as a whole or not at all; raises DiskError."""
        folder = self._folder / device
        if folder.is_symlink():
            raise DiskError(f"{self._shown_as}/{device} is a link.", remedy="Put a folder in its place.")
        fresh = folder / f".{secrets.token_hex(8)}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / f"{name}{ENDING}")
            _sync(folder)
        except OSError as error:
            raise DiskError(f"{self.path(device, name)} cannot be written.", str(error.strerror)) from error
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
        self.look()

    def delete(self, device: str, name: str) -> None:
        """Remove a file if it is there; raises DiskError."""
        try:
            (self._folder / device / f"{name}{ENDING}").unlink(missing_ok=True)
            _sync(self._folder / device)
        except OSError as error:
            raise DiskError(f"{self.path(device, name)} cannot be removed.", str(error.strerror)) from error
        self.look()

    def contents(self) -> list[tuple[str, bytes]]:
        """Return (`<device>/<name>.yaml`, content) of every file, sorted, also of those that cannot be understood."""
        self.look()
        contents = []
        for device, files in self.found.items():
            for name in files:
                raw = self._read(device, name)
                if raw is not None:
                    contents.append((f"{device}/{name}{ENDING}", raw))
        return sorted(contents)

    def _files(self, device: str) -> Iterator[tuple[str, FoundFile[_T]]]:
        known = self.found.get(device, {})
        for name, version in sorted(self._versions(device).items()):
            before = known.get(name)
            yield name, before if before and before.version == version else self._understood(device, name, version)

    def _versions(self, device: str) -> dict[str, tuple[int, ...]]:
        """Return the names of a device's files, each with what changes when it does."""
        with os.scandir(self._folder / device) as entries:
            # A link is not followed: it could lead out of the data folder.
            files = {
                entry.name.removesuffix(ENDING): entry.stat(follow_symlinks=False)
                for entry in entries
                if entry.name.endswith(ENDING) and entry.is_file(follow_symlinks=False)
            }
        return {
            name: (stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in files.items() if is_safe_name(name)
        }

    def _understood(self, device: str, name: str, version: tuple[int, ...]) -> FoundFile[_T]:
        try:
            raw = self._read(device, name)
            if raw is None:
                raise ValueError("it is larger than 1 MiB, or it cannot be opened")
            value, item = self._understand(read_yaml(raw.decode("utf-8")), device, name)
        except (ServiceError, UnsafeYamlError, ValueError) as error:
            problem = error.cause if isinstance(error, ServiceError) else str(error)
            _log.warning("%s cannot be read and is left out: %s", self.path(device, name), problem)
            return FoundFile(version, None, problem=problem)
        return FoundFile(version, value, item)

    def _read(self, device: str, name: str) -> bytes | None:
        """Return a file's content, None when it has just vanished, cannot be opened or is larger than 1 MiB."""
        try:
            with (self._folder / device / f"{name}{ENDING}").open("rb") as file:
                raw = file.read(MOST_BYTES + 1)
        except OSError:
            return None
        return raw if len(raw) <= MOST_BYTES else None


def _folders_in(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and is_safe_name(entry.name)
            )
    except FileNotFoundError:
        return []


def _sync(folder: Path) -> None:
    """Have the folder's own entries on the disk too."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
