"""The rows of a dataset: one query, made of its descriptor, the time window, and the order that partitions ask for."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.experiment_export.plan import ExportPlan

HOURS = "hours_since_experiment_created"
_LOCALTIME = "_localtime"
_AT_ONCE = 2000
# What a dataset's query may do: look, and nothing else.
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
# Microseconds of an hour are more than anything here is measured to.
_HOURS = """
round((julianday("{column}") - julianday((SELECT created_at FROM chosen WHERE chosen.experiment = rows.experiment)))
* 24, 7) AS {name}"""


@dataclass(frozen=True)
class Part:
    """The rows of one file: the experiment and the unit they belong to, None for several; rows come in batches."""

    experiment: str | None
    unit: str | None
    batches: Iterator[list[tuple[Any, ...]]]


class DatasetRows:
    """The rows of one dataset, read as they are asked for.

    Raises:
        sqlite3.Error: the query makes no sense, or the dataset has not the columns it says.

    Attributes:
        columns: names, in order.
    """

    def __init__(self, connection: sqlite3.Connection, dataset: dict[str, Any], plan: ExportPlan) -> None:
        self._of_experiment = plan.partition_by_experiment and dataset["has_experiment"]
        wants_unit = plan.partition_by_unit or dataset["always_partition_by_unit"]
        self._of_unit = wants_unit and dataset["has_unit"]
        if dataset["not_recorded"]:
            self.columns = list(dataset["column_descriptions"])
            self._cursor = connection.execute("SELECT 1 WHERE 0")
            return
        query, values = _query(connection, dataset, plan, self._partitions())
        self._cursor = connection.execute(query, values)
        self.columns = [column[0] for column in self._cursor.description]

    def parts(self) -> Iterator[Part]:
        """Yield the rows by file, in order; one part without rows when there are none."""
        places = [self.columns.index(name) for name in self._partitions()]
        if not places:
            yield Part(None, None, self._batches(self._cursor))
            return
        is_empty = True
        for key, rows in itertools.groupby(self._cursor, key=lambda row: tuple(row[place] for place in places)):
            is_empty = False
            values = iter(key)
            experiment = next(values) if self._of_experiment else None
            yield Part(experiment, next(values) if self._of_unit else None, self._batches(rows))
        if is_empty:
            yield Part(None, None, iter(()))

    def _partitions(self) -> list[str]:
        return ["experiment"] * self._of_experiment + ["pioreactor_unit"] * self._of_unit

    @staticmethod
    def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
        while batch := list(itertools.islice(rows, _AT_ONCE)):
            yield batch


def allow_looking_only(connection: sqlite3.Connection) -> None:
    """Refuse whatever a query could do beside looking: datasets of users and plug-ins are read with it."""
    connection.set_authorizer(_judge)


def timestamp_columns(dataset: dict[str, Any], columns: list[str]) -> list[str]:
    """Return the columns that are moments in UTC."""
    return [name for name in dataset["timestamp_columns"] if name in columns]


def local_columns(dataset: dict[str, Any], columns: list[str]) -> list[str]:
    """Return the columns that are moments in local time."""
    return [f"{name}{_LOCALTIME}" for name in timestamp_columns(dataset, columns)]


def _query(
    connection: sqlite3.Connection, dataset: dict[str, Any], plan: ExportPlan, partitions: list[str]
) -> tuple[str, list[str]]:
    source = dataset["table"] or f"({dataset['query'].strip().rstrip(';')})"
    probe = connection.execute(f"SELECT * FROM {source} LIMIT 0")  # noqa: S608 - it can only look
    columns = [column[0] for column in probe.description]
    moments = timestamp_columns(dataset, columns)
    more = [f'datetime("{name}", \'localtime\') AS "{name}{_LOCALTIME}"' for name in moments]
    wheres, values = [], []
    if dataset["has_experiment"]:
        wheres.append("experiment IN (SELECT experiment FROM chosen)")
        if moments:
            more.append(_HOURS.format(column=moments[0], name=HOURS))
    for limit, sign in ((plan.start_time, ">="), (plan.end_time, "<=")):
        if limit is not None and moments:
            wheres.append(f'"{moments[0]}" {sign} ?')
            values.append(limit)
    order = [*partitions, *([dataset["default_order_by"]] if dataset["default_order_by"] else [])]
    query = f"SELECT {', '.join(['*', *more])} FROM {source} AS rows"  # noqa: S608 - as above
    query += f" WHERE {' AND '.join(wheres)}" if wheres else ""
    return query + (f" ORDER BY {', '.join(order)}" if order else ""), values


def _judge(action: int, first: str | None, second: str | None, *_: Any) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and second == "load_extension"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
