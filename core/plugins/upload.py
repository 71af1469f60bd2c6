"""Receiving a plug-in's file from whoever asks, who may be at another computer: it can be installed from then."""

from __future__ import annotations

import asyncio
import re
import uuid
from functools import partial
from pathlib import Path

from starlette.requests import Request

from core.errors import BadRequestError, ServiceError
from core.folders import DataFolder
from core.plugins.wanted import ENDINGS, INCOMING
from core.system.multipart_file import receive_file

FIELD = "file"
MOST_BYTES = 64 * 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,150}", re.ASCII)


async def receive_plugin(request: Request, data_dir: Path) -> tuple[str, int]:
    """Keep the file of a form in the folder `incoming`, all of it or nothing; return its place there and its bytes.

    A file of that name that was there is replaced.

    Raises:
        BadRequestError: there is no file, or none to install from.
        TooLargeError: it is larger than 64 MiB.
        ServiceError: it cannot be stored.
    """
    half = data_dir / DataFolder.WORK / f"upload-{uuid.uuid4().hex[:12]}"
    try:
        await asyncio.to_thread(partial(half.parent.mkdir, parents=True, exist_ok=True))
        name = await receive_file(request, FIELD, half, MOST_BYTES)
        return await asyncio.to_thread(_keep, half, data_dir, name)
    except OSError as error:
        remedy = "See that the disk has space and that the data folder may be written, then try again."
        raise ServiceError("The file could not be stored.", f"{error.strerror}.", remedy) from None
    finally:
        await asyncio.shield(asyncio.to_thread(partial(half.unlink, missing_ok=True)))


def _keep(half: Path, data_dir: Path, name: str) -> tuple[str, int]:
    name = name.replace("\\", "/").rpartition("/")[2]
    if _NAME.fullmatch(name) is None or not name.endswith(ENDINGS):
        cause = "It must be a .py, .whl or .tar.gz file, named by letters, digits, dots, hyphens and underscores."
        raise BadRequestError(f"{name[:80]!r} is no file to install from.", cause, "Rename it.", fields=[FIELD])
    folder = data_dir / INCOMING
    folder.mkdir(exist_ok=True)
    if not folder.resolve().is_relative_to(data_dir.resolve()):
        raise BadRequestError(f"{INCOMING} leads out of the data folder.", remedy="Remove that link.", fields=[FIELD])
    size_bytes = half.stat().st_size
    half.replace(folder / name)
    return f"{INCOMING}/{name}", size_bytes
