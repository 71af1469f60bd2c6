"""Lists in pages: filters, order, and a cursor that counts rows.

The cursor is the number of rows that came before. Rows added meanwhile would shift what it counts, so each walk
through a list sees only what was there at its first page: the newest row's number is remembered for the next pages.
Rows deleted meanwhile would shift it too, and others would be passed over: the rows that came last are remembered.
"""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

_WALKS_REMEMBERED = 2048
_SEEN_REMEMBERED = 500
# A row may hold megabytes of text, and a hundred of them more than there is memory.
_ROWS_AT_ONCE = 25
_MOST_CHARACTERS = 16_000_000
_NEWEST_OF_ALL = 2**62
_MOST_NUMBERS = 500
# More of a text need not be looked for: SQLite takes no pattern of any length (https://www.sqlite.org/limits.html).
_LONGEST_SOUGHT = 10_000
# Whether a text of ASCII has another one in it, whatever their case: twice as fast as `instr` of `lower`.
CONTAINS = "LIKE ? ESCAPE '\\'"
Named = Literal["procedure", "user", "station", "batch", "part", "revision", "version", "unit", "run"]
# How rows are found by what people call them; parts stand for all their revisions.
_NAMED: dict[Named, str] = {
    "procedure": "SELECT id FROM procedures WHERE uuid IN ({})",
    "user": "SELECT id FROM users WHERE uuid IN ({})",
    "station": "SELECT id FROM stations WHERE uuid IN ({})",
    "batch": "SELECT id FROM batches WHERE number IN ({})",
    "part": "SELECT r.id FROM revisions AS r JOIN parts AS p ON p.id = r.part WHERE p.number IN ({})",
    "revision": "SELECT id FROM revisions WHERE number IN ({})",
    "version": "SELECT id FROM versions WHERE tag IN ({})",
    "unit": "SELECT id FROM units WHERE serial_number IN ({})",
    "run": "SELECT id FROM runs WHERE uuid IN ({})",
}

SortOrder = Literal["asc", "desc"]


@dataclass(frozen=True)
class Reached:
    """How far a walk came.

    Attributes:
        newest: number of the newest row there was when it began.
        before: how many rows came before, of which `seen` are the last ones.
    """

    newest: int
    before: int = 0
    seen: array[int] = field(default_factory=lambda: array("q"))

    def without_deleted(self, connection: sqlite3.Connection, table: str) -> Reached:
        """Return how far that is now: rows that were deleted since come no longer before."""
        marks = ", ".join("?" * len(self.seen))
        found = connection.execute(f"SELECT id FROM {table} WHERE id IN ({marks})", self.seen)  # noqa: S608 - own words
        there = {row[0] for row in found}
        left = array("q", (number for number in self.seen if number in there))
        return Reached(self.newest, self.before - (len(self.seen) - len(left)), left)

    def after(self, numbers: Sequence[int]) -> Reached:
        """Return how far it is when these rows have been read too."""
        seen = (self.seen + array("q", numbers))[-_SEEN_REMEMBERED:]
        return Reached(self.newest, self.before + len(numbers), seen)


