"""Texts that were changed and not saved yet: kept on the disk, so that neither closing nor a crash loses them."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path

from gui.settings import directory

_FILE = "profile_drafts.json"
_log = logging.getLogger(__name__)

# What a new profile begins with.
NEW_TEXT = """\
version: "1.0"
experiment_profile_name: New profile

common:
  jobs:
    stirring:
      actions:
        - type: start
          t: 0
        - type: stop
          t: 1h
"""


class Drafts:
    """Unsaved texts of one unit's profiles by file name.

    Args:
        unit: name of the unit.
        folder: where they are kept; beside the window's settings when left out.

    Attributes:
        unit: the same.
    """

    def __init__(self, unit: str, folder: Path | None = None) -> None:
        self.unit = unit
        self._path = (folder or directory()) / _FILE
        self._all = self._read()

    @property
    def names(self) -> list[str]:
        """Names of the profiles that have a draft."""
        return sorted(self._own)

    def get(self, name: str) -> str | None:
        """Return the draft of a profile, None when it has none."""
        return self._own.get(name)

    def keep(self, name: str, text: str) -> None:
        """Keep a draft."""
        if self._own.get(name) != text:
            self._all.setdefault(self.unit, {})[name] = text
            self._write()

    def drop(self, name: str) -> None:
        """Forget a draft, because it was saved or given up."""
        if self._own.pop(name, None) is not None:
            self._write()

    @property
    def _own(self) -> dict[str, str]:
        return self._all.get(self.unit, {})

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {
            str(unit): {str(name): text for name, text in texts.items() if isinstance(text, str)}
            for unit, texts in found.items()
            if isinstance(texts, dict)
        }

    def _write(self) -> None:
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._all, ensure_ascii=False), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            _log.warning("Drafts of profiles cannot be kept (%s); save them before closing.", error)
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
