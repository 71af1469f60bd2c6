"""The attachments' bytes on the disk: each content a file of its own, under a name of its own.

A file is complete and on the disk before the record points at it, and the record has stopped pointing at it before it
is removed. So at any moment a killed service leaves at most files too many, which the next start removes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import BinaryIO

from core.bodies import TooLargeError
from core.disk_room import refuse_no_room

_BLOCK_BYTES = 1024 * 1024


class AttachmentFiles:
    """The folder of attachments.

    Args:
        folder: it need not be there yet.
        work: folder of the same disk for what is being received.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        self.folder = folder
        self._work = work

    async def receive(self, parts: AsyncIterator[bytes], most_bytes: int) -> tuple[str, int]:
        """Store what comes; return the file's name and size once it is on the disk.

        Raises:
            TooLargeError: it is longer than `most_bytes`; nothing is kept.
            OSError: it cannot be stored; nothing is kept.
        """
        name = secrets.token_hex(16)
        part_file = self._work / f"attachment-{name}"
        file = await asyncio.to_thread(_begin, part_file)
        try:
            size = await _write(parts, file, most_bytes)
            await asyncio.to_thread(self._finish, file, part_file, name)
        except BaseException:
            await asyncio.to_thread(_give_up, file, part_file)
            raise
        return name, size

    async def send(self, name: str, size: int) -> AsyncIterator[bytes]:
        """Yield a file's bytes; raise OSError before the first when it cannot be read."""
        return _blocks(await asyncio.to_thread(_read, self.folder / name), size)

    def path_of(self, name: str) -> Path:
        """Return where a file is."""
        return self.folder / name

    def names(self) -> set[str]:
        """Return the names of all files; blocks."""
        return set(os.listdir(self.folder)) if self.folder.is_dir() else set()

    def set_aside(self, stamp: str) -> Path | None:
        """Give the folder another name, so that a new one is begun; return it, None without a file. Blocks."""
        if not self.names():
            return None
        aside = self.folder.with_name(f"{self.folder.name}-{stamp}")
        return self.folder.rename(aside)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that nothing points at; the next start removes what cannot be now. Blocks."""
        for name in names:
            with contextlib.suppress(OSError):  # such as one that somebody reads just now, on Windows
                (self.folder / name).unlink()

    def _finish(self, file: BinaryIO, part_file: Path, name: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        part_file.replace(self.folder / name)
        _sync_folder(self.folder)


def _begin(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _read(path: Path) -> BinaryIO:
    return path.open("rb")


def _give_up(file: BinaryIO, path: Path) -> None:
    file.close()
    path.unlink(missing_ok=True)


async def _write(parts: AsyncIterator[bytes], file: BinaryIO, most_bytes: int) -> int:
    size, block = 0, bytearray()
    async for part in parts:
        size += len(part)
        if size > most_bytes:
            remedy = f"Attach files of at most {most_bytes // 2**20} MiB."
            raise TooLargeError("The file is too large.", remedy=remedy)
        block += part
        if len(block) >= _BLOCK_BYTES:
            await asyncio.to_thread(_append, file, bytes(block))
            block.clear()
    await asyncio.to_thread(_append, file, bytes(block))
    return size


def _append(file: BinaryIO, block: bytes) -> None:
    """Write a block; raise OSError rather than take the room that the culture's records need."""
    refuse_no_room(Path(file.name).parent)
    file.write(block)


async def _blocks(file: BinaryIO, size: int) -> AsyncIterator[bytes]:
    try:
        while size > 0 and (block := await asyncio.to_thread(file.read, min(size, _BLOCK_BYTES))):
            size -= len(block)
            yield block
    finally:
        # Not in a thread: whoever reads may hang up just now, and a cancelled call is not even begun there.
        file.close()


def _sync_folder(folder: Path) -> None:
    """Have the file's name on the disk too, where the system knows how."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
