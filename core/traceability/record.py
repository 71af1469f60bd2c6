"""The unit's record as the service holds it: the book, the attachments' files, and what signs their links."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.clock import Clock
from core.disk_room import refuse_no_room
from core.errors import ServiceError
from core.person import person
from core.traceability.attachment_files import AttachmentFiles
from core.traceability.attachment_links import Signer
from core.traceability.book import Change, RecordBook, is_ready, open_book
from core.traceability.callers import NOBODY, Caller
from core.traceability.keys import as_long_as_valid, find_caller
from core.traceability.lists import Walks
from core.traceability.owner import first_user, forget_unused_uploads, is_begun, known_user, user_named

FOLDER = "unit_record"
_FILE = "record.sqlite"
_ATTACHMENTS = "attachments"
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class UnitRecord:
    """The record of a running service; made by `open_record`.

    Attributes:
        unit: name of the unit; the API shows it as the organization.
        walks: how far clients have read through lists.
        wrote: set after each change; who waits for one clears it.
        reading_large: held while a large body is read, which is done for one at a time.
    """

    def __init__(self, book: RecordBook, files: AttachmentFiles, clock: Clock, unit: str) -> None:
        self._book = book
        self._clock = clock
        self.files = files
        self.unit = unit
        self.walks = Walks()
        self.signer = Signer(clock)
        self.wrote = asyncio.Event()
        self.reading_large = asyncio.Lock()
        # Those whose keys were found right since the record changed last, by a hash of the key.
        self._callers: dict[bytes, Caller] = {}
        self._callers_version = 0

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """Ask the record in a thread; see `RecordBook.read`."""
        return await self._book.read(query)

    async def change(self, caller: Caller, change: Callable[[Change], _T]) -> _T:
        """Change the record as one transaction; it is on the disk when this returns. See `RecordBook.write`."""
        wanted = as_long_as_valid(caller, change) if caller.key else change
        result, files_left = await self._book.write(caller, self.now_us(), wanted)
        self.wrote.set()
        if files_left:
            await asyncio.to_thread(self.files.remove, files_left)
        return result

    async def refuse_no_room(self) -> None:
        """Raise ServiceError when what clients write would take the room on the disk that the culture's records need.

        What is deleted, and what the unit itself writes, may still be.
        """
        try:
            await asyncio.to_thread(refuse_no_room, self.files.folder.parent)
        except OSError as error:
            remedy = "Free space on the disk, then try again."
            raise ServiceError("The unit's record takes nothing new.", f"{error.strerror}.", remedy) from error

    async def caller_of(self, key: str) -> Caller | None:
        """Return whose key this is, None for an unknown or revoked one."""
        version, digest = self._book.version(), hashlib.sha256(key.encode()).digest()
        if version != self._callers_version:
            self._callers.clear()
            self._callers_version = version
        caller = self._callers.get(digest)
        if caller is None:
            caller = await self._book.read(lambda connection: find_caller(connection, key))
            if caller is not None and version == self._callers_version:
                self._callers[digest] = caller
        return caller

    async def owner(self) -> Caller:
        """Return the unit's first user, in whose name the service itself writes."""
        return await self._book.read(first_user)

    async def person(self) -> Caller:
        """Return who asks, as their window says, as a user of the record; the first user where it does not say."""
        name = person()
        if not name:
            return await self.owner()
        found = await self._book.read(lambda connection: user_named(connection, name))
        if found is None:
            found = await self.change(await self.owner(), lambda change: known_user(change, name, self.unit))
        return found

    def now_us(self) -> int:
        """Return UTC in microseconds since 1970, of which whole milliseconds are used."""
        return round(self._clock.utc_s() * 1000) * 1000

    async def close(self) -> None:
        """Finish what is under way and let go of the files."""
        await self._book.close()


def book_path(data_dir: Path) -> Path:
    """Return where a data folder keeps the record's database."""
    return data_dir / FOLDER / _FILE


async def open_record(data_dir: Path, work: Path, clock: Clock, unit: str) -> UnitRecord:
    """Open or begin the record of a data folder; what cannot be read is moved aside and told in the log.

    Uploads under way lie in `work`.

    Raises:
        OSError, sqlite3.Error: nothing can be written there.
    """
    stamp = clock.utc().strftime("%Y%m%dT%H%M%SZ")
    path = book_path(data_dir)
    notes = await asyncio.to_thread(open_book, path, stamp)
    book = await asyncio.to_thread(RecordBook, path)
    files = AttachmentFiles(path.parent / _ATTACHMENTS, work)
    record = UnitRecord(book, files, clock, unit)
    if not await record.read(is_begun) and (aside := await asyncio.to_thread(files.set_aside, stamp)):
        # Whatever became of the record they belong to, they may be all there is left of it.
        notes.append(f"The attachments of the former record are kept in the folder {aside.name} beside the new one.")
    missing = await record.change(NOBODY, lambda change: forget_unused_uploads(change, unit, files))
    for note in (*notes, *(f"The attachment {name} has lost its file; upload it again." for name in missing)):
        _log.warning("%s", note)
    return record


async def attach_record(data_dir: Path, work: Path, clock: Clock, unit: str) -> UnitRecord | None:
    """Return the record of a data folder whose service runs; None when it has not been opened by this version."""
    path = book_path(data_dir)
    if not await asyncio.to_thread(is_ready, path):
        return None
    book = await asyncio.to_thread(RecordBook, path)
    return UnitRecord(book, AttachmentFiles(path.parent / _ATTACHMENTS, work), clock, unit)
