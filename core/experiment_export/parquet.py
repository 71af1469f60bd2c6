"""Parquet beside a CSV: the same rows with types, moments as moments (https://parquet.apache.org/docs/file-format/)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# As much as DuckDB may hold at a time; what is more goes to its folder on the disk.
_MOST_MEMORY = "200MB"
_LONGEST_LINE_BYTES = 64_000_000


def write_parquet(source: Path, target: Path, types: dict[str, str], scratch: Path) -> None:
    """Write the rows of a CSV file as Parquet.

    Args:
        source: the CSV file, with a line of names.
        target: the Parquet file.
        types: DuckDB's type of each column, in order; a value that does not fit has the whole column kept as text.
        scratch: folder for what does not fit into memory.

    Raises:
        OSError: the file cannot be written.
    """
    import duckdb

    with duckdb.connect(config=_settings(scratch)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            connection.execute(_copy(source, target, types))
        except (duckdb.ConversionException, duckdb.InvalidInputException):
            connection.execute(_copy(source, target, dict.fromkeys(types, "VARCHAR")))
        except duckdb.IOException as error:
            raise OSError(None, f"{error}") from error


def _settings(scratch: Path) -> dict[str, Any]:
    return {
        "threads": 1,
        "memory_limit": _MOST_MEMORY,
        "temp_directory": str(scratch),
        # It reads one file of ours and writes another, and asks nobody else.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def _copy(source: Path, target: Path, types: dict[str, str]) -> str:
    columns = ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in types.items())
    read = (
        f"read_csv({_text(source)}, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"new_line = '\\r\\n', max_line_size = {_LONGEST_LINE_BYTES}, columns = {{{columns}}})"
    )
    return f"COPY (SELECT * FROM {read}) TO {_text(target)} (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
