"""The record's database: a file of its own, one thread that writes, two that read.

It is a file of its own because its promises differ from those of the curves: what was answered is on the disk, also
when the power fails, while a curve may lose its last second. So a slow disk holds up whoever creates a run, and never
the culture's readings; and a file that is damaged takes only its own half of the history along.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from core.errors import BadRequestError, ServiceError
from core.records.database import connect, open_database
from core.schemas.unit_record.fields import MOST_METADATA
from core.traceability.callers import Caller
from core.traceability.schema import RECORD_STEPS

_READERS = 2
_T = TypeVar("_T")


class UnreadableRecordError(ServiceError):
    """The record cannot be read or written."""

    default_remedy = (
        "See that the disk has space and works, then try again; a damaged record is set aside at a restart."
    )


@dataclass
class Change:
    """One transaction that changes the record, by whom and when.

    Attributes:
        utc_us: the moment everything made in it is stamped with.
        files_left: names of attachments' files that nothing points at once this is committed.
    """

    connection: sqlite3.Connection
    caller: Caller
    utc_us: int
    files_left: list[str] = field(default_factory=list)

    def insert(self, table: str, **values: Any) -> int:
        """Add a row and return its number; `table` and the names are this program's own words."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - no word of it is a user's
        return self.connection.execute(sql, tuple(values.values())).lastrowid or 0

    def create(self, table: str, **values: Any) -> tuple[int, str]:
        """Add a row for something that has an id, a moment and a creator; return its number and its id."""
        made = str(uuid.uuid4())
        who = {"by_user": self.caller.user, "by_station": self.caller.station}
        return self.insert(table, uuid=made, created_us=self.utc_us, **who, **values), made

    def merge_metadata(self, table: str, number: int, given: dict[str, Any] | None) -> None:
        """Merge into the metadata of a row; a null takes its key away. Raise BadRequestError for too many keys."""
        if not given:
            return
        row = self.connection.execute(f"SELECT metadata FROM {table} WHERE id = ?", (number,))  # noqa: S608 - own words
        merged = {**json.loads(row.fetchone()[0]), **given}
        kept = {key: value for key, value in merged.items() if value is not None}
        if len(kept) > MOST_METADATA:
            cause = f"There would be {len(kept)} keys; at most {MOST_METADATA} are kept."
            raise BadRequestError("The metadata is too large.", cause, "Set keys that are not needed to null.")
        sql = f"UPDATE {table} SET metadata = ? WHERE id = ?"  # noqa: S608 - own words
        self.connection.execute(sql, (json.dumps(kept), number))


class RecordBook:
    """The open database, which `open_book` has made ready; made in a thread, because it opens a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writers = ThreadPoolExecutor(1, "unit record writer")
        self._readers = ThreadPoolExecutor(_READERS, "unit record reader")
        self._local = threading.local()
        self._watching = connect_book(path)
        self._opened = [self._watching]

    def version(self) -> int:
        """Return a number that is another one after each change, by whichever process; takes microseconds.

        Raises:
            UnreadableRecordError: the database cannot be read.
        """
        try:
            version: int = self._watching.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise _unusable("read", error) from error
        return version

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `query` in a thread on a connection that sees every change answered so far.

        Raises:
            UnreadableRecordError: the database cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)

    async def write(self, caller: Caller, utc_us: int, change: Callable[[Change], _T]) -> tuple[_T, list[str]]:
        """Run `change` as one transaction; return its result and the files nothing points at since.

        When it returns, everything is on the disk; when it raises, nothing has happened.

        Raises:
            UnreadableRecordError: the database cannot be written.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._change, caller, utc_us, change)

    async def close(self) -> None:
        """Finish what is under way and let go of the file."""
        for pool in (self._writers, self._readers):
            await asyncio.get_running_loop().run_in_executor(None, pool.shutdown)
        for connection in self._opened:
            connection.close()

    def _query(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            connection = self._connection(is_reader=True)
            connection.execute("BEGIN")  # all that one answer says is of one moment
            try:
                return query(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _unusable("read", error) from error

    def _change(self, caller: Caller, utc_us: int, change: Callable[[Change], _T]) -> tuple[_T, list[str]]:
        try:
            return changed(self._connection(is_reader=False), caller, utc_us, change)
        except sqlite3.Error as error:
            raise _unusable("written", error) from error

    def _connection(self, is_reader: bool) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect_book(self._path)
            connection.execute(f"PRAGMA query_only = {int(is_reader)}")
            self._local.connection = connection
            self._opened.append(connection)
        return connection


def _unusable(how: str, error: sqlite3.Error) -> UnreadableRecordError:
    """Return the error for a record that cannot be `read` or `written`; one that is only held will be usable again."""
    what = f"The unit's record cannot be {how}."
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = "Close what else has its file open, such as a program to look into databases, then try again."
        return UnreadableRecordError(what, "Another program holds it.", remedy)
    return UnreadableRecordError(what, cause=f"{error}.")


def changed(
    connection: sqlite3.Connection, caller: Caller, utc_us: int, change: Callable[[Change], _T]
) -> tuple[_T, list[str]]:
    """Run `change` as one transaction on a connection; see `RecordBook.write`."""
    under_way = Change(connection, caller, utc_us)
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(under_way)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result, under_way.files_left


def connect_book(path: Path) -> sqlite3.Connection:
    """Return a connection whose commits are on the disk when they return."""
    connection = connect(path)
    connection.execute("PRAGMA synchronous = FULL")
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    connection.row_factory = sqlite3.Row
    return connection


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def open_book(path: Path, stamp: str) -> list[str]:
    """Make `path` a record of the newest schema; return what the user must know of how it was found.

    Raises:
        OSError, sqlite3.Error: nothing can be written there.
    """
    database, _ = open_database(path, stamp, _check_tables, RECORD_STEPS)
    return list(database.notes)


def _check_tables(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT count(*) FROM units, keys, runs LIMIT 0").fetchall()


def is_ready(path: Path) -> bool:
    """Whether `path` is a record of this version's schema that has its first user."""
    if not path.is_file():
        return False
    with closing(connect_book(path)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] != len(RECORD_STEPS):
            return False
        return connection.execute("SELECT 1 FROM users").fetchone() is not None
