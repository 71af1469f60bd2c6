"""Who is at the bench: the name a window sends along with each request, for what is recorded with a person's name.

It is what somebody says, not a proof. Whatever a request begins, a job or a task, knows it too: the name travels in the
context that `asyncio` copies into each task begun from another one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from urllib.parse import unquote

# Percent-encoded UTF-8, because headers are ASCII.
PERSON_HEADER = "x-vialdesk-person"
LONGEST_NAME = 100
_person: ContextVar[str] = ContextVar("person", default="")


def person() -> str:
    """Return the name of whose request led here, "" when nobody said so."""
    return _person.get()


@contextlib.contextmanager
def person_of(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[None]:
    """Within the block, have `person` tell the name that a request's headers carry, "" where that is none."""
    wanted = PERSON_HEADER.encode()
    sent = [value for name, value in headers if name.lower() == wanted]
    name = " ".join(unquote(sent[0].decode("latin-1")).split()) if len(sent) == 1 else ""
    token = _person.set(name if name.isprintable() and len(name) <= LONGEST_NAME else "")
    try:
        yield
    finally:
        _person.reset(token)
