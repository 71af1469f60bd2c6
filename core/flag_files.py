"""Flag files: files in the root of the data folder that switch a group of routes off, at once and without restart.

Only who may write to the data folder by other means can set and remove them: that is their point.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path

from core.errors import ForbiddenError


class Flag(StrEnum):
    """The flags, by the names of their files; what is in the files does not matter."""

    FILE_SYSTEM = "DISALLOW_UI_FILE_SYSTEM"
    INSTALLS = "DISALLOW_UI_INSTALLS"


_SWITCHED_OFF = {
    Flag.FILE_SYSTEM: "Looking at, removing, exporting and importing files",
    Flag.INSTALLS: "Installing and uninstalling plug-ins",
}


def is_set(data_dir: Path, flag: Flag) -> bool:
    """Whether a flag is set; asks the disk."""
    return (data_dir / flag.value).exists()


async def refuse_flagged(data_dir: Path, flag: Flag) -> None:
    """Raise ForbiddenError when a flag is set."""
    if await asyncio.to_thread(is_set, data_dir, flag):
        raise ForbiddenError(
            f"{_SWITCHED_OFF[flag]} is switched off on this unit.",
            cause=f"The data folder has a file {flag.value}.",
            remedy=f"Remove {flag.value} from the data folder on the computer itself.",
        )
