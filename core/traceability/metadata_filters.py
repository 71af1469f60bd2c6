"""Lists filtered by metadata: a parameter `metadata` holds JSON such as `{"site": {"in": ["A", "B"]}}`.

Texts are compared by `in` and `contains`, the latter whatever the case of ASCII letters; numbers by `gt`, `gte`, `lt`,
`lte` and `eq`; truth values by `eq`. Values of another type than the operator's do not fit.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.traceability.lists import CONTAINS, Filters, containing

_MOST_KEYS, _MOST_TEXTS = 5, 50
_LONGEST = 4000
# What clients send when they want no filter.
_NONE = ("", "null")
_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_VALUE = "json_extract(row.metadata, ?)"
_TYPE = "json_type(row.metadata, ?)"


def _check(text: str) -> str:
    if text in _NONE:
        return ""
    try:
        read = json.loads(text) if len(text) <= _LONGEST else None
        json.dumps(read, ensure_ascii=False).encode()  # half a character is in no text
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict) or len(read) > _MOST_KEYS:
        raise _fault(f"The metadata filter must be a JSON object with at most {_MOST_KEYS} keys.")
    for key, wanted in read.items():
        if '"' in key:
            raise _fault("The keys of a metadata filter must have no quotation marks.")
        if not isinstance(wanted, dict) or not wanted or not all(_fits(*each) for each in wanted.items()):
            raise _fault(f"The metadata filter of {key[:60]!r} must have operators in, contains, gt, gte, lt, lte, eq.")
    return text


MetadataFilter = Annotated[
    str,
    AfterValidator(_check),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "maxLength": _LONGEST}),
]


def keep_metadata(filters: Filters, wanted: str | None) -> None:
    """Keep rows whose metadata meet every condition of a `MetadataFilter`; rows without a key do not."""
    read: dict[str, dict[str, Any]] = json.loads(wanted) if wanted else {}
    for key, conditions in read.items():
        path = f"$.{json.dumps(key)}"  # as the key is written in the metadata
        for operator, value in conditions.items():
            _keep(filters, path, operator, value)


def _keep(filters: Filters, path: str, operator: str, value: Any) -> None:
    if operator == "in":
        filters.add(f"({_TYPE} = 'text' AND {_VALUE} IN ({', '.join('?' * len(value))}))", path, path, *value)
    elif operator == "contains":
        filters.add(f"({_TYPE} = 'text' AND {_VALUE} {CONTAINS})", path, path, containing(value))
    elif isinstance(value, bool):
        filters.add(f"{_TYPE} = ?", path, "true" if value else "false")
    else:
        compared = _COMPARED.get(operator, "=")
        filters.add(f"({_TYPE} IN ('integer', 'real') AND {_VALUE} {compared} ?)", path, path, value)


def _fits(operator: str, value: Any) -> bool:
    if operator == "in":
        is_short_list = isinstance(value, list) and len(value) <= _MOST_TEXTS
        return is_short_list and all(isinstance(each, str) for each in value)
    if operator == "contains":
        return isinstance(value, str)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53
    return (is_number and operator in (*_COMPARED, "eq")) or (operator == "eq" and isinstance(value, bool))


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError("unit_record", "{text}", {"text": text})
