"""Notes that could not be kept by the service before the window closed: they wait in a file beside its settings."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gui.settings import directory

_FILE = "unkept_notes.json"

_log = logging.getLogger(__name__)


@dataclass
class Draft:
    """Notes that are not kept yet: what they were when writing began, what they are now, whose they clash with."""

    base: str
    text: str
    theirs: str | None = None


def put_aside(unit: str, drafts: dict[str, Draft]) -> None:
    """Write down what is not kept of a unit's experiments, in place of what was written before."""
    waiting = _read()
    waiting[unit] = {name: asdict(draft) for name, draft in drafts.items()}
    waiting = {name: kept for name, kept in waiting.items() if kept}
    try:
        if waiting:
            _path().parent.mkdir(parents=True, exist_ok=True)
            _path().write_text(json.dumps(waiting, ensure_ascii=False), encoding="utf-8")
        else:
            _path().unlink(missing_ok=True)
    except OSError as error:
        _log.error("Notes that are not kept yet could not be put aside (%s): %s", error, waiting)


def take_up(unit: str) -> dict[str, Draft]:
    """Return what was put aside of a unit's experiments."""
    drafts = {}
    for name, kept in _read().get(unit, {}).items():
        with suppress(TypeError):
            drafts[name] = Draft(**kept)
    return drafts


def _path() -> Path:
    return directory() / _FILE


def _read() -> dict[str, dict[str, dict[str, str]]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
