"""Reading a request's body: one JSON object, strictly, whatever its content type says.

Everything wrong with a body is the asker's to know: it is answered 400 (413 when too large) with the fields named.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from core.errors import BadRequestError, ServiceError

_MOST_BYTES = 1024 * 1024
# Of a Content-Length that is worth reading as a number.
_LONGEST_LENGTH = 15
_DEEPEST = 32
# More than what others, who have floating point only, can read.
_MOST_BITS = 1023
_M = TypeVar("_M", bound=BaseModel)


class TooLargeError(ServiceError):
    """The body is larger than this service takes."""

    status = 413
    default_remedy = "Send less at a time: at most 1 MiB."


def body_of(model: type[_M]) -> Callable[[Request], Awaitable[_M]]:
    """Return what reads a request's body into `model`; a route asks for it with `Depends(body_of(Model))`.

    It raises TooLargeError above 1 MiB and BadRequestError, naming fields, for everything else.
    """

    async def read(request: Request) -> _M:
        return checked(model, await read_object(request))

    return read


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return a route's `openapi_extra` that describes a body read by `body_of(model)`."""
    schema = model.model_json_schema()
    schema = _with_parts_in_place(schema, schema.pop("$defs", {}))
    required = bool(schema.get("required"))
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _with_parts_in_place(value: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with its parts where they are referred to; a reference would be sought in the whole document."""
    if isinstance(value, list):
        return [_with_parts_in_place(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    part = parts.get(str(value.get("$ref", "")).rpartition("/")[2], {})
    merged = {**part, **{key: item for key, item in value.items() if key != "$ref" or not part}}
    return {key: _with_parts_in_place(item, parts) for key, item in merged.items()}


async def read_object(request: Request) -> dict[str, Any]:
    """Return the body's JSON object, {} for an empty body."""
    return parse_object(await read_bytes(request))


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`, {} when it is empty; raise BadRequestError when it is none."""
    if not raw.strip():
        return {}
    try:
        value = parse_value(raw)
    except (ValueError, RecursionError) as error:
        cause = "It is nested too deep." if isinstance(error, RecursionError) else f"{error}."
        raise BadRequestError("The body is not JSON.", cause, "Send one JSON object in UTF-8.") from None
    if not isinstance(value, dict):
        cause = f"It is of JSON type {_type_word(value)}."
        raise BadRequestError("The body is not a JSON object.", cause, "Send one JSON object, such as {}.")
    return value


def parse_value(raw: bytes) -> Any:
    """Return what JSON in UTF-8 says; raise ValueError or RecursionError where it is none, or no value here can be.

    The functions of our own that it calls for each object and number give other threads their turn: megabytes would
    hold up the loop for seconds otherwise, whatever thread reads them.
    """
    value = json.loads(
        raw.decode("utf-8"), object_hook=_taken, parse_float=_float, parse_int=_int, parse_constant=_refuse_constant
    )
    _check(value, 1)
    return value


def checked(model: type[_M], value: dict[str, Any]) -> _M:
    """Return `value` as a `model`, null meaning absent; raise BadRequestError naming the fields at fault."""
    # What is not a field at all stays, to be refused by its name.
    given = {name: item for name, item in value.items() if item is not None or name not in model.model_fields}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [(".".join(str(part) for part in fault["loc"]), fault["msg"]) for fault in error.errors()]
        cause = "; ".join(f"{field}: {message}" if field else message for field, message in faults)
        fields = sorted({field for field, _ in faults if field})
        raise BadRequestError("The body does not fit this request.", cause, fields=fields) from None


async def read_bytes(request: Request, most_bytes: int = _MOST_BYTES) -> bytes:
    """Return a request's body; raise TooLargeError when it is longer than `most_bytes`."""
    announced = request.headers.get("content-length", "").lstrip("0")
    if len(announced) > _LONGEST_LENGTH or (announced and int(announced) > most_bytes):
        raise _too_large(announced, most_bytes)
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > most_bytes:
            raise _too_large(f"more than {most_bytes}", most_bytes)
    return bytes(raw)


def _too_large(size: str, most_bytes: int) -> TooLargeError:
    remedy = f"Send less at a time: at most {most_bytes // 2**20} MiB."
    return TooLargeError("The body is too large.", f"It has {size} bytes; at most {most_bytes} are taken.", remedy)


def _taken(value: dict[str, Any]) -> dict[str, Any]:
    return value


def _float(text: str) -> float:
    return float(text)


def _int(text: str) -> int:
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any, depth: int) -> None:
    """Raise ValueError for what JSON text allows but no value here can be: too deep, infinite, half a character."""
    if depth > _DEEPEST and isinstance(value, dict | list):
        raise ValueError(f"it is nested deeper than {_DEEPEST}")
    if isinstance(value, dict):
        for key, item in value.items():
            key.encode()
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, str):
        value.encode()
    elif (isinstance(value, float) and not math.isfinite(value)) or (
        isinstance(value, int) and value.bit_length() > _MOST_BITS
    ):
        raise ValueError("a number is too large")


def _type_word(value: Any) -> str:
    if value is None:
        return "null"
    words = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return words.get(type(value), "object")
