"""YAML from anywhere, read without trust: no objects, no bombs, nothing that JSON could not say.

The text is taken apart into events (YAML 1.1, https://yaml.org/spec/1.1/) and put together here, which bounds depth and
aliases while it goes on. Numbers such as `1e-5`, which JSON writes without a decimal point, are numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

MOST_ALIASED_NODES = 1000
_DEEPEST = 32
# Longer than any finite number need be; numbers to base 60 (1:30:00) take the square of their length to read.
_LONGEST_NUMBER = 320
_EXPONENT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+", re.ASCII)
_FLOAT = "tag:yaml.org,2002:float"
_NUMBERS = frozenset({_FLOAT, "tag:yaml.org,2002:int"})
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "timestamp", "str"))
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnsafeYamlError(ValueError):
    """The text is no YAML, or YAML that is not taken; the message says why.

    Attributes:
        line, column: where, counted from 1; None where that is not known.
    """

    line: int | None = None
    column: int | None = None


class Key(str):
    """A mapping's key, and where it stands: line and column, counted from 1."""

    __slots__ = ("column", "line")
    line: int
    column: int

    @classmethod
    def at(cls, text: str, line: int, column: int) -> Key:
        """Return a key that stands there."""
        key = cls(text)
        key.line, key.column = line, column
        return key


@dataclass(frozen=True)
class Placed:
    """A value and where it stands, line and column counted from 1.

    Attributes:
        value: dict of `Key` to `Placed`, list of `Placed`, or a scalar as `read_yaml` returns it.
        text: a scalar as it was written, without quotation marks; "" for lists and mappings.
    """

    value: Any
    line: int
    column: int
    text: str = ""

    def plain(self) -> Any:
        """Return the value as `read_yaml` returns it."""
        if isinstance(self.value, dict):
            return {str(key): item.plain() for key, item in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value


class _Scalars(yaml.SafeLoader):
    """Turns one scalar's text into its value."""

    def __init__(self) -> None:
        super().__init__("")


# Writes YAML in which whatever would be read as a number, and is a text, is in quotes.
_Writer: Any = type("_Writer", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})

for _class in (_Scalars, _Writer):
    _class.add_implicit_resolver(_FLOAT, re.compile(rf"^{_EXPONENT.pattern}$"), list("-+0123456789"))


def read_yaml(text: str) -> Any:
    """Return the one document in `text` as dict, list, str, int, float, bool, datetime, date or None.

    Raises:
        UnsafeYamlError: it is no YAML, has a tag that stands for an object, a mapping key that is no text or comes
            twice, a number that is not finite, is nested deeper than 32, or its aliases repeat more than 1000 nodes.
    """
    try:
        return _Builder(text).document()
    except (yaml.YAMLError, RecursionError, UnicodeError, OverflowError) as error:
        raise UnsafeYamlError(re.sub(r"\s+", " ", str(error))) from None


def read_placed_yaml(text: str) -> Placed | None:
    """Return the one document in `text` with the place of everything in it; None when there is none.

    Raises:
        UnsafeYamlError: as `read_yaml`, with line and column.
    """
    builder = _PlacedBuilder(text)
    try:
        placed: Placed | None = builder.document()
    except UnsafeYamlError as error:
        error.line, error.column = builder.at
        raise
    except (yaml.YAMLError, RecursionError, UnicodeError, OverflowError) as error:
        raise _with_place(error, builder.at) from None
    return placed


def _with_place(error: Exception, at: tuple[int, int]) -> UnsafeYamlError:
    said = str(error)
    if isinstance(error, yaml.MarkedYAMLError):
        said = f"{error.problem or ''} {error.context or ''}"
        mark = error.problem_mark or error.context_mark
        at = at if mark is None else (mark.line + 1, mark.column + 1)
    unsafe = UnsafeYamlError(re.sub(r"\s+", " ", said).strip())
    unsafe.line, unsafe.column = at
    return unsafe


def write_yaml(value: Any) -> str:
    """Return a mapping as YAML, keys in their order, floats exact, lists of numbers on one line."""
    return yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


