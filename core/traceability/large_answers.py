"""Large answers written as JSON piece by piece: in a thread, where other threads get their turn between two pieces.

All at once, a run of 100 000 measurements would hold up the service's loop for a second or more, whatever thread
writes it.
"""

from __future__ import annotations

import json
from typing import Any

_ITEMS, _NUMBERS = 100, 10_000


def written(answer: dict[str, Any]) -> bytes:
    """Return an answer as JSON in UTF-8; its lists are used up by it, so that they too are let go of piece by piece."""
    pieces: list[bytes] = []
    _write(answer, pieces)
    return b"".join(pieces)


def _write(value: Any, pieces: list[bytes]) -> None:
    if isinstance(value, dict) and value:
        mark = b"{"
        for key, item in value.items():
            pieces.append(mark + _text(key) + b":")
            _write(item, pieces)
            mark = b","
        pieces.append(b"}")
    elif isinstance(value, list) and value:
        _write_list(value, pieces)
    else:
        pieces.append(_text(value))


def _write_list(items: list[Any], pieces: list[bytes]) -> None:
    at_once = _ITEMS if isinstance(items[0], dict | list) else _NUMBERS
    mark = b"["
    for start in range(0, len(items), at_once):
        some = items[start : start + at_once]
        items[start : start + at_once] = [None] * len(some)
        if any(_is_deep(item) for item in some):
            for item in some:
                pieces.append(mark)
                _write(item, pieces)
                mark = b","
        else:
            pieces.append(mark + _text(some)[1:-1])
            mark = b","
    pieces.append(b"]")


def _is_deep(item: Any) -> bool:
    """Whether something may have long lists in it."""
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return any(isinstance(each, dict | list) and each for each in inside)


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
