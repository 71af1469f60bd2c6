"""Checking an archive and unpacking it beside what is there: nothing of it leads anywhere else, and it has an end.

An archive is another person's file. Names that are absolute or lead upwards, links, and sizes beyond all measure are
refused before anything is unpacked, and sizes are counted again while unpacking, because an archive may lie about them.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from core.bodies import TooLargeError
from core.disk_room import SPARE_BYTES
from core.errors import BadRequestError, UnavailableError
from core.system.export import METADATA

MOST_BYTES = 512 * 2**20
_MOST_UNPACKED_BYTES = 4 * 2**30
_MOST_ENTRIES = 100_000
_MOST_METADATA_BYTES = 2**20
_BLOCK_BYTES = 2**20
_LONGEST_PART_BYTES = 255
_LONGEST_NAME_BYTES = 1024
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REMEDY = "Export the archive again from the unit it comes from, and send it as it is."


def unpack(archive_file: Path, target: Path, unit: str) -> int:
    """Check an archive and unpack it into `target`, which is made; return the number of files. Blocks.

    Raises:
        BadRequestError: it is no archive that can be imported here.
        TooLargeError: unpacked it would be too large.
        UnavailableError: the disk has no room for it.
    """
    try:
        with zipfile.ZipFile(archive_file) as archive:
            entries = archive.infolist()
            _check_size(entries, target.parent)
            for entry in entries:
                _check_entry(entry)
            _check_metadata(archive, unit)
            return _unpack_all(archive, entries, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        cause = " ".join(str(error).split())[:300] or type(error).__name__
        raise BadRequestError("The archive cannot be read.", cause, _REMEDY, fields=["archive"]) from None


def _refuse(what: str, cause: str) -> BadRequestError:
    return BadRequestError(what, cause, _REMEDY, fields=["archive"])


def _check_size(entries: list[zipfile.ZipInfo], folder: Path) -> None:
    if not entries:
        raise _refuse("The archive is empty.", "It has no entries.")
    if len(entries) > _MOST_ENTRIES:
        raise TooLargeError("The archive has too many entries.", f"At most {_MOST_ENTRIES} are taken.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MOST_UNPACKED_BYTES:
        raise _too_large()
    if unpacked + SPARE_BYTES > shutil.disk_usage(folder).free:
        cause = f"Unpacked it needs {unpacked // 2**20 + 1} MiB."
        raise UnavailableError(
            "The disk has no room for the archive.", cause=cause, remedy="Free space, then try again."
        )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    # The name as it is in the archive: the library hides what follows a NUL, and backslashes on Windows.
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if "\\" in name or PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in parts:
        raise _refuse("The archive has an entry that leads out of it.", f"Its name is {name[:200]!r}.")
    if not _can_be_a_file(name, parts):
        raise _refuse("The archive has an entry that cannot be a file.", f"Its name is {name[:200]!r}.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "no file and no folder"
        raise _refuse("The archive has an entry that is not a file.", f"{name[:200]!r} is {what}.")
    if entry.flag_bits & 0x1:
        raise _refuse("The archive is encrypted.", f"{name[:200]!r} needs a password.")
    if entry.compress_type not in _COMPRESSIONS:
        raise _refuse("The archive is compressed in an unusual way.", f"{name[:200]!r} is not deflated.")


def _can_be_a_file(name: str, parts: list[str]) -> bool:
    sizes = [len(part.encode("utf-8", "replace")) for part in parts]
    if max(sizes) > _LONGEST_PART_BYTES or sum(sizes) > _LONGEST_NAME_BYTES or _CONTROL.search(name):
        return False
    return not any(part in ("", ".") for part in parts)


def _check_metadata(archive: zipfile.ZipFile, unit: str) -> None:
    try:
        entry = archive.getinfo(METADATA)
    except KeyError:  # older exports have none
        return
    if entry.file_size > _MOST_METADATA_BYTES:
        raise _refuse("The archive's metadata cannot be read.", "They are too large.")
    try:
        metadata: Any = json.loads(archive.read(entry))
    except (ValueError, RecursionError):
        raise _refuse("The archive's metadata cannot be read.", f"{METADATA} is not JSON.") from None
    if not isinstance(metadata, dict):
        raise _refuse("The archive's metadata cannot be read.", f"{METADATA} is not a JSON object.")
    name = metadata.get("name")
    if isinstance(name, str) and name not in ("", unit):
        cause = f"It was exported from {name[:100]!r}, and this unit is {unit!r}."
        remedy = f"Import it there. To copy that unit, take {METADATA} out of the archive first."
        raise BadRequestError("The archive belongs to another unit.", cause, remedy, fields=["archive"])


def _unpack_all(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], target: Path) -> int:
    target.mkdir(parents=True)
    files = unpacked = 0
    for entry in entries:
        path = target / entry.orig_filename
        try:
            if entry.orig_filename.endswith("/"):
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            unpacked = _unpack_one(archive, entry, path, unpacked)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise _refuse("The archive has two entries in one place.", f"{entry.orig_filename[:200]!r}.") from None
        files += entry.orig_filename != METADATA
    (target / METADATA).unlink(missing_ok=True)
    return files


def _unpack_one(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, unpacked: int) -> int:
    """Unpack a file; return how much has been unpacked with it."""
    with archive.open(entry) as source, path.open("xb") as file:
        while block := source.read(_BLOCK_BYTES):
            unpacked += len(block)
            if unpacked > _MOST_UNPACKED_BYTES:
                raise _too_large()
            file.write(block)
    return unpacked


def _too_large() -> TooLargeError:
    most = _MOST_UNPACKED_BYTES // 2**30
    return TooLargeError(
        "The archive is too large.", f"Unpacked it may have {most} GiB.", "Leave out what is not needed."
    )
