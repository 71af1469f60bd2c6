"""Names that become files: of devices, calibrations and estimators.

A name is one part of a path on every file system this or another unit may have, Windows included
(https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
"""

from __future__ import annotations

import re

from core.errors import BadRequestError

_MOST_BYTES = 255
_FORM = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]| (?=[A-Za-z0-9._-]))*", re.ASCII)
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{number}" for number in range(10)), *(f"lpt{number}" for number in range(10)))
)
_RESERVED_DEVICES = frozenset({"sessions"})
RULE = (
    "Use ASCII letters, digits, dots, underscores, hyphens and single inner spaces; begin with a letter, a digit or an "
    "underscore, and do not end with a dot."
)


def is_safe_name(name: str, longest: int = _MOST_BYTES) -> bool:
    """Whether `name` can be the name of a file everywhere."""
    if len(name) > longest or not _FORM.fullmatch(name) or name.endswith("."):
        return False
    return name.partition(".")[0].strip().lower() not in _RESERVED


def check_safe_name(name: str, field: str, longest: int = _MOST_BYTES) -> str:
    """Return `name`; raise BadRequestError, naming `field`, when it cannot be the name of a file everywhere."""
    if not is_safe_name(name, longest):
        cause = f"It is reserved, longer than {longest} bytes, empty, or has characters that are not allowed."
        raise BadRequestError(f"{name[:80]!r} cannot be used as a name.", cause, RULE, fields=[field])
    return name


def check_device(name: str) -> str:
    """Return a device's name; raise BadRequestError when it cannot be one."""
    if name.lower() in _RESERVED_DEVICES:
        raise BadRequestError(f"No device can have the name {name!r}.", "The name is reserved.", fields=["device"])
    return check_safe_name(name, "device")
