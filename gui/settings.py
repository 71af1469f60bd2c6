"""What the window remembers: typed, versioned, in one JSON file, and never able to stop the window from starting.

Precedence: what the command line says (`override`), then the environment (`VIALDESK_THEME=dark`), then the user's file,
then the defaults. A key that cannot be read is dropped with a warning and the rest is used; keys of a newer
version are kept when the file is written.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

VERSION = 1
_DIRECTORY_VARIABLE = "VIALDESK_SETTINGS_DIR"
_FILE = "settings.json"
_log = logging.getLogger(__name__)


@dataclass
class Settings:
    """The settings and their defaults.

    Attributes:
        source_kind: what the window works with: "" (not chosen yet), "simulated", "board" or "service".
        source_url: the board's port for "board", the service's address for "service".
        source_token: sent to a "service" beyond this computer.
        theme: "system", "light" or "dark".
        page: key of the page shown last.
        window_px: x, y, width and height of the window; empty before the first time.
        maximized: whether the window fills the screen.
        alarm_notification: whether the system shows a notification of each new alarm.
        alarm_sound: whether there is a sound until alarms are acknowledged.
        when_window_dies: what the service does when the window is gone without a word: "keep" or "stop".
    """

    source_kind: str = ""
    source_url: str = ""
    source_token: str = ""
    theme: str = "system"
    page: str = "live"
    window_px: list[int] = field(default_factory=list)
    maximized: bool = False
    alarm_notification: bool = True
    alarm_sound: bool = False
    when_window_dies: str = "keep"


def _one_of(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(repr(word) for word in known)}")
        return str(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _rectangle(value: Any) -> list[int]:
    if value == []:
        return []
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(number, int) for number in value):
        raise ValueError("must be four whole numbers")
    if value[2] < 200 or value[3] < 200:
        raise ValueError("is too small for a window")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "source_kind": _one_of("", "simulated", "board", "service"),
    "source_url": _text,
    "source_token": _text,
    "theme": _one_of("system", "light", "dark"),
    "page": _text,
    "window_px": _rectangle,
    "maximized": _boolean,
    "alarm_notification": _boolean,
    "alarm_sound": _boolean,
    "when_window_dies": _one_of("keep", "stop"),
}


def directory() -> Path:
    """Return the folder of the window's own files (settings, log, crash reports)."""
    chosen = os.environ.get(_DIRECTORY_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_config_dir("vialdesk", appauthor=False))


class SettingsStore:
    """Loads and saves the settings.

    Args:
        folder: where the file is; `directory()` when left out.

    Attributes:
        values: the settings in force.
        warnings: what was wrong with the file, one sentence each, to be shown once.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = (folder or directory()) / _FILE
        self._unknown: dict[str, Any] = {}
        self._overridden: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.values = Settings()
        self._take(self._read_file(), str(self._path))
        self._saved = asdict(self.values)
        environment = {
            name: os.environ.get(f"VIALDESK_{name.upper()}") for name in ("theme", "page", "when_window_dies")
        }
        self.override(**{name: value for name, value in environment.items() if value})

    def override(self, **values: Any) -> None:
        """Use these values in this run; they are not written to the file unless changed again."""
        before = asdict(self.values)
        self._take(values, "the environment or the command line")
        self._overridden |= {name: before[name] for name in values if name in before}

    def change(self, **values: Any) -> None:
        """Use these values from now on, and remember them."""
        for name, value in values.items():
            setattr(self.values, name, _READERS[name](value))
            self._overridden.pop(name, None)
        self.save()

    def save(self) -> None:
        """Write the file, whole or not at all. A disk that does not take it costs a warning, nothing else."""
        kept = asdict(self.values) | self._overridden
        if kept == self._saved and self._path.exists():
            return
        written = json.dumps(self._unknown | kept | {"version": VERSION}, indent=2, ensure_ascii=False)
        draft = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.touch(mode=0o600)  # it may hold a token
            draft.write_text(written + "\n", encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            _log.warning("The settings were not saved in %s: %s", self._path, error)
        else:
            self._saved = kept

    def _read_file(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._warn(f"The settings in {self._path} cannot be read ({error}); the defaults are used.")
            self._set_aside()
            return {}
        if not isinstance(content, dict):
            self._warn(f"The settings in {self._path} are not an object; the defaults are used.")
            self._set_aside()
            return {}
        return content

    def _set_aside(self) -> None:
        """Keep the unreadable file beside the one that will be written."""
        try:
            self._path.replace(self._path.with_suffix(".unreadable.json"))
        except OSError as error:
            _log.warning("%s could not be set aside: %s", self._path, error)

    def _take(self, values: dict[str, Any], origin: str) -> None:
        known = {one.name for one in fields(Settings)}
        for name, value in values.items():
            if name == "version":
                continue
            if name not in known:
                self._unknown[name] = value
                continue
            try:
                setattr(self.values, name, _READERS[name](value))
            except ValueError as error:
                self._warn(f"Setting {name!r} of {origin} {error}; {getattr(self.values, name)!r} is used.")

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        _log.warning("%s", text)
