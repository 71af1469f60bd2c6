"""Expressions in profiles, `${{ ... }}`: what they may consist of, and reading them.

From the weakest binding to the strongest: `or`; `and`; `not`; one of `< <= == >= >`; `+ -`; `* /`; a minus sign in
front; `**` (to the right). Elements are numbers, `true`, `false`, names (of an input, otherwise the text itself),
functions, values that jobs publish (`unit:job:setting` or `::job:setting`, each with `.key` for what is inside), and
parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from core.profiles.problems import Place

FUNCTIONS = ("unit", "job_name", "experiment", "hours_elapsed", "random")
_LONGEST = 2000
# What is read is worked out by recursion, too.
_MOST_PARTS = 150
_DEEPEST = 40
_BEGIN, _END = "${{", "}}"
_LONGEST_MESSAGE = 10_000
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<published>(?:::|[A-Za-z0-9_$][A-Za-z0-9_-]*:)[a-z_][a-z0-9_]*:\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
  | (?P<function>[a-z_]+\(\s*\))
  | (?P<name>[A-Za-z_$][A-Za-z0-9_]*)
  | (?P<operator>\*\*|<=|>=|==|[-+*/<>()])
    """,
    re.VERBOSE | re.ASCII,
)
COMPARISONS = ("<", "<=", "==", ">=", ">")


class ExpressionError(ValueError):
    """The text is no expression; `offset` is where in it, counted from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True)
class Literal:
    """A number or a truth value."""

    value: float | bool


@dataclass(frozen=True)
class Name:
    """An input's name, otherwise a text."""

    name: str


@dataclass(frozen=True)
class Function:
    """One of `FUNCTIONS`."""

    name: str


@dataclass(frozen=True)
class Published:
    """What a job publishes; `unit` None is this unit, `keys` lead into an object."""

    unit: str | None
    job_name: str
    setting: str
    keys: tuple[str, ...]
    written: str


@dataclass(frozen=True)
class Unary:
    """`-` or `not` in front of something."""

    operator: str
    of: Node


@dataclass(frozen=True)
class Binary:
    """An operator between two things."""

    operator: str
    left: Node
    right: Node


Node = Literal | Name | Function | Published | Unary | Binary


@dataclass(frozen=True)
class Expression:
    """An expression that was read; `source` is its text without brackets, `place` where it stands."""

    root: Node
    source: str
    place: Place

    def nodes(self) -> list[Node]:
        """Return every part of it."""
        found: list[Node] = []
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            found.append(node)
            if isinstance(node, Unary):
                waiting.append(node.of)
            elif isinstance(node, Binary):
                waiting += [node.right, node.left]
        return found


def parse(source: str, place: Place) -> Expression:
    """Read an expression, with or without its brackets; raise ExpressionError."""
    inner, start = source, 0
    if (whole := bracketed(source)) is not None:
        inner = whole
        start = source.index(_BEGIN) + len(_BEGIN)
    try:
        return Expression(_Parser(inner).whole(), inner.strip(), place)
    except ExpressionError as error:
        raise ExpressionError(str(error), error.offset + start) from None


def bracketed(text: str) -> str | None:
    """Return what is between `${{` and `}}` when they enclose the whole text, None otherwise."""
    text = text.strip()
    if not text.startswith(_BEGIN) or not text.endswith(_END) or len(text) < len(_BEGIN) + len(_END):
        return None
    inner = text[len(_BEGIN) : -len(_END)]
    return None if _BEGIN in inner else inner


def has_brackets(text: str) -> bool:
    """Whether an expression begins somewhere in a text."""
    return _BEGIN in text


def parts_of(message: str, place: Place) -> list[str | Expression]:
    """Return the texts and expressions a message consists of, in order; raise ExpressionError."""
    if len(message) > _LONGEST_MESSAGE:
        raise ExpressionError(f"a text with expressions has at most {_LONGEST_MESSAGE} characters", _LONGEST_MESSAGE)
    parts: list[str | Expression] = []
    at = 0
    while (begin := message.find(_BEGIN, at)) >= 0:
        inner_at = begin + len(_BEGIN)
        end = message.find(_END, inner_at)
        if end < 0:
            raise ExpressionError("an expression begins with ${{ but does not end with }}", begin)
        inner = message[inner_at:end]
        try:
            parts += [message[at:begin], Expression(_Parser(inner).whole(), inner.strip(), place)]
        except ExpressionError as error:
            raise ExpressionError(str(error), error.offset + inner_at) from None
        at = end + len(_END)
    return [part for part in [*parts, message[at:]] if part != ""]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    offset: int


