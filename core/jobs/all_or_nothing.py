"""Handing several new values to a job: all of them are taken, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from core.errors import ServiceError
from device.board import BoardError

Setter = Callable[[Any], Awaitable[None]]


async def set_all(wanted: dict[str, Any], former: dict[str, Any], setters: dict[str, Setter]) -> None:
    """Call the setters of the wanted values in turn; when one fails or is cut off, give those before it back.

    Args:
        wanted: new values by setting.
        former: the values until now; what has none stays as it is.
        setters: what takes a new value, for each of the wanted ones.

    Raises:
        BaseException: whatever the failing setter raised.
    """
    taken: list[str] = []
    try:
        for name, value in wanted.items():
            await setters[name](value)
            taken.append(name)
    except BaseException:
        for name in reversed(taken):
            # The failure that led here is the one to tell: after it, a board may refuse this too.
            with contextlib.suppress(ServiceError, BoardError):
                if name in former:
                    await setters[name](former[name])
        raise
