"""Server-sent events, read from the lines of a stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ServerSentEvent:
    """One event of a stream: its name, its id ("" when it has none) and its data, already read from JSON."""

    name: str
    id: str
    data: dict[str, Any]


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[ServerSentEvent]:
    """Read server-sent events from lines (WHATWG HTML, section 9.2.6); comments and unreadable data are passed over."""
    name, event_id, data = "", "", list[str]()
    async for line in lines:
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "id":
                event_id = value
            elif field == "data":
                data.append(value)
            continue
        if data:
            try:
                read = json.loads("\n".join(data))
            except ValueError:
                read = None
            if isinstance(read, dict):
                yield ServerSentEvent(name or "message", event_id, read)
        name, data = "", []
