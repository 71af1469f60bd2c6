"""Large answers written as JSON piece by piece: in a thread, where other threads get their turn between two pieces.

All at once, a run of 100 000 measurements would hold up the service's loop for a second or more, whatever thread
writes it.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

# How many values are written at once: it takes about a millisecond.
_AT_ONCE = 2000
_ITEMS = 500
_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class WrittenAnswer(JSONResponse):
    """An answer that has been written already."""

    def render(self, content: bytes) -> bytes:
        """Return it as it is."""
        return content


def written(answer: dict[str, Any]) -> bytes:
    """Return an answer as JSON in UTF-8; its lists are used up by it, so that they too are let go of piece by piece."""
    pieces: list[bytes] = []
    _write(answer, pieces)
    return b"".join(pieces)


def _write(value: Any, pieces: list[bytes]) -> None:
    if _size(value) <= _AT_ONCE:
        pieces.append(_text(value).encode())
    elif isinstance(value, dict):
        mark = "{"
        for key, item in value.items():
            pieces.append(f"{mark}{_text(key)}:".encode())
            _write(item, pieces)
            mark = ","
        pieces.append(b"}")
    else:
        _write_list(value, pieces)


def _write_list(items: list[Any], pieces: list[bytes]) -> None:
    mark = b"["
    for start in range(0, len(items), _ITEMS):
        some = items[start : start + _ITEMS]
        items[start : start + _ITEMS] = [None] * len(some)
        if _size(some) <= _AT_ONCE:
            pieces.append(mark + _text(some)[1:-1].encode())
            mark = b","
            continue
        for item in some:
            pieces.append(mark)
            _write(item, pieces)
            mark = b","
    pieces.append(b"]")


def _size(value: Any) -> int:
    """Return how many values there are in a value, itself among them; above `_AT_ONCE` it is not counted to the end."""
    size, inside = 0, [value]
    while inside and size <= _AT_ONCE:
        each = inside.pop()
        size += 1
        if isinstance(each, dict):
            inside.extend(each.values())
        elif isinstance(each, list):
            inside.extend(each[: _AT_ONCE + 1])
    return size
