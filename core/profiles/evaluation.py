"""Working out what an expression stands for at a moment of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.profiles.expressions import Binary, Expression, Function, Literal, Name, Node, Published, Unary

Value = float | bool | str


class EvaluationError(ValueError):
    """An expression has no value now; the message says why."""


class MissingValueError(EvaluationError):
    """A job does not publish the value that is asked for, or does not run."""


@dataclass(frozen=True)
class Surroundings:
    """What an expression can ask for.

    Attributes:
        published: returns what a job publishes as JSON; raises MissingValueError. None as unit is this unit.
        random: returns a number from 0 up to 1.
    """

    unit: str
    experiment: str
    job_name: str
    inputs: Mapping[str, Any]
    hours_elapsed: float
    published: Callable[[str | None, str, str], Any]
    random: Callable[[], float]


def value_of(expression: Expression, at: Surroundings) -> Value:
    """Return a number, a truth value or a text; raise EvaluationError."""
    try:
        return _value(expression.root, at)
    except EvaluationError as error:
        raise type(error)(f"${{{{ {expression.source} }}}}: {error}") from None


def truth_of(expression: Expression, at: Surroundings) -> bool:
    """Return a truth value; a number is true unless it is 0; raise EvaluationError for a text."""
    return _truth(value_of(expression, at))


def text_of(value: Value) -> str:
    """Return a value as it stands in a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else value


def _value(node: Node, at: Surroundings) -> Value:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Name):
        return _scalar(at.inputs.get(node.name, node.name), node.name)
    if isinstance(node, Function):
        return _call(node.name, at)
    if isinstance(node, Published):
        return _published(node, at)
    if isinstance(node, Unary):
        inner = _value(node.of, at)
        return not _truth(inner) if node.operator == "not" else -_number(inner)
    return _combine(node, at)


def _call(name: str, at: Surroundings) -> Value:
    if name == "random":
        return at.random()
    values: dict[str, Value] = {
        "unit": at.unit,
        "job_name": at.job_name,
        "experiment": at.experiment,
        "hours_elapsed": at.hours_elapsed,
    }
    return values[name]


def _published(node: Published, at: Surroundings) -> Value:
    value = at.published(node.unit, node.job_name, node.setting)
    for key in node.keys:
        if not isinstance(value, dict) or key not in value:
            raise MissingValueError(f"{node.written} has no {key!r}")
        value = value[key]
    if value is None:
        raise MissingValueError(f"{node.written} has no value")
    return _scalar(value, node.written)


def _scalar(value: Any, name: str) -> Value:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, dict):
        raise EvaluationError(f"{name} is an object; say which part of it is meant: {', '.join(map(str, value))}")
    raise EvaluationError(f"{name} is neither a number nor a text")


def _combine(node: Binary, at: Surroundings) -> Value:
    if node.operator in ("and", "or"):
        first = _truth(_value(node.left, at))
        return first if first is (node.operator == "or") else _truth(_value(node.right, at))
    left, right = _value(node.left, at), _value(node.right, at)
    if node.operator == "==":
        return left == right
    return _calculate(node.operator, _number(left), _number(right))


def _calculate(operator: str, left: float, right: float) -> Value:
    try:
        result: Value | complex = _OPERATIONS[operator](left, right)
    except ZeroDivisionError:
        raise EvaluationError("it divides by 0") from None
    except OverflowError:
        raise EvaluationError("the number is too large") from None
    if isinstance(result, complex) or (isinstance(result, float) and not math.isfinite(result)):
        raise EvaluationError("it has no value that is a number")
    return result


_OPERATIONS: dict[str, Callable[[float, float], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "**": lambda left, right: left**right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    ">": lambda left, right: left > right,
}


def _number(value: Value) -> float:
    if isinstance(value, str):
        raise EvaluationError(f"{value!r} is no number")
    return float(value)


def _truth(value: Value) -> bool:
    if isinstance(value, str):
        raise EvaluationError(f"{value!r} is neither true nor false")
    return bool(value)
