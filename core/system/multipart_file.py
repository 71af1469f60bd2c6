"""Receiving one file of a multipart form: straight to the disk, whatever its size, up to a limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from core.bodies import TooLargeError
from core.disk_room import refuse_no_room
from core.errors import BadRequestError

_WRITE_BYTES = 1024 * 1024
# What a form may have besides the file: boundaries, headers, other fields.
_OVERHEAD_BYTES = 64 * 1024
_REMEDY = "Send multipart/form-data with the file in the field {field}, and its file name."


@dataclass
class _Part:
    """Headers of the part that is being read, and whether it is the file."""

    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    is_wanted: bool = False


class _Form:
    """Picks the wanted file out of a form."""

    def __init__(self, boundary: bytes, wanted: str) -> None:
        self._wanted = wanted.encode()
        self._part = _Part()
        self.name = ""
        self.found = False
        self.ended = False
        self.content = bytearray()
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_end": self._end,
            },
        )

    def _begin(self) -> None:
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._part.name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        if self._part.name.lower() == b"content-disposition":
            self._part.disposition = bytes(self._part.value)
        self._part.name.clear()
        self._part.value.clear()

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._part.disposition)
        is_file = options.get(b"name") == self._wanted and bool(options.get(b"filename"))
        self._part.is_wanted = is_file and not self.found
        if self._part.is_wanted:
            self.name = options[b"filename"].decode("utf-8", "replace")
        self.found = self.found or is_file

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_wanted:
            self.content += data[start:end]

    def _end(self) -> None:
        self.ended = True


def file_form(field_name: str) -> dict[str, Any]:
    """Return a route's `openapi_extra` that describes a form with a file in that field."""
    schema = {
        "type": "object",
        "properties": {field_name: {"type": "string", "format": "binary"}},
        "required": [field_name],
    }
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def receive_file(request: Request, field_name: str, target: Path, most_bytes: int) -> str:
    """Write the file in a form's field to `target`; return the name it was sent with, which may be anything.

    Raises:
        BadRequestError: the body is no such form, or has no file with a name in that field.
        TooLargeError: it is larger than `most_bytes`.
        OSError: it cannot be written.
    """
    refuse_announced(request, most_bytes + _OVERHEAD_BYTES)
    remedy = _REMEDY.format(field=field_name)
    kind, options = parse_options_header(request.headers.get("content-type", "").encode("latin-1"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise BadRequestError("This is not a form with a file.", "The body is not multipart/form-data.", remedy)
    form = _Form(boundary, field_name)
    with await asyncio.to_thread(target.open, "wb") as file:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > most_bytes + _OVERHEAD_BYTES:
                raise _too_large(most_bytes)
            try:
                form.parser.write(chunk)
            except MultipartParseError as error:
                raise BadRequestError("The form cannot be read.", f"{error}.", remedy) from None
            if len(form.content) >= _WRITE_BYTES:
                await asyncio.to_thread(_append, file, bytes(form.content))
                form.content.clear()
        await asyncio.to_thread(_append, file, bytes(form.content))
    if not form.found or not form.ended:
        cause = "It ends too early." if form.found else f"It has no file with a name in the field {field_name}."
        raise BadRequestError("The form has no file.", cause, remedy, fields=[field_name])
    return form.name


def _append(file: BinaryIO, content: bytes) -> None:
    """Write more of a file; raise OSError rather than take the room that the culture's records need."""
    refuse_no_room(Path(file.name).parent)
    file.write(content)


def refuse_announced(request: Request, most_bytes: int) -> None:
    """Raise TooLargeError for a body that is announced to be larger, before any of it has come."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 15 or int(announced) > most_bytes):
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> TooLargeError:
    most = most_bytes // 2**20
    return TooLargeError("The file is too large.", f"At most {most} MiB are taken.", "Leave out what is not needed.")
