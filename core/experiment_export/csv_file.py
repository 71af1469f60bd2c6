"""One CSV file of an export: written row by row, and its columns' types found on the way."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What numbers and texts are called in Parquet files, by DuckDB.
_BIGINT, _DOUBLE, _TEXT = "BIGINT", "DOUBLE", "VARCHAR"


@dataclass(frozen=True)
class WrittenCsv:
    """A CSV file: its number of rows, and the type of each column, None for one without a value."""

    rows: int
    types: dict[str, str | None]


def write_csv(
    path: Path, columns: list[str], batches: Iterator[list[tuple[Any, ...]]], on_rows: Callable[[int], None]
) -> WrittenCsv:
    """Write a CSV file in UTF-8 with one line of names; numbers are exact, what is missing is empty.

    Args:
        path: file to write.
        columns: names of the columns.
        batches: the rows.
        on_rows: told how many rows were written, after each batch.

    Raises:
        OSError: the file cannot be written.
    """
    kinds: list[set[type]] = [set() for _ in columns]
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for batch in batches:
            writer.writerows(batch)
            for kind, values in zip(kinds, zip(*batch, strict=True), strict=True):
                kind.update(map(type, values))
            count += len(batch)
            on_rows(len(batch))
    return WrittenCsv(count, {name: _type(kind) for name, kind in zip(columns, kinds, strict=True)})


def _type(kinds: set[type]) -> str | None:
    kinds = kinds - {type(None)}
    if not kinds:
        return None
    if kinds == {int}:
        return _BIGINT
    return _DOUBLE if kinds <= {int, float} else _TEXT
