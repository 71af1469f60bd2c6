"""The records' database file: opened, brought up to date, or moved aside when it cannot be read.

SQLite in WAL mode with synchronous=NORMAL: a killed process loses nothing that was committed, and readers never wait
for the writer (https://www.sqlite.org/wal.html). A database of an older schema is copied, the copy is migrated and
takes its place; the old file stays beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.records.schema import SCHEMA_STEPS

_BUSY_TIMEOUT_S = 15.0
_MARK_OPEN = "INSERT OR REPLACE INTO store(name, key, value) VALUES ('service', 'open', 'true')"
_WAS_OPEN = "SELECT 1 FROM store WHERE name = 'service' AND key = 'open'"
_COMPANIONS = ("-wal", "-shm")
# Errors (https://www.sqlite.org/rescode.html) that say nothing against what the file holds; and, of the disk's errors,
# those that do.
_NOT_THE_FILE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
    }
)
_UNREADABLE_DISK = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)
_T = TypeVar("_T")


@dataclass(frozen=True)
class OpenedDatabase:
    """What was found.

    Attributes:
        was_open: the service that wrote to it last did not close it.
        notes: what the user must know, such as a file that was moved aside; empty when all is well.
    """

    path: Path
    was_open: bool
    notes: tuple[str, ...]


def is_unreadable(error: Exception) -> bool:
    """Whether it is the file that is at fault, and not a full disk, a missing right or another program's lock."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return not isinstance(error, OSError)
    return code & 0xFF not in _NOT_THE_FILE and (code & 0xFF != sqlite3.SQLITE_IOERR or code in _UNREADABLE_DISK)


def check_readable(path: Path) -> None:
    """Raise sqlite3.DatabaseError when `path` is no database whose records can be taken over; it is left as it is."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        _check(connection)
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(SCHEMA_STEPS):
        raise sqlite3.DatabaseError(f"they were written by a newer Vialdesk, schema {version}")


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection as all of the service uses it; commits only when told."""
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_database(
    path: Path, stamp: str, load: Callable[[sqlite3.Connection], _T], steps: Sequence[str] = SCHEMA_STEPS
) -> tuple[OpenedDatabase, _T]:
    """Make `path` a database of the newest schema, whatever is there now, and return what `load` reads from it.

    Args:
        path: the database file.
        load: reads what its caller needs; a file from which it cannot read is moved aside.
        stamp: part of a backup's name, such as "20310203T040506Z".
        steps: SQL scripts; the n-th one brings a database from schema version n to n + 1.

    Raises:
        OSError: the folder cannot be written.
        sqlite3.Error: not even a new database can be made there; or the disk is full, or another program holds the
            file: it is left as it is then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    try:
        was_open, loaded = _bring_up_to_date(path, stamp, load, steps, notes)
    except (sqlite3.DatabaseError, OSError) as error:
        if not path.exists() or not is_unreadable(error):
            raise
        backup = _move_aside(path, stamp)
        notes.append(
            f"The records in {path.name} could not be read ({error}). They are kept as {backup.name} in the same "
            "folder, and new records were begun."
        )
        was_open, loaded = _bring_up_to_date(path, stamp, load, steps, notes)
    return OpenedDatabase(path, was_open, tuple(notes)), loaded


def _bring_up_to_date(
    path: Path, stamp: str, load: Callable[[sqlite3.Connection], _T], steps: Sequence[str], notes: list[str]
) -> tuple[bool, _T]:
    version = _version(path) if path.exists() else 0
    if version > len(steps):
        raise sqlite3.DatabaseError(f"they were written by a newer Vialdesk, schema {version}")
    if 0 < version < len(steps):
        backup = _migrate_copy(path, stamp, version, steps)
        notes.append(f"The records were brought to schema {len(steps)}; the former file is kept as {backup.name}.")
    with closing(connect(path)) as connection:
        if version == 0:
            _apply(connection, 0, steps)
        was_open = connection.execute(_WAS_OPEN).fetchone() is not None
        if was_open:
            _check(connection)
        loaded = load(connection)
        connection.execute(_MARK_OPEN)
    return was_open, loaded


def _version(path: Path) -> int:
    # Not `connect`: the file may be another program's, and must be left as it is then.
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("this is another program's database")
        return version


def _check(connection: sqlite3.Connection) -> None:
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        raise sqlite3.DatabaseError(str(fault))


def _apply(connection: sqlite3.Connection, version: int, steps: Sequence[str]) -> None:
    for number, step in enumerate(steps[version:], version + 1):
        connection.executescript(f"BEGIN; {step}; PRAGMA user_version = {number}; COMMIT;")


def _migrate_copy(path: Path, stamp: str, version: int, steps: Sequence[str]) -> Path:
    copy = path.with_name(f"{path.name}.migrating")
    copy.unlink(missing_ok=True)
    with closing(connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)
        _apply(new, version, steps)
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = path.with_name(f"{path.stem}-schema-{version}-{stamp}{path.suffix}")
    path.replace(backup)
    copy.replace(path)
    return backup


def _move_aside(path: Path, stamp: str) -> Path:
    backup = path.with_name(f"{path.stem}-unreadable-{stamp}{path.suffix}")
    path.replace(backup)
    for companion in _COMPANIONS:
        beside = path.with_name(path.name + companion)
        if beside.exists():
            beside.replace(backup.with_name(backup.name + companion))
    return backup