class _Builder:
    """Puts one document together from the parser's events."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=_PARSER)
        self._scalars = _Scalars()
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._aliased_nodes = 0

    def document(self) -> Any:
        """Return the document's value; None when there is none."""
        value, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise UnsafeYamlError("there is more than one document")
                value, _ = self._node(next(self._events), 1)
        return value

    def _node(self, event: Any, depth: int) -> tuple[Any, int]:
        """Return the value that begins with `event`, and of how many nodes it consists."""
        if depth > _DEEPEST:
            raise UnsafeYamlError(f"it is nested deeper than {_DEEPEST}")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            value, nodes = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            value, nodes = self._sequence(event, depth)
        else:
            value, nodes = self._mapping(event, depth)
        if event.anchor is not None:
            self._anchored[event.anchor] = (value, nodes)
        return value, nodes

    def _alias(self, anchor: str | None) -> tuple[Any, int]:
        if anchor is None or anchor not in self._anchored:
            raise UnsafeYamlError(f"the alias *{anchor} stands for nothing, or for what it is a part of")
        value, nodes = self._anchored[anchor]
        self._aliased_nodes += nodes
        if self._aliased_nodes > MOST_ALIASED_NODES:
            raise UnsafeYamlError(f"its aliases repeat more than {MOST_ALIASED_NODES} nodes")
        return value, nodes

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            plain = event.implicit[0] and tag is None
            tag = self._scalars.resolve(yaml.ScalarNode, event.value, (plain, not plain))  # type: ignore[no-untyped-call]
        if tag not in _PLAIN:
            raise UnsafeYamlError(f"the tag {tag} is not taken")
        if tag in _NUMBERS and len(event.value) > _LONGEST_NUMBER:
            raise UnsafeYamlError(f"a number has more than {_LONGEST_NUMBER} characters")
        try:
            value = self._scalars.construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise UnsafeYamlError(f"{event.value[:60]!r} is no {tag.rpartition(':')[2]}: {error}") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise UnsafeYamlError(f"{event.value[:60]!r} is no finite number")
        if isinstance(value, str):
            value.encode()  # half of a surrogate pair is no character
        return value

    def _sequence(self, event: Any, depth: int) -> tuple[list[Any], int]:
        self._refuse_tag(event, "seq")
        items, nodes = [], 1
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item, more = self._node(event, depth + 1)
            items.append(item)
            nodes += more
        return items, nodes

    def _mapping(self, event: Any, depth: int) -> tuple[dict[str, Any], int]:
        self._refuse_tag(event, "map")
        mapping: dict[str, Any] = {}
        nodes = 1
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, depth + 1)
            if key in mapping:
                raise UnsafeYamlError(f"the key {key[:60]!r} comes twice")
            mapping[key], more = self._node(next(self._events), depth + 1)
            nodes += 1 + more
        return mapping, nodes

    def _key(self, event: Any, depth: int) -> str:
        key, _ = self._node(event, depth)
        if not isinstance(key, str):
            raise UnsafeYamlError(f"the key {str(key)[:60]!r} is no text")
        return key

    @staticmethod
    def _refuse_tag(event: Any, kind: str) -> None:
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{kind}"):
            raise UnsafeYamlError(f"the tag {event.tag} is not taken")


class _PlacedBuilder(_Builder):
    """Puts a document together of values that know their place; `at` is where it has come to."""

    def __init__(self, text: str) -> None:
        self.at = (1, 1)
        super().__init__(text)

    def _node(self, event: Any, depth: int) -> tuple[Any, int]:
        line, column = self.at = event.start_mark.line + 1, event.start_mark.column + 1
        value, nodes = super()._node(event, depth)
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        return Placed(value, line, column, text), nodes

    def _key(self, event: Any, depth: int) -> str:
        placed, _ = self._node(event, depth)
        if not isinstance(placed.value, str):
            raise UnsafeYamlError(f"the key {str(placed.text)[:60]!r} is no text; put it in quotation marks")
        return Key.at(placed.value, placed.line, placed.column)


def as_json(value: Any) -> Any:
    """Return a value of `read_yaml` as JSON has it: moments in time become texts."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
