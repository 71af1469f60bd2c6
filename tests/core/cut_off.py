"""Services that are cut off: what the disk had at that moment, and what it has after each single write."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.records.writer import Writer
from core.service import Service

Store = dict[tuple[str, str], Any]
_DATABASE = Path("storage") / "vialdesk.sqlite"


async def killed_copy(service: Service, folder: Path) -> Path:
    """Return a data folder as it is when the service is killed now."""
    await service.records.flush()
    return Path(shutil.copytree(service.data_dir, folder, ignore=shutil.ignore_patterns("service.*")))


def stored(folder: Path) -> Store:
    """Return the key-value store of a data folder."""
    with closing(sqlite3.connect(folder / _DATABASE)) as connection:
        rows = connection.execute("SELECT name, key, value FROM store").fetchall()
    return {(name, key): json.loads(value) for name, key, value in rows}


class Writes:
    """Every write to key-value stores from now on, in their order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._statements: list[tuple[str, tuple[Any, ...]]] = []
        write = Writer.write

        def noted(writer: Writer, sql: str, *values: Any) -> None:
            if "store" in sql.split("(")[0]:
                self._statements.append((sql, values))
            write(writer, sql, *values)

        monkeypatch.setattr(Writer, "write", noted)

    def after_each(self, store: Store) -> Iterator[Store]:
        """Yield what the disk has if the power goes after each of them."""
        now = dict(store)
        for sql, values in self._statements:
            if sql.startswith("INSERT"):
                now[values[0], values[1]] = json.loads(values[2])
            elif values:
                now.pop((values[0], values[1]), None)
            yield dict(now)
