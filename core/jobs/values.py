"""Reading the values a user gives: options when a job starts (lenient), settings while it runs (strict).

Every function raises BadRequestError with the offending names in `fields`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from core.errors import BadRequestError, NotFoundError
from core.jobs.declaration import Argument, JobDeclaration, Option, Setting

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


def read_options(declaration: JobDeclaration, given: dict[str, Any]) -> dict[str, Any]:
    """Return the value of every declared option, the default where none is given.

    A key may be the option's name or its long flag, with `-` and `_` alike.
    """
    named: dict[str, Any] = {}
    by_key = {_key(spelling): option for option in declaration.options for spelling in _spellings(option)}
    unknown = [key for key in given if _key(key) not in by_key]
    if unknown:
        raise BadRequestError(
            f"{declaration.job_name} has no option {_listed(unknown)}.",
            cause="An option that is not declared would be lost without a word.",
            remedy="Use the names in `known`.",
            fields=unknown,
            known=[option.name for option in declaration.options],
        )
    for key, value in given.items():
        option = by_key[_key(key)]
        if option.name in named:
            raise BadRequestError(f"Option {option.name} is given twice.", fields=[key])
        named[option.name] = _read_option(option, value)
    missing = [option.name for option in declaration.options if option.required and option.name not in named]
    if missing:
        raise BadRequestError(f"{declaration.job_name} needs the option {_listed(missing)}.", fields=missing)
    return {option.name: named.get(option.name, option.entry()["default"]) for option in declaration.options}


def check_arguments(declared: tuple[Argument, ...], given: list[str]) -> None:
    """Refuse positional arguments that the job does not take, or that are missing."""
    least = sum(max(argument.nargs, 1) for argument in declared if argument.required)
    most = math.inf if any(a.nargs < 0 for a in declared) else sum(argument.nargs for argument in declared)
    if not least <= len(given) <= most:
        wanted = " ".join(argument.name for argument in declared) or "none"
        raise BadRequestError(f"{len(given)} arguments do not fit; the job takes: {wanted}.", fields=["args"])


def read_setting(job_name: str, settings: dict[str, Setting], name: str, value: Any) -> Any:
    """Return `value` as the setting's datatype; clamp it where the setting clamps.

    Raises:
        NotFoundError: the job has no such setting.
        BadRequestError: it cannot be set, or not to this.
    """
    setting = settings.get(name)
    if setting is None:
        raise NotFoundError(f"{job_name} has no setting {name!r}.", known=sorted(settings), fields=[name])
    if not setting.settable:
        raise BadRequestError(f"{name} of {job_name} can be read but not set.", fields=[name])
    if setting.datatype == "float":
        return _within(setting, name, _number(name, value))
    if setting.datatype == "integer":
        number = _within(setting, name, _number(name, value))
        if number != int(number):
            raise BadRequestError(f"{name} must be a whole number, not {value!r}.", fields=[name])
        return int(number)
    expected = {"boolean": bool, "json": dict}.get(setting.datatype, str)
    if not isinstance(value, expected):
        raise BadRequestError(f"{name} must be {_article(setting.datatype)}, not {value!r}.", fields=[name])
    return value


def _spellings(option: Option) -> Iterable[str]:
    return {option.name, option.long_flag or option.name}


def _key(name: str) -> str:
    return name.replace("-", "_")


def _read_option(option: Option, value: Any) -> Any:
    if option.multiple:
        if not isinstance(value, list):
            raise BadRequestError(f"Option {option.name} takes a list.", fields=[option.name])
        return [_read_one(option, item) for item in value]
    return _read_one(option, value)


def _read_one(option: Option, value: Any) -> Any:
    kind = option.type.removesuffix(" range")
    if kind == "boolean":
        return _boolean(option.name, value)
    if kind in ("float", "integer"):
        number = _number(option.name, _from_text(value))
        if kind == "integer" and number != int(number):
            raise BadRequestError(f"Option {option.name} takes a whole number, not {value!r}.", fields=[option.name])
        _refuse_outside(option, number)
        return int(number) if kind == "integer" else number
    if not isinstance(value, str):
        raise BadRequestError(f"Option {option.name} takes a text, not {value!r}.", fields=[option.name])
    return value


def _boolean(name: str, value: Any) -> bool:
    if value is None or value is True:
        return True
    text = str(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadRequestError(f"Option {name} takes true or false, not {value!r}.", fields=[name])


def _from_text(value: Any) -> Any:
    # What Python would read besides the numbers of any other program: 1_000, digits of other scripts.
    if not isinstance(value, str) or not value.isascii() or "_" in value:
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequestError(f"{name} must be a number, not {value!r}.", fields=[name])
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadRequestError(f"{name} must be a finite number, not {value!r}.", fields=[name])
    return number


def _refuse_outside(limits: Option | Setting, number: float, name: str = "") -> None:
    low, high = _limits(limits)
    if not low <= number <= high:
        name = limits.name if isinstance(limits, Option) else name
        unit = f" {limits.unit}" if limits.unit else ""
        raise BadRequestError(
            f"{name} must be {_span(low, high)}{unit}, not {number:g}.",
            remedy="Choose a value inside the range.",
            fields=[name],
        )


def _within(setting: Setting, name: str, number: float) -> float:
    low, high = _limits(setting)
    if setting.clamps:
        return float(min(max(number, low), high))
    _refuse_outside(setting, number, name)
    return number


def _limits(limits: Option | Setting) -> tuple[float, float]:
    low = -math.inf if limits.minimum is None else limits.minimum
    high = math.inf if limits.maximum is None else limits.maximum
    return low, high


def _span(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if math.isinf(low) else f"from {low:g} to {high:g}"


def _article(datatype: str) -> str:
    return {"boolean": "true or false", "json": "an object"}.get(datatype, "a text")


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
