"""The one thread that writes to a database: batched, committed at least each second.

Rows are handed over without waiting. Whatever the disk does, the caller goes on: rows that cannot be written wait in
memory, the user is told once, and they are written as soon as the disk takes them again.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.records.database import connect

Value = str | float | int | None

# By the wall clock, also when the service's time is bent: this is about power cuts, not about experiments.
_COMMIT_AFTER_S = 1.0
_COMMIT_AFTER_ROWS = 100
_ROWS_KEPT_IN_TROUBLE = 1_000_000
_FLUSH_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 5.0

_TROUBLE = (
    "The records cannot be written (%s). They wait in memory. Free space on the disk that holds %s; if it has space, "
    "restart the service: records that cannot be read are set aside."
)
# What is wrong with one row and not with the database: numbers beyond 64 bits, text that is no Unicode, constraints.
_BAD_ROW = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError, UnicodeError)

_log = logging.getLogger(__name__)


class _Row(NamedTuple):
    sql: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class _Flush:
    done: Callable[[], None]


class Writer:
    """Writes rows to the database at `path`, in the order they were given, until closed.

    Args:
        tell: called in the writer's thread with what is wrong when rows cannot be written, "" when they can again.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._tell = tell or _nobody
        self._queue: queue.SimpleQueue[_Row | _Flush | None] = queue.SimpleQueue()
        # Set when rows must be committed before their second is over. Rows alone wake the thread once a batch.
        self._hurry = threading.Event()
        self._in_trouble = False
        # Rows that memory had no room for while the disk took none.
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name=f"writer of {path.name}", daemon=True)
        self._thread.start()

    def write(self, sql: str, *values: Value) -> None:
        """Hand over one statement; it is committed within a second."""
        self._queue.put(_Row(sql, values))
        if self._queue.qsize() >= _COMMIT_AFTER_ROWS and not self._in_trouble:
            self._hurry.set()

    def commit_soon(self) -> None:
        """Have everything handed over so far committed without waiting for the second to pass."""
        self._put_urgent(_Flush(_nothing))

    def flush(self) -> bool:
        """Wait, not in the event loop, until everything handed over so far is committed; False when it takes long."""
        done = threading.Event()
        self._put_urgent(_Flush(done.set))
        return done.wait(_FLUSH_TIMEOUT_S)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._put_urgent(None)
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _put_urgent(self, item: _Flush | None) -> None:
        self._queue.put(item)
        self._hurry.set()

    def _run(self) -> None:
        with closing(connect(self._path)) as connection:
            rows: list[_Row] = []
            ended = False
            while not ended:
                ended, flushes = self._collect(rows)
                if self._commit(connection, rows):
                    rows.clear()
                too_many = max(0, len(rows) - _ROWS_KEPT_IN_TROUBLE)
                del rows[:too_many]
                self._lost += too_many
                for flush in flushes:
                    flush.done()
            if rows:
                _log.error("The last %d records could not be written and are lost.", len(rows) + self._lost)
                return
            connection.execute("PRAGMA optimize")

    def _collect(self, rows: list[_Row]) -> tuple[bool, list[_Flush]]:
        """Add to `rows` until it is time to commit; return whether this is the end, and who waits for the commit."""
        items = [] if rows else [self._queue.get()]
        self._hurry.wait(_COMMIT_AFTER_S)
        self._hurry.clear()
        while not self._queue.empty():
            items.append(self._queue.get())
        rows.extend(item for item in items if isinstance(item, _Row))
        return None in items, [item for item in items if isinstance(item, _Flush)]

    def _commit(self, connection: sqlite3.Connection, rows: list[_Row]) -> bool:
        if not rows:
            return True
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for row in rows:
                    self._execute(connection, row)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            if not self._in_trouble:
                _log.error(_TROUBLE, error, self._path.parent)
                self._tell(str(error))
            self._in_trouble = True
            return False
        if self._in_trouble:
            lost = f"the oldest {self._lost} of those that waited are lost" if self._lost else "nothing was lost"
            _log.warning("The records are written again; %s.", lost)
            self._tell("")
        self._in_trouble = False
        self._lost = 0
        return True

    @staticmethod
    def _execute(connection: sqlite3.Connection, row: _Row) -> None:
        try:
            connection.execute(row.sql, row.values)
        except _BAD_ROW as error:
            _log.error("A row of the records was left out (%s): %s", error, row.sql)


def _nobody(_: str) -> None:
    """Nobody has asked to be told."""


def _nothing() -> None:
    """Nobody waits for this commit."""
