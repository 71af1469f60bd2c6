"""Which guided calibrations were begun from this window and may be gone on with: their ids, beside its settings."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from gui.settings import directory

_FILE = "guided_calibrations.json"
# Of more, those begun first are forgotten.
_MOST = 20
_log = logging.getLogger(__name__)


def remember(unit: str, session_id: str) -> None:
    """Remember a session of a unit."""
    _write(unit, [*(known for known in remembered(unit) if known != session_id), session_id])


def forget(unit: str, session_id: str) -> None:
    """Forget a session: it is over, or the unit does not know it any more."""
    known = remembered(unit)
    if session_id in known:
        _write(unit, [other for other in known if other != session_id])


def remembered(unit: str) -> list[str]:
    """Return the ids of a unit's sessions, the one begun last at the end."""
    return [known for known in _read().get(unit, []) if isinstance(known, str)]


def _write(unit: str, ids: list[str]) -> None:
    kept = {**_read(), unit: ids[-_MOST:]}
    try:
        _path().parent.mkdir(parents=True, exist_ok=True)
        _path().write_text(json.dumps({name: known for name, known in kept.items() if known}), encoding="utf-8")
    except OSError as error:
        _log.warning("It was not kept which calibrations are under way: %s", error)


def _path() -> Path:
    return directory() / _FILE


def _read() -> dict[str, list[str]]:
    try:
        found = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = found if isinstance(found, dict) else {}
    return {unit: ids for unit, ids in known.items() if isinstance(ids, list)}
