"""Files of the data folder as a user of the API may see, read and remove them; every function here asks the disk.

No name leads out of the folder: not by dots, not absolute, not by a link. Databases are read through their own routes,
because a copy of one in use is worth nothing, and flag files are out of reach on purpose.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from core.errors import BadRequestError, ForbiddenError, NotFoundError, ServiceError
from core.flag_files import Flag
from core.folders import SECRET_ENDING, DataFolder

_LEFT_OUT = frozenset({"__pycache__"})
_PROTECTED = (".sqlite", ".sqlite.backup", "-shm", "-wal", ".db", SECRET_ENDING)
# What keeps the folder this service's own.
_SERVICE_FILES = frozenset({"service.lock", "service.json"})
_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Listing:
    """A folder: its path in the data folder ("" for the root) and the names in it, sorted by code point."""

    current: str
    dirs: list[str]
    files: list[str]


class DataFile:
    """An open file of the data folder, as long as it was when opened; close it by reading it to the end, or `close`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size_bytes = os.fstat(file.fileno()).st_size

    def blocks(self) -> Generator[bytes, None, None]:
        """Yield the content; what is added meanwhile is left out, what is taken away is missing."""
        left = self.size_bytes
        with self._file:
            while left > 0 and (block := self._file.read(min(left, _BLOCK_BYTES))):
                left -= len(block)
                yield block

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def look_up(data_dir: Path, asked: str) -> Listing | DataFile:
    """Return what is at a path relative to the data folder.

    Raises:
        ForbiddenError: it leads out of the folder, or is protected.
        NotFoundError: there is nothing.
        ServiceError: it is there but cannot be read.
    """
    root = data_dir.resolve()
    path = _resolve(root, asked if asked == "/" else asked.removesuffix("/"))
    if not os.path.lexists(path):  # also when a name is too long to be one
        raise _missing()
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _list(root, path)
        if asked.endswith("/") or not stat.S_ISREG(mode):
            raise _missing()
        if is_protected(path.name):
            cause = "Names of this kind are databases in use, or secrets."
            raise ForbiddenError("This file is protected.", cause, "Export the whole data folder to get a copy.")
        return DataFile(path.open("rb"))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing() from None
    except OSError as error:
        raise ServiceError("This cannot be read.", cause=f"{error.strerror}.") from None


def find_file(data_dir: Path, asked: str, field: str) -> Path:
    """Return the file that is meant by a path: relative to the data folder, or absolute and inside it.

    Raises:
        BadRequestError: the path is empty or a folder's; names `field`.
        ForbiddenError: it leads out of the folder.
        NotFoundError: there is no such file.
    """
    root = data_dir.resolve()
    if not asked.strip():
        raise BadRequestError("No file is named.", cause="The path is empty.", fields=[field])
    path = _resolve(root, _relative(root, data_dir, asked))
    if not os.path.lexists(path):
        raise _missing()
    if not path.is_file():
        raise BadRequestError(f"{shown(path, root)} is not a file.", fields=[field])
    return path


def find_removable(data_dir: Path, asked: str) -> Path:
    """Return the file that is meant by a path: relative to the data folder, or absolute and inside it.

    Raises:
        BadRequestError: the path is empty or a folder's.
        ForbiddenError: it leads out of the folder, or is protected.
        NotFoundError: there is no such file.
    """
    root = data_dir.resolve()
    if not asked.strip():
        raise BadRequestError("No file is named.", cause="The path is empty.", fields=["filepath"])
    path = _resolve(root, _relative(root, data_dir, asked).removesuffix("/"))
    if path == root:
        raise ForbiddenError("The data folder itself cannot be removed.")
    is_ours = path.parent == root and path.name in (*_SERVICE_FILES, *(flag.value for flag in Flag))
    if is_protected(path.name) or is_ours:
        cause = "It is a database, a flag, or the mark of the running service."
        raise ForbiddenError(f"{shown(path, root)} is protected.", cause, "Remove it on the computer itself.")
    if not os.path.lexists(path):
        raise _missing()
    if path.is_dir():
        remedy = "Name a file; folders are never removed."
        raise BadRequestError(f"{shown(path, root)} is a folder.", remedy=remedy, fields=["filepath"])
    if asked.endswith("/") or not path.is_file():
        raise _missing()
    return path


def is_protected(name: str) -> bool:
    """Whether files of that name are neither served nor removed."""
    return name.lower().endswith(_PROTECTED)


def shown(path: Path, root: Path) -> str:
    """Return a path as answers show it: relative to the data folder, with slashes; half characters are replaced."""
    return "" if path == root else readable(path.relative_to(root).as_posix())


def readable(name: str) -> str:
    """Return a file's name as text that can be sent, whatever bytes it has on the disk."""
    return os.fsencode(name).decode("utf-8", "replace")


def _relative(root: Path, data_dir: Path, asked: str) -> str:
    """Return an absolute path inside the folder as a relative one, any other as it is."""
    for folder in (data_dir, root):
        given = Path(asked)
        if given.is_absolute() and given.is_relative_to(folder):
            return given.relative_to(folder).as_posix()
    return asked


def _resolve(root: Path, asked: str) -> Path:
    """Return the real path behind a relative one, which need not be there, but is inside `root` if it is."""
    parts = asked.split("/") if asked else []
    if ".." in re.split(r"[/\\]", asked) or PurePosixPath(asked).is_absolute() or PureWindowsPath(asked).anchor:
        cause = "The path is absolute or leads upwards."
        raise ForbiddenError("Only what is inside the data folder can be reached.", cause)
    # A colon would name a second stream of a file on Windows.
    if "\0" in asked or "" in parts or ("." in parts and asked != ".") or (os.name == "nt" and ":" in asked):
        raise _missing()
    try:
        path = root.joinpath(*parts).resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a circle of links, half a character
        raise _missing() from None
    if not path.is_relative_to(root):
        raise ForbiddenError("Only what is inside the data folder can be reached.", "A link leads out of it.")
    return path


def _list(root: Path, folder: Path) -> Listing:
    dirs: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in _LEFT_OUT and not (folder == root and entry.name == DataFolder.WORK):
                (dirs if _is_folder_inside(entry, root) else files).append(readable(entry.name))
    return Listing(shown(folder, root), sorted(dirs), sorted(files))


def _is_folder_inside(entry: os.DirEntry[str], root: Path) -> bool:
    try:
        if not entry.is_dir():
            return False
        return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _missing() -> NotFoundError:
    remedy = "See /unit_api/system/path/ for what is there."
    return NotFoundError("There is no such file or folder in the data folder.", remedy=remedy)