class Walks:
    """For every walk through a list, how far it came."""

    def __init__(self) -> None:
        self._reached: OrderedDict[tuple[str, int], Reached] = OrderedDict()
        self._lock = threading.Lock()  # two threads read

    def reached(self, walk: str, offset: int) -> Reached | None:
        """Return how far the walk came that goes on at `offset`; None for a walk nobody began here."""
        with self._lock:
            return self._reached.get((walk, offset))

    def remember(self, walk: str, offset: int, reached: Reached) -> None:
        """Remember with what a walk goes on at `offset`."""
        with self._lock:
            self._reached[walk, offset] = reached
            self._reached.move_to_end((walk, offset))
            if len(self._reached) > _WALKS_REMEMBERED:
                self._reached.popitem(last=False)


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for.

    Attributes:
        walk: what the pages of one walk have in common: who asks, for which list, with which filters.
        offset: rows before it.
    """

    walks: Walks
    walk: str
    limit: int
    offset: int


@dataclass
class Filters:
    """Conditions that a row must meet, all of them, and their values."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition with a question mark for each value."""
        self.conditions.append(condition)
        self.values.extend(values)

    def any_of(self, column: str, values: Sequence[Any] | None, inside: str = "{}") -> None:
        """Have `column` be one of the values, when there are any; `inside` is what the condition stands in."""
        if values:
            self.add(inside.format(f"{column} IN ({', '.join('?' * len(values))})"), *values)

    def refers_to(
        self,
        connection: sqlite3.Connection,
        column: str,
        named: Named,
        values: Sequence[Any] | None,
        inside: str = "{}",
    ) -> None:
        """Have `column` refer to what people call by one of the values, when there are any.

        The few rows of parts, procedures or people are found first: with their numbers in hand SQLite knows how few
        they are, and can go along an index in the order of the answer.
        """
        if not values:
            return
        sql = _NAMED[named].format(", ".join("?" * len(values)))
        numbers = [str(row[0]) for row in connection.execute(sql, values).fetchmany(_MOST_NUMBERS + 1)]
        if len(numbers) > _MOST_NUMBERS:
            self.add(inside.format(f"{column} IN ({sql})"), *values)
        else:
            self.add(inside.format(f"{column} IN ({', '.join(numbers)})"))

    def between(self, column: str, least: int | None, most: int | None) -> None:
        """Have `column` be no less and no more, where limits are given."""
        if least is not None:
            self.add(f"{column} >= ?", least)
        if most is not None:
            self.add(f"{column} <= ?", most)

    def has_number(self, text: str | None, column: str) -> None:
        """Have a column of numbers, which are ASCII, contain a text, whatever its case; "" asks for nothing."""
        if text:
            self.add(f"{column} {CONTAINS}", containing(text))

    def has_name(self, text: str | None, column: str) -> None:
        """Have a column of names contain a text, whatever its case; "" asks for nothing."""
        if text:
            self.add(f"instr(casefold({column}), ?)", text.casefold())

    def where(self) -> str:
        """Return the conditions as SQL."""
        return " AND ".join(self.conditions) or "1"


def containing(text: str) -> str:
    """Return the pattern for `CONTAINS` of everything that has a text in it."""
    escaped = text[:_LONGEST_SOUGHT].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


@dataclass(frozen=True)
class Order:
    """How a list is sorted: SQL expressions, with commas between, and a direction; ties by age, turned round too."""

    by: str
    order: SortOrder = "desc"


def read_page(
    connection: sqlite3.Connection,
    table: str,
    source: str,
    filters: Filters,
    order: Order,
    page: Page,
    rows_of: Callable[[sqlite3.Connection, list[int]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return one page as the API answers it.

    In `source`, an SQL source that begins with what the order goes by, the list's table has the alias `row`. `rows_of`
    makes the page's rows from their numbers, in the same order.
    """
    reached = _reached(connection, table, page)
    by = "".join(f"{each} {order.order}, " for each in order.by.split(", ") if each != "row.id")
    sql = (
        f"SELECT row.id FROM {source} WHERE {filters.where()} AND +row.id <= ? "  # noqa: S608 - own words
        f"ORDER BY {by}row.id {order.order} LIMIT ? OFFSET ?"
    )
    values = (*filters.values, reached.newest, page.limit + 1, reached.before)
    found = [row[0] for row in connection.execute(sql, values)]
    rows = _fitting(found[: page.limit], lambda numbers: rows_of(connection, numbers))
    has_more = len(found) > len(rows)
    follows = page.offset + len(rows) if has_more else None
    if follows is not None:
        page.walks.remember(page.walk, follows, reached.after(found[: len(rows)]))
    return {"data": rows, "meta": {"has_more": has_more, "next_cursor": follows}}


def _fitting(numbers: list[int], rows_of: Callable[[list[int]], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of a page; fewer, and at least one, where they hold more text than one answer should."""
    rows: list[dict[str, Any]] = []
    length = 0
    for start in range(0, len(numbers), _ROWS_AT_ONCE):
        some = rows_of(numbers[start : start + _ROWS_AT_ONCE])
        rows += some
        length += sum(map(_length, some))
        if length > _MOST_CHARACTERS:
            break
    return rows


def _length(value: Any) -> int:
    """Return about how many characters a value has."""
    if isinstance(value, str):
        return len(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(_length, inside))


def _reached(connection: sqlite3.Connection, table: str, page: Page) -> Reached:
    """Return how far the walk came of which this is the next page."""
    if not page.offset:
        newest = connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] or 0  # noqa: S608 - own words
        return Reached(newest)
    known = page.walks.reached(page.walk, page.offset)
    return Reached(_NEWEST_OF_ALL, page.offset) if known is None else known.without_deleted(connection, table)
