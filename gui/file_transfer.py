"""Files between the service and this computer's disk: in parts, with progress, and never half a file under its name."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gui.service_client import ServiceClient, ServiceTroubleError

# Told with the bytes done and, where it is known, the bytes in all.
OnProgress = Callable[[int, int | None], None]


class FileTroubleError(ServiceTroubleError):
    """A file of this computer cannot be read or written."""


class _Sent(io.FileIO):
    """A file that tells how much of it was read."""

    def __init__(self, path: Path, size_bytes: int, on_progress: OnProgress) -> None:
        super().__init__(path, "rb")
        self._size_bytes = size_bytes
        self._on_progress = on_progress

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self._on_progress(self.tell(), self._size_bytes)
        return part


async def save(client: ServiceClient, path: str, target: Path, on_progress: OnProgress) -> int:
    """Save what GET `path` answers as `target`; return its size in bytes.

    It is written beside its place and takes its name when it is whole; given up or broken off it leaves nothing.

    Raises:
        ServiceTroubleError: the service refused, or was lost.
        FileTroubleError: the file cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        async with client.open_file(path) as answer:
            with await asyncio.to_thread(part.open, "wb") as file:
                done = 0
                async for chunk in answer.parts:
                    await asyncio.to_thread(file.write, chunk)
                    done += len(chunk)
                    on_progress(done, answer.length)
        await asyncio.to_thread(part.replace, target)
    except OSError as error:
        raise _not_written(target, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return done


async def send(client: ServiceClient, path: str, field: str, source: Path, on_progress: OnProgress) -> Any:
    """POST the file `source` as `field` of a form; return the JSON answer.

    Raises:
        ServiceTroubleError: the service refused, or was lost.
        FileTroubleError: the file cannot be read.
    """
    try:
        size_bytes = (await asyncio.to_thread(source.stat)).st_size
        with _Sent(source, size_bytes, on_progress) as file:
            return await client.post_file(path, field, source.name, file)
    except OSError as error:
        raise _not_read(source, error) from error


async def read_text(source: Path, most_bytes: int) -> str:
    """Return the text of a file of this computer.

    Raises:
        FileTroubleError: the file cannot be read, is longer than `most_bytes`, or is no text in UTF-8.
    """
    try:
        content = await asyncio.to_thread(_read_at_most, source, most_bytes + 1)
    except OSError as error:
        raise _not_read(source, error) from error
    if len(content) > most_bytes:
        raise FileTroubleError(f"{source.name} is too large.", f"At most {size_words(most_bytes)} can be read.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise FileTroubleError(f"{source.name} is no text file.", "It is not in UTF-8.", "Choose another.") from error


def size_words(size_bytes: float) -> str:
    """Say a size with three digits and its unit: "512 B", "1.44 MB" (1 MB = 10⁶ bytes)."""
    size, units = float(size_bytes), ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.3g} {units[0]}"


def _read_at_most(source: Path, most_bytes: int) -> bytes:
    with source.open("rb") as file:
        return file.read(most_bytes)


def _not_read(source: Path, error: OSError) -> FileTroubleError:
    why = error.strerror or str(error)
    return FileTroubleError(f"{source.name} cannot be read.", why, "Choose another file.")


def _not_written(target: Path, error: OSError) -> FileTroubleError:
    why = error.strerror or str(error)
    return FileTroubleError(f"{target.name} cannot be written.", why, "Choose another place, or free some space.")