class _Parser:
    """Reads one expression by recursive descent."""

    def __init__(self, source: str) -> None:
        if len(source) > _LONGEST:
            raise ExpressionError(f"an expression has at most {_LONGEST} characters", _LONGEST)
        self._source = source
        self._tokens = _tokens(source)
        if len(self._tokens) > _MOST_PARTS:
            raise ExpressionError(f"it has more than {_MOST_PARTS} parts", self._tokens[_MOST_PARTS].offset)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        """Return the whole source's root."""
        if not self._tokens:
            raise ExpressionError("the expression is empty", 0)
        node = self._or()
        if (token := self._peek()) is not None:
            raise ExpressionError(f"{token.text!r} does not belong here", token.offset)
        return node

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *texts: str) -> str | None:
        """Return the next token's text and step over it, when it is one of these words or signs."""
        token = self._peek()
        if token is None or token.kind not in ("operator", "name") or token.text not in texts:
            return None
        self._at += 1
        return token.text

    def _or(self) -> Node:
        node = self._and()
        while self._take("or"):
            node = Binary("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._not()
        while self._take("and"):
            node = Binary("and", node, self._not())
        return node

    def _not(self) -> Node:
        if self._take("not"):
            return self._deeper(lambda: Unary("not", self._not()))
        return self._comparison()

    def _comparison(self) -> Node:
        node = self._sum()
        if operator := self._take(*COMPARISONS):
            node = Binary(operator, node, self._sum())
            token = self._peek()
            if token is not None and token.text in COMPARISONS:
                raise ExpressionError("compare two values at a time, and join comparisons with `and`", token.offset)
        return node

    def _sum(self) -> Node:
        node = self._product()
        while operator := self._take("+", "-"):
            node = Binary(operator, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while operator := self._take("*", "/"):
            node = Binary(operator, node, self._signed())
        return node

    def _signed(self) -> Node:
        if self._take("-"):
            return self._deeper(lambda: Unary("-", self._signed()))
        return self._power()

    def _power(self) -> Node:
        node = self._element()
        if self._take("**"):
            return self._deeper(lambda: Binary("**", node, self._signed()))
        return node

    def _element(self) -> Node:
        token = self._peek()
        if token is None:
            raise ExpressionError("something is missing at the end", len(self._source))
        self._at += 1
        if token.text == "(":
            node = self._deeper(self._or)
            if not self._take(")"):
                raise ExpressionError("a parenthesis is not closed", token.offset)
            return node
        return _element(token)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"it is nested deeper than {_DEEPEST}", self._tokens[self._at - 1].offset)
        node = read()
        self._depth -= 1
        return node


def _element(token: _Token) -> Node:
    if token.kind == "number":
        return Literal(float(token.text))
    if token.kind == "published":
        return _published(token.text)
    if token.kind == "function":
        name = token.text.partition("(")[0]
        if name not in FUNCTIONS:
            raise ExpressionError(f"there is no function {name}(); use {', '.join(FUNCTIONS)}", token.offset)
        return Function(name)
    if token.kind == "name" and token.text not in ("and", "or", "not"):
        word = token.text.lower()
        return Literal(word == "true") if word in ("true", "false") else Name(token.text)
    raise ExpressionError(f"{token.text!r} does not belong here", token.offset)


def _published(text: str) -> Published:
    unit, _, rest = (None, "", text[2:]) if text.startswith("::") else text.partition(":")
    job_name, _, path = rest.partition(":")
    setting, *keys = path.split(".")
    return Published(unit, job_name, setting, tuple(keys), text)


def _tokens(source: str) -> list[_Token]:
    found, at = [], 0
    while at < len(source):
        form = _TOKEN.match(source, at)
        if form is None:
            raise ExpressionError(_unknown(source, at), at)
        if form.lastgroup != "space":
            found.append(_Token(str(form.lastgroup), form[0], at))
        at = form.end()
    return found


def _unknown(source: str, at: int) -> str:
    if source[at] in "\"'":
        return "texts stand without quotation marks"
    if source.startswith("!=", at):
        return "there is no `!=`; use `not` and `==`"
    if source[at] == ":":
        return "a published value is written unit:job:setting or ::job:setting"
    return f"{source[at]!r} does not belong into an expression"
