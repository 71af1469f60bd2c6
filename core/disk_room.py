"""Room on the disk that nothing but the records may use: a culture that runs must always be written down."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

SPARE_BYTES = 64 * 2**20


def refuse_no_room(folder: Path) -> None:
    """Raise OSError (no space) when the disk of a folder has no more room than the records need. Blocks."""
    if shutil.disk_usage(folder).free < SPARE_BYTES:
        raise OSError(errno.ENOSPC, f"The disk has less than {SPARE_BYTES // 2**20} MiB left, which the records need")
