"""The whole data folder as a zip file, made while it is sent: it is never in memory, nor a second time on the disk.

Databases in use are copied as of one moment (https://www.sqlite.org/backup.html), one at a time. Left out are links
that lead out of the folder, caches, earlier backups, archives of experiments, secrets, and what marks the folder as
this service's own.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from core.clock import timestamp
from core.folders import BACKUPS, EXPORTS, SECRET_ENDING, DataFolder
from core.system.data_files import readable
from core.version import VERSION

METADATA = "pioreactor_export_metadata.json"
_LEFT_OUT = frozenset({"__pycache__"})
_LEFT_OUT_OF_ROOT = frozenset(
    {BACKUPS, EXPORTS, DataFolder.WORK, METADATA, "service.lock", "service.json", "service.new"}
)
_BLOCK_BYTES = 256 * 1024
# From here on sizes do not fit the format's first form; half of it, because a file may grow meanwhile.
_LARGE_BYTES = 2**31
_FIRST_YEAR = 1980
_SQLITE_MAGIC = b"SQLite format 3\0"
_COMPANIONS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class _Entry:
    """One entry: its name in the archive, and where its content is; None for the metadata."""

    name: str
    path: Path | None


class _Outlet(io.RawIOBase):
    """Where the archive is written to: holds bytes only until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        """It takes bytes, and nothing else."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        self._written += data
        return len(data)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def export(data_dir: Path, unit: str, utc_s: float) -> Generator[bytes, None, None]:
    """Yield the archive block by block; blocks on the disk, so it is for a thread.

    A file that is gone when its turn comes is left out. One that cannot be read ends the archive with an OSError, so
    that nobody takes it for whole.
    """
    entries = [*_entries(data_dir), _Entry(METADATA, None)]
    outlet = _Outlet()
    with zipfile.ZipFile(cast("IO[bytes]", outlet), "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.path is None:
                archive.writestr(_info(entry.name, utc_s), _metadata(unit, utc_s))
            else:
                for _ in _add(archive, entry, data_dir):
                    yield outlet.take()
            yield outlet.take()
    yield outlet.take()


def _metadata(unit: str, utc_s: float) -> str:
    return json.dumps(
        {
            "metadata_version": 1,
            "name": unit,
            "leader_hostname": unit,
            "is_leader": True,
            "app_version": VERSION,
            "exported_at_utc": timestamp(utc_s),
        }
    )


def _entries(data_dir: Path) -> Iterator[_Entry]:
    root = data_dir.resolve()
    folders = [(root, "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            found = list(os.scandir(folder))
        except FileNotFoundError:  # removed a moment ago
            continue
        for entry in found:
            if entry.name in _LEFT_OUT or (not prefix and entry.name in _LEFT_OUT_OF_ROOT):
                continue
            path, name = Path(entry.path), f"{prefix}{readable(entry.name)}"
            if entry.is_dir(follow_symlinks=False):
                folders.append((path, f"{name}/"))
                yield _Entry(f"{name}/", path)
            elif _may_leave(path, root):
                yield _Entry(name, path)


def _may_leave(path: Path, root: Path) -> bool:
    is_secret = os.path.realpath(path).lower().endswith(SECRET_ENDING)
    return not is_secret and _is_file_inside(path, root) and not _is_companion(path)


def _is_file_inside(path: Path, root: Path) -> bool:
    try:
        real = path.resolve(strict=True)
        return real.is_relative_to(root) and stat.S_ISREG(real.stat().st_mode)
    except (OSError, RuntimeError):
        return False


def _is_companion(path: Path) -> bool:
    """Whether a file belongs to a database beside it, whose copy has everything."""
    ending = next((each for each in _COMPANIONS if path.name.endswith(each)), None)
    return ending is not None and _is_database(path.with_name(path.name.removesuffix(ending)))


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC
    except OSError:
        return False


def _add(archive: zipfile.ZipFile, entry: _Entry, data_dir: Path) -> Iterator[None]:
    """Write one entry, pausing after each block."""
    path = entry.path
    assert path is not None  # noqa: S101 - the metadata has no file
    try:
        modified_s = path.stat().st_mtime
        if entry.name.endswith("/"):
            archive.writestr(_info(entry.name, modified_s), b"")
            return
        if _is_database(path):
            yield from _add_database(archive, entry.name, path, data_dir)
            return
        with path.open("rb") as file:
            yield from _copy(archive, _info(entry.name, modified_s), file)
    except FileNotFoundError:
        return


def _add_database(archive: zipfile.ZipFile, name: str, path: Path, data_dir: Path) -> Iterator[None]:
    """Write a database as it is at one moment; one that is damaged is written as the file it is."""
    work = data_dir / DataFolder.WORK
    work.mkdir(exist_ok=True)
    folder = tempfile.mkdtemp(prefix="export-", dir=work)
    try:
        copy = Path(folder) / "copy.sqlite"
        try:
            with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        except sqlite3.DatabaseError:
            copy = path
        with copy.open("rb") as file:
            yield from _copy(archive, _info(name, path.stat().st_mtime), file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: BinaryIO) -> Iterator[None]:
    """Write a file as long as it is now; what is added meanwhile is left out."""
    left = os.fstat(file.fileno()).st_size
    with archive.open(info, "w", force_zip64=left >= _LARGE_BYTES) as target:
        while left > 0 and (block := file.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            target.write(block)
            yield


def _info(name: str, modified_s: float) -> zipfile.ZipInfo:
    moment = datetime.fromtimestamp(max(modified_s, 0.0), UTC)
    date = (max(moment.year, _FIRST_YEAR), moment.month, moment.day, moment.hour, moment.minute, moment.second)
    info = zipfile.ZipInfo(name, date)
    info.compress_type = zipfile.ZIP_STORED if name.endswith("/") else zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFDIR | 0o755) << 16 | 0x10 if name.endswith("/") else (stat.S_IFREG | 0o644) << 16
    return info
