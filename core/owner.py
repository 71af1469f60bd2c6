"""One service to a data folder: the lock that says whose it is, and where the owner can be reached.

The lock is the operating system's and vanishes with its process, however that ends; a leftover file means nothing.
Beside it the owner writes its address, so that a second start finds the first.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

_LOCK = "service.lock"
_ADDRESS = "service.json"
_HEALTH_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Owner:
    """The service that owns a data folder: `url` such as http://127.0.0.1:4999, empty while it starts."""

    pid: int
    version: str
    url: str = ""


class OwnedError(Exception):
    """Another service owns the data folder; `owner` is None when it has not said who it is."""

    def __init__(self, owner: Owner | None) -> None:
        where = f" at {owner.url} (process {owner.pid})" if owner else ""
        super().__init__(f"A running service{where} owns this data folder already.")
        self.owner = owner


class Ownership:
    """Holds a data folder until released.

    Raises:
        OwnedError: another service holds it.
        OSError: the folder cannot be written.
    """

    def __init__(self, data_dir: Path, version: str) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._address_file = data_dir / _ADDRESS
        self._owner = Owner(os.getpid(), version)
        self._lock: BinaryIO = (data_dir / _LOCK).open("a+b")
        try:
            _lock(self._lock)
        except OSError:
            self._lock.close()
            raise OwnedError(read_owner(data_dir)) from None
        self._write(self._owner)

    def tell_address(self, url: str) -> None:
        """Let others know where this service answers."""
        self._write(Owner(self._owner.pid, self._owner.version, url))

    def release(self) -> None:
        """Let go of the folder."""
        with contextlib.suppress(OSError):  # what is left means nothing once the lock is gone
            self._address_file.unlink(missing_ok=True)
        self._lock.close()

    def _write(self, owner: Owner) -> None:
        new = self._address_file.with_suffix(".new")
        new.write_text(json.dumps(asdict(owner)), encoding="utf-8")
        new.replace(self._address_file)


def find_owner(data_dir: Path) -> Owner | None:
    """Return the service that owns a data folder now, None when there is none or it has not said where it is."""
    try:
        with (data_dir / _LOCK).open("r+b") as lock:
            _lock(lock)
    except FileNotFoundError:
        return None
    except OSError:
        return read_owner(data_dir)
    return None


def read_owner(data_dir: Path) -> Owner | None:
    """Return what the last owner wrote of itself, None when it cannot be read."""
    try:
        return Owner(**json.loads((data_dir / _ADDRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def answers(url: str) -> bool:
    """Whether a service answers at `url` within three seconds; blocks, so not for the event loop."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/unit_api/health")
        return connection.getresponse().status in (200, 401)
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _lock_file() -> Callable[[BinaryIO], None]:
    if sys.platform == "win32":
        import msvcrt

        def lock(file: BinaryIO) -> None:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    else:
        import fcntl

        def lock(file: BinaryIO) -> None:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    return lock


_lock = _lock_file()
