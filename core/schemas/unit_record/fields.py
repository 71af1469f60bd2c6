"""Fields of the unit record's requests: numbers people give things, moments, durations, ids.

What is wrong with one is said in words that name it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

LONGEST_NUMBER = 60
LONGEST_NAME = 255
MOST_METADATA = 50
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CHARACTERS = re.compile(r"[A-Za-z0-9_.:+-]+")
_PATTERN = r"^[A-Za-z0-9_.:+-]+$"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UUID_PATTERN = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST_EMAIL = 254
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6}|\.\d{9})?)?([Zz]|[+\- ]\d\d:?\d\d)?", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:(?P<Y>[\d.,]+)Y)?(?:(?P<M>[\d.,]+)M)?(?:(?P<W>[\d.,]+)W)?(?:(?P<D>[\d.,]+)D)?"
    r"(?:T(?=.)(?:(?P<h>[\d.,]+)H)?(?:(?P<m>[\d.,]+)M)?(?:(?P<s>[\d.,]+)S)?)?",
    re.ASCII,
)
_SECONDS = {"Y": 365 * 86400, "M": 30 * 86400, "W": 7 * 86400, "D": 86400, "h": 3600, "m": 60, "s": 1}
_LONGEST_DURATION_S = 10_000 * 365 * 86400


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError("unit_record", "{text}", {"text": text})


def _number(label: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.strip():
            raise _fault(f"The {label} must have at least 1 character.")
        if len(value) > LONGEST_NUMBER:
            raise _fault(f"The {label} must be at most {LONGEST_NUMBER} characters long; its length is {len(value)}.")
        if not _CHARACTERS.fullmatch(value):
            raise _fault(f"The {label} is invalid: it may have letters, digits and _ . : + - only.")
        return value

    return check


def _name(label: str, longest: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.strip():
            raise _fault(f"The {label} is required: it must have at least 1 character.")
        if len(value) > longest:
            raise _fault(f"The {label} must be at most {longest} characters long; its length is {len(value)}.")
        return value.strip()

    return check


def _uuid(value: str) -> str:
    if not _UUID.fullmatch(value.lower()):
        raise _fault("This must be a UUID.")
    return value.lower()


def _email(value: str) -> str:
    if len(value) > _LONGEST_EMAIL or not _EMAIL.fullmatch(value):
        raise _fault("The operator (operated_by) must be an email address.")
    return value


def _microseconds(value: Any) -> int:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise _fault("This must be a moment in ISO 8601, such as 2031-02-03T04:05:06.789Z.")
    # In a query an unescaped plus sign arrives as a space.
    text = value[:11].upper().replace("T", " ") + value[11:].replace(" ", "+").upper()
    try:
        when = datetime.fromisoformat(text)
        # With its offset taken off, it must still be within the years 1 to 9999: it is answered in UTC.
        in_utc = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
        return (in_utc - _START) // _MICROSECOND
    except (ValueError, OverflowError):
        raise _fault("There is no such moment.") from None


def _span(value: Any) -> int:
    form = _DURATION.fullmatch(value) if isinstance(value, str) else None
    try:
        if form is None:
            raise ValueError
        seconds = sum(
            float(count.replace(",", ".")) * _SECONDS[unit] for unit, count in form.groupdict().items() if count
        )
    except ValueError:
        raise _fault("This must be an ISO 8601 duration, such as PT2M30S.") from None
    return round(min(seconds, _LONGEST_DURATION_S) * 1_000_000)


def _form(longest: int = LONGEST_NUMBER) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest, "pattern": _PATTERN})


def _words(longest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest, "pattern": r"\S"})


SerialNumber = Annotated[str, AfterValidator(_number("serial number")), _form()]
PartNumber = Annotated[str, AfterValidator(_number("part number")), _form()]
RevisionNumber = Annotated[str, AfterValidator(_number("revision number")), _form()]
BatchNumber = Annotated[str, AfterValidator(_number("batch number")), _form()]
VersionTag = Annotated[str, AfterValidator(_number("tag name")), _form()]
PartName = Annotated[str, AfterValidator(_name("part name", LONGEST_NAME)), _words(LONGEST_NAME)]
ProcedureName = Annotated[str, AfterValidator(_name("procedure name", LONGEST_NAME)), _words(LONGEST_NAME)]
StationName = Annotated[str, AfterValidator(_name("station name", LONGEST_NUMBER)), _words(LONGEST_NUMBER)]
FileName = Annotated[str, AfterValidator(_name("file name", LONGEST_NAME)), _words(LONGEST_NAME)]
Uuid = Annotated[str, AfterValidator(_uuid), WithJsonSchema({"type": "string", "pattern": _UUID_PATTERN})]
Email = Annotated[
    str, AfterValidator(_email), WithJsonSchema({"type": "string", "format": "email", "maxLength": _LONGEST_EMAIL})
]
# In requests moments and durations are taken as text and become whole microseconds.
Moment = Annotated[int, BeforeValidator(_microseconds), WithJsonSchema({"type": "string", "format": "date-time"})]
Span = Annotated[int, BeforeValidator(_span), WithJsonSchema({"type": "string", "format": "duration"})]

RunOutcome = Literal["PASS", "FAIL", "ERROR", "TIMEOUT", "ABORTED"]
PhaseOutcome = Literal["PASS", "FAIL", "SKIP", "ERROR"]
MeasurementOutcome = Literal["PASS", "FAIL", "UNSET"]
Sample = Literal["golden", "failing", "ignored"]
MetadataValue = str | bool | int | float | None
Metadata = Annotated[dict[str, MetadataValue], Field(max_length=MOST_METADATA)]


class Sent(BaseModel):
    """A request's body: what is not known is ignored, because clients send all they have."""

    model_config = ConfigDict(extra="ignore")
