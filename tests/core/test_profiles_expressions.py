"""Expressions in profiles: grammar, precedence, values, and what is told of those that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from core.profiles.evaluation import EvaluationError, MissingValueError, Surroundings, value_of
from core.profiles.expressions import ExpressionError, bracketed, parse, parts_of
from core.profiles.problems import Place

PUBLISHED = {("od_reading", "od1"): {"od": 0.5, "angle": "90"}, ("stirring", "$state"): "ready"}


def look_up(unit: str | None, job_name: str, setting: str) -> Any:
    if unit not in (None, "unit-7"):
        raise EvaluationError("another unit")
    if (job_name, setting) not in PUBLISHED:
        raise MissingValueError("no such value")
    return PUBLISHED[job_name, setting]


def value(source: str) -> Any:
    at = Surroundings("unit-7", "first", "stirring", {"rate": 0.25, "strain": "K12"}, 1.5, look_up, lambda: 0.125)
    return value_of(parse(source, Place()), at)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("10 - 4 - 3", 3),
        ("8 / 4 / 2", 1),
        (".5e1", 5),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not 1 > 2", True),
        ("not false and false", False),
        ("1 <= 1 and 2 >= 2 and 1 < 2 and 2 > 1 and 1 == 1", True),
        ("True", True),
        ("rate * 4", 1),
        ("strain", "K12"),
        ("thermostat", "thermostat"),
        ("unit() == unit", False),
        ("experiment() == first", True),
        ("job_name()", "stirring"),
        ("hours_elapsed() + random()", 1.625),
        ("::od_reading:od1.od > 0.4", True),
        ("unit-7:od_reading:od1.od", 0.5),
        ("::stirring:$state == ready", True),
        ("${{ 1 + 1 }}", 2),
        ("true or ::nothing:here > 1", True),
    ],
)
def test_values(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    ("source", "offset", "why"),
    [
        ("1 +", 3, "missing at the end"),
        ("1 != 2", 2, "no `!=`"),
        ("'text'", 0, "without quotation marks"),
        ("(1 + 2", 0, "not closed"),
        ("1 2", 2, "does not belong"),
        ("1 < 2 < 3", 6, "two values at a time"),
        ("sleep()", 0, "no function"),
        ("", 0, "empty"),
        ("::od_reading", 0, "unit:job:setting"),
        ("and", 0, "does not belong"),
        ("(" * 60 + "1" + ")" * 60, None, "nested deeper"),
        ("+".join(["1"] * 200), None, "more than 150 parts"),
        ("${{ 1 + }}", 8, "missing"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(source: str, offset: int | None, why: str) -> None:
    with pytest.raises(ExpressionError, match=None) as refused:
        parse(source, Place())
    assert why in str(refused.value)
    if offset is not None:
        assert refused.value.offset == offset


@pytest.mark.parametrize(
    "source", ["1 / 0", "9 ** 9 ** 9", "strain + 1", "not strain", "(0 - 1) ** 0.5", "::od_reading:od1"]
)
def test_what_has_no_value_is_told(source: str) -> None:
    with pytest.raises(EvaluationError):
        value(source)


def test_a_value_that_is_not_published_is_told_as_missing() -> None:
    for source in ("::stirring:target_rpm", "::od_reading:od1.volts"):
        with pytest.raises(MissingValueError):
            value(source)


def test_a_message_is_texts_and_expressions() -> None:
    parts = parts_of("at ${{ rate }} and ${{ 1 + 1 }}!", Place())
    assert [part if isinstance(part, str) else part.source for part in parts] == ["at ", "rate", " and ", "1 + 1", "!"]
    assert bracketed("${{ a }} ${{ b }}") is None
    with pytest.raises(ExpressionError, match="does not end"):
        parts_of("open ${{ 1", Place())
