"""Reading fields of a profile's mappings; what does not fit becomes a problem at its place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.profiles.durations import duration_s
from core.profiles.expressions import Expression, ExpressionError, bracketed, has_brackets, parse
from core.profiles.problems import Place, Problems
from core.profiles.profile import Condition, Entry, Given
from core.safe_yaml import Key, Placed, as_json


class Fields:
    """One mapping of a profile.

    Args:
        placed: what stands there; anything but a mapping is a problem.
        what: what it is, for messages.
    """

    def __init__(self, placed: Placed | None, what: str, problems: Problems, place: Place | None = None) -> None:
        self.place = Place.of(placed) if placed is not None else (place or Place())
        self.what = what
        self.problems = problems
        self.items: dict[Key, Placed] = {}
        if placed is None or placed.value is None:
            return
        if isinstance(placed.value, dict):
            self.items = placed.value
        else:
            problems.error(self.place, f"{what} must be a mapping: keys with values, one below the other.")

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Note every key that is none of `known`."""
        for key in self.items:
            if key not in known:
                listed = ", ".join(known)
                self.problems.error(Place.of(key), f"{self.what} has no key {str(key)[:60]!r}.", f"Use {listed}.")

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.items

    def place_of(self, key: str) -> Place:
        """Return where a key stands, the mapping's place when it is not there."""
        return next((Place.of(found) for found in self.items if found == key), self.place)

    def get(self, key: str) -> Placed | None:
        """Return what stands at a key."""
        return self.items.get(key)  # type: ignore[call-overload, no-any-return]  # a Key is found by its text

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        placed = self.get(key)
        if placed is None or placed.value is None:
            return default
        if isinstance(placed.value, str):
            return placed.value
        self.problems.error(Place.of(placed), f"{key} must be a text.", "Put it in quotation marks.")
        return default

    def duration_s(self, key: str) -> float | None:
        """Return a time in seconds, None when there is none that can be read."""
        placed = self.get(key)
        if placed is None:
            return None
        try:
            return duration_s(placed.value, placed.text)
        except ValueError as error:
            self.problems.error(Place.of(placed), f"{key}: {error}.")
            return None

    def condition(self, key: str, default: bool) -> Condition:
        """Return a truth value, or an expression for one."""
        placed = self.get(key)
        if placed is None:
            return default
        if isinstance(placed.value, bool):
            return placed.value
        if isinstance(placed.value, str):
            return self._expression(placed, default)
        self.problems.error(Place.of(placed), f"{key} must be true, false or an expression.", "Such as ${{ 1 < 2 }}.")
        return default

    def entries(self, key: str) -> tuple[Entry, ...]:
        """Return the named values in the mapping at a key."""
        return named_values(Fields(self.get(key), key, self.problems, self.place_of(key)))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; numbers become texts."""
        return tuple(str(item.value) for item in self.list(key) if self._is_scalar(item))

    def list(self, key: str) -> list[Placed]:
        """Return the items of a list."""
        placed = self.get(key)
        if placed is None or placed.value is None:
            return []
        if isinstance(placed.value, list):
            return placed.value
        self.problems.error(Place.of(placed), f"{key} must be a list: items below each other, each begun with '- '.")
        return []

    def _is_scalar(self, item: Placed) -> bool:
        if isinstance(item.value, dict | list):
            self.problems.error(Place.of(item), "This must be a single value.")
            return False
        return True

    def _expression(self, placed: Placed, default: bool) -> Condition:
        found = read_expression(placed, placed.value, self.problems)
        return default if found is None else found


def named_values(fields: Fields) -> tuple[Entry, ...]:
    """Return a mapping's keys with their values, each known or an expression."""
    return tuple(
        Entry(str(key), given(placed, fields.problems), Place.of(key), Place.of(placed))
        for key, placed in fields.items.items()
    )


def given(placed: Placed, problems: Problems) -> Given:
    """Return a value as JSON has it, or the expression that stands for it."""
    value: Any = placed.value
    if not isinstance(value, str) or not has_brackets(value):
        return as_json(placed.plain())
    if bracketed(value) is None:
        remedy = "Only the messages of log actions have expressions inside a text."
        problems.error(Place.of(placed), "The whole value must be one expression: ${{ ... }}.", remedy)
        return None
    return read_expression(placed, value, problems)


def read_expression(placed: Placed, source: str, problems: Problems) -> Expression | None:
    """Return the expression in a text; None, and a problem, when it is none."""
    try:
        return parse(source, Place.of(placed))
    except ExpressionError as error:
        problems.error(place_in(placed, error.offset), f"This expression cannot be read: {error}.")
        return None


def place_in(placed: Placed, offset: int) -> Place:
    """Return the place of a character of a scalar, as well as that can be told from where the scalar begins."""
    if "\n" in placed.text or placed.text != placed.value:
        return Place.of(placed)
    return Place(placed.line, placed.column + offset)
