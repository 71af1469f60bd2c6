"""The key to the other server: in a file that only its owner can read, and in no answer, log line or export.

The file names the server the key is for, so that a key is never sent to another one, whatever the settings say.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from core.folders import SECRET_ENDING

_NAME = f"push_key{SECRET_ENDING}"


@dataclass(frozen=True)
class ServerKey:
    """A key and the server it is for.

    Attributes:
        key: never part of what is printed or logged.
    """

    server: str
    key: str = field(repr=False)


class KeyFile:
    """The file of the key; everything here blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def read(self) -> ServerKey | None:
        """Return the key, None when there is none that can be read."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return ServerKey(str(kept["server"]), str(kept["key"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, server_key: ServerKey | None) -> None:
        """Keep a key in the place of the former one, or none; raise OSError when it cannot be written."""
        if server_key is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f"{secrets.token_hex(8)}{SECRET_ENDING}")
        # Made readable for its owner alone from the first moment on.
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"server": server_key.server, "key": server_key.key}, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
