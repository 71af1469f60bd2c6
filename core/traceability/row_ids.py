"""Ids of what runs consist of: phases, measurements, log lines.

There are millions of them, and an id stored beside each would cost more than the row. So theirs is a UUID (version 8,
RFC 9562) made of the record's own id, the kind, and the row's number, from which the row is found again.
"""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from typing import Literal

Kind = Literal["phase", "measurement", "log"]
_NUMBER_BYTES = 7


class RowIds:
    """Makes and reads the ids of one record."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._record = record_id(connection)

    def make(self, kind: Kind, number: int) -> str:
        """Return the id of a row."""
        return str(uuid.UUID(bytes=self._head(kind) + number.to_bytes(_NUMBER_BYTES, "big")))

    def number(self, kind: Kind, made: str) -> int | None:
        """Return the row of an id; None when it is no id of this record and kind."""
        given = uuid.UUID(made).bytes
        if given[:-_NUMBER_BYTES] != self._head(kind):
            return None
        return int.from_bytes(given[-_NUMBER_BYTES:], "big")

    def _head(self, kind: Kind) -> bytes:
        head = bytearray(hashlib.sha256(f"{self._record} {kind}".encode()).digest()[: 16 - _NUMBER_BYTES])
        head[6] = 0x80 | head[6] & 0x0F
        head[8] = 0x80 | head[8] & 0x3F
        return bytes(head)


def record_id(connection: sqlite3.Connection) -> str:
    """Return the id of the record itself, which it has from its first day."""
    value: str = connection.execute("SELECT value FROM store WHERE name = 'record' AND key = 'id'").fetchone()[0]
    return value
