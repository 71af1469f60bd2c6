"""Who sits at this computer, for what is recorded with a person's name."""

from __future__ import annotations

import contextlib
import getpass

_LONGEST = 100


def person() -> str:
    """Return the name of who is logged in here, "" where nobody can tell."""
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()[:_LONGEST]
    return ""
