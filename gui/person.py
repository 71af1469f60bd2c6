"""Who sits at this computer, for what is recorded with a person's name."""

from __future__ import annotations

import contextlib
import getpass
from urllib.parse import quote

# Where a service is told the name, percent-encoded UTF-8, because headers are ASCII.
PERSON_HEADER = "X-Vialdesk-Person"
_LONGEST = 100


def person() -> str:
    """Return the name of who is logged in here, "" where nobody can tell."""
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()[:_LONGEST]
    return ""


def person_headers() -> dict[str, str]:
    """Return the headers that tell a service who asks; none where nobody can tell."""
    who = person()
    return {PERSON_HEADER: quote(who)} if who else {}
