"""The key-value store: small values that must outlive a restart, such as normalisation constants."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

from core.records.writer import Writer

_SET = "INSERT INTO store(name, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_REMOVE = "DELETE FROM store WHERE name = ? AND key = ?"


class ValueStore:
    """Named tables of JSON values, held in memory and written through; nothing here waits.

    Args:
        values: (table, key) to value, as loaded.
    """

    def __init__(self, writer: Writer, values: dict[tuple[str, str], Any]) -> None:
        self._writer = writer
        self._values = values

    def get(self, name: str, key: str, default: Any = None) -> Any:
        """Return the value under `key` in table `name`, or `default`."""
        return self._values.get((name, key), default)

    def keys(self, name: str) -> list[str]:
        """Return the keys in table `name`."""
        return [key for table, key in self._values if table == name]

    def set(self, name: str, key: str, value: Any) -> None:
        """Keep a JSON value under `key` in table `name`; raise ValueError or TypeError when it is none."""
        text = json.dumps(value, allow_nan=False)
        self._values[name, key] = json.loads(text)
        self._writer.write(_SET, name, key, text)

    def commit_soon(self) -> None:
        """Have what was set committed at once, not within a second; does not wait."""
        self._writer.commit_soon()

    async def committed(self) -> None:
        """Wait until what was set is on the disk, or the disk has been waited for long enough."""
        await asyncio.to_thread(self._writer.flush)

    def remove(self, name: str, key: str) -> bool:
        """Forget the value under `key` in table `name`; return whether there was one."""
        self._writer.write(_REMOVE, name, key)
        return self._values.pop((name, key), None) is not None


def load_values(connection: sqlite3.Connection) -> dict[tuple[str, str], Any]:
    """Return what is stored; a value that cannot be read is left out."""
    values = {}
    for name, key, text in connection.execute("SELECT name, key, value FROM store WHERE name != 'service'"):
        try:
            values[name, key] = json.loads(text)
        except ValueError:
            continue
    return values
