"""Validators, aggregations and series of a measurement: kept as sent, shown in the form clients read.

Nothing is evaluated again. Only a limit given as a bare number gets an outcome here, because its sender gave none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from core.schemas.unit_record.fields import Sent
from core.schemas.unit_record.run_parts import SentMeasurement, SentValidator

_NOTHING: dict[str, Any] = {"validators": None, "aggregations": None, "docstring": None, "series": []}


def kept_details(measurement: SentMeasurement) -> dict[str, Any]:
    """Return what is kept of a measurement besides name, value and outcome; what is empty is left out."""
    validators = measurement.validators
    limits = [*_limit(measurement, ">=", measurement.lower_limit), *_limit(measurement, "<=", measurement.upper_limit)]
    if limits:
        validators = [*(validators or []), *limits]
    axes = [*([measurement.x_axis] if measurement.x_axis else []), *(measurement.y_axis or [])]
    details = {
        "validators": _kept(validators),
        "aggregations": _kept(measurement.aggregations),
        "docstring": measurement.docstring,
        "series": _kept(axes),
    }
    return {key: value for key, value in details.items() if value != _NOTHING[key]}


def shown_details(text: str, of: str) -> dict[str, Any]:
    """Return what was kept as answers show it; `of` is the measurement's id."""
    kept = {**_NOTHING, **json.loads(text)}
    return {
        "validators": _shown_validators(kept["validators"]),
        "aggregations": _shown_aggregations(kept["aggregations"], of, "m"),
        "docstring": kept["docstring"],
        "data_series": [_shown_axis(axis, of, index) for index, axis in enumerate(kept["series"])],
    }


def _limit(measurement: SentMeasurement, operator: str, limit: float | None) -> list[SentValidator]:
    if limit is None:
        return []
    value = measurement.measured_value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [SentValidator(outcome="UNSET", operator=operator, expected_value=limit)]
    is_met = value >= limit if operator == ">=" else value <= limit
    return [SentValidator(outcome="PASS" if is_met else "FAIL", operator=operator, expected_value=limit)]


def _kept(parts: Sequence[Sent] | None) -> list[dict[str, Any]] | None:
    return None if parts is None else [each.model_dump(exclude_defaults=True) for each in parts]


def _shown_axis(axis: dict[str, Any], of: str, index: int) -> dict[str, Any]:
    return {
        "data": axis["data"],
        "units": axis.get("units"),
        "name": axis.get("name"),
        "description": axis.get("description"),
        "validators": _shown_validators(axis.get("validators")) or [],
        "aggregations": _shown_aggregations(axis.get("aggregations"), of, f"s{index}") or [],
    }


def _shown_aggregations(kept: list[dict[str, Any]] | None, of: str, where: str) -> list[dict[str, Any]] | None:
    if kept is None:
        return None
    return [
        {
            "id": str(uuid.uuid5(uuid.UUID(of), f"{where} {index}")),
            "type": each["type"],
            "outcome": each.get("outcome"),
            "value": each.get("value"),
            "unit": each.get("unit"),
            "validators": _shown_validators(each.get("validators")),
        }
        for index, each in enumerate(kept)
    ]


def _shown_validators(kept: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    return None if kept is None else [_shown_validator(each) for each in kept]


def _shown_validator(kept: dict[str, Any]) -> dict[str, Any]:
    operator, expected, own = kept.get("operator"), kept.get("expected_value"), kept.get("expression")
    made = None if operator is None else f"x {operator} {json.dumps(expected)}"
    return {
        "outcome": kept.get("outcome") or "UNSET",
        "operator": operator,
        "expected_value": expected if _is_readable(expected) else None,
        "expression": own or made or json.dumps(expected),
        "is_decisive": kept.get("is_decisive", True),
        "is_expression_only": operator is None,
        "analytics_expression": made,
        "has_custom_expression": own is not None,
    }


def _is_readable(expected: Any) -> bool:
    """Whether clients can read an expected value; an object or a mixed list is told in the expression alone."""
    if isinstance(expected, list):
        are_numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in expected)
        return are_numbers or all(isinstance(each, str) for each in expected)
    return not isinstance(expected, dict)
