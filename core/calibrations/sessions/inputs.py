"""Reading what a person answered to a step: numbers may come as text, truth as a word, lists with commas."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from core.calibrations.sessions.steps import Step, StepField
from core.errors import BadRequestError

_TRUE, _FALSE = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})
_LONGEST_TEXT = 255
_LONGEST_LIST = 100


def read_inputs(step: Step, given: dict[str, Any]) -> dict[str, Any]:
    """Return the values a step goes on with, by name.

    Raises:
        BadRequestError: a value is missing, of the wrong type or out of range, an answer to nothing that was asked, or
            a choice that is not offered; `fields` names them all.
    """
    if any(given == choice.inputs for choice in step.choices):
        return dict(given)
    if step.step_type == "form":
        return _read_form(step, given)
    if step.step_type == "action" and given:
        raise _no_such_choice(step, given)
    return {}


def _read_form(step: Step, given: dict[str, Any]) -> dict[str, Any]:
    names = [each.name for each in step.fields]
    faults = [(name, "it is not asked here") for name in given if name not in names]
    values = {}
    for each in step.fields:
        try:
            values[each.name] = _read_field(each, given.get(each.name))
        except ValueError as error:
            faults.append((each.name, str(error)))
    if faults:
        cause = "; ".join(f"{name}: {reason}" for name, reason in faults)
        fields = [name for name, _ in faults]
        remedy = "Correct it and send it again; the calibration waits at this step."
        raise BadRequestError("An input is not usable.", f"{cause}.", remedy, fields=fields, known=names)
    return values


def _no_such_choice(step: Step, given: dict[str, Any]) -> BadRequestError:
    offered = ", ".join(json.dumps(choice.inputs) for choice in step.choices)
    return BadRequestError(
        "This step does not offer that.",
        cause=f"Its choices are: {offered}." if offered else "It takes no inputs.",
        remedy="Send {} to go on, or the inputs of one of metadata.actions.",
        fields=sorted(given),
    )


def _read_field(asked: StepField, given: Any) -> Any:
    is_empty_list = given == [] and asked.field_type == "float_list"
    is_empty = given is None or is_empty_list or (isinstance(given, str) and not given.strip())
    if not is_empty:
        return _READERS[asked.field_type](asked, given)
    if asked.required and asked.default is None:
        raise ValueError("it is missing")
    return asked.default


def _read_string(_: StepField, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError("it must be text")
    text = given.strip()
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        raise ValueError(f"it must be at most {_LONGEST_TEXT} characters of plain text")
    return text


def _read_number(given: Any, needed: str) -> float:
    # Python reads 1_000 as a number; nobody who measures writes one so.
    is_fitting = isinstance(given, int | float | str) and not isinstance(given, bool) and "_" not in str(given)
    try:
        value = float(given) if is_fitting else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"it must be {needed}")
    return value


def _read_float(asked: StepField, given: Any) -> float:
    return _within(asked, _read_number(given, "a number"))


def _read_int(asked: StepField, given: Any) -> int:
    value = _read_number(given, "a whole number")
    if not value.is_integer():
        raise ValueError("it must be a whole number")
    return int(_within(asked, value))


def _read_bool(_: StepField, given: Any) -> bool:
    word = str(given).strip().lower() if isinstance(given, str | int) else ""
    if word not in _TRUE | _FALSE:
        raise ValueError("it must be yes or no")
    return word in _TRUE


def _read_float_list(asked: StepField, given: Any) -> list[float]:
    if not isinstance(given, str | list):
        raise ValueError("it must be a list of numbers, or text such as 0.5, 1.0")
    parts = given.split(",") if isinstance(given, str) else given
    if len(parts) > _LONGEST_LIST:
        raise ValueError(f"it must have at most {_LONGEST_LIST} numbers")
    return [_within(asked, _read_number(part, "numbers, such as 0.5, 1.0")) for part in parts]


def _read_option(asked: StepField, given: Any) -> str:
    options = asked.options or ()
    if not isinstance(given, str) or given.strip() not in options:
        raise ValueError(f"it must be one of: {', '.join(options)}")
    return given.strip()


def _within(asked: StepField, value: float) -> float:
    if asked.minimum is not None and value < asked.minimum:
        raise ValueError(asked.min_error_msg or f"it must be at least {asked.minimum:g}")
    if asked.maximum is not None and value > asked.maximum:
        raise ValueError(asked.max_error_msg or f"it must be at most {asked.maximum:g}")
    return value


_READERS: dict[str, Callable[[StepField, Any], Any]] = {
    "string": _read_string,
    "float": _read_float,
    "int": _read_int,
    "bool": _read_bool,
    "float_list": _read_float_list,
    "choice": _read_option,
}
