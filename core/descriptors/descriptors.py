"""Descriptors of this unit: YAML files that ship with the program, of the user's data folder, and of plug-ins.

Each place has the folders `jobs`, `settings` and `automations/<type>`, files in the order of their names. A later file
that describes the same thing replaces an earlier one where it stands. A file that cannot be used is left out and told.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from core.safe_yaml import read_yaml
from core.schemas.descriptors import AutomationDescriptor, JobDescriptor, SettingsDescriptor

AUTOMATION_TYPES = ("dosing", "led", "temperature")
FOLDER = "ui"
_MOST_BYTES = 256 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """A kind of descriptors: its folder below `ui`, the form of a file, and the key that names what it describes."""

    folder: str
    form: type[BaseModel]
    key: str


JOBS = Kind("jobs", JobDescriptor, "job_name")
SETTINGS = Kind("settings", SettingsDescriptor, "key")
AUTOMATIONS = {name: Kind(f"automations/{name}", AutomationDescriptor, "automation_name") for name in AUTOMATION_TYPES}


@dataclass(frozen=True)
class _Read:
    """A file as it was read: when it was changed, its size, and its item; None when it cannot be used."""

    stamp: tuple[int, int]
    item: dict[str, Any] | None


class Descriptors:
    """Reads descriptors; a file is read again when it has changed. Blocks: use a thread.

    Args:
        data_dir: the data folder.
        folder: name of the folder they lie in, in each of the places.
    """

    def __init__(self, data_dir: Path, folder: str = FOLDER) -> None:
        self._folder = folder
        shipped = Path(str(resources.files("resources"))) / folder
        self._places = [(shipped, "app"), (data_dir / folder, "user"), (data_dir / "plugins" / folder, "plugins")]
        self._files: dict[Path, _Read] = {}

    def items(self, kind: Kind, plugins: Iterable[tuple[str, Path]] = ()) -> list[dict[str, Any]]:
        """Return the descriptors of one kind as the API shows them.

        Args:
            kind: which descriptors.
            plugins: names and folders of loaded packages, which may have such a folder too.
        """
        found: dict[str, dict[str, Any]] = {}
        for place, source in [*self._places, *((folder / self._folder, name) for name, folder in plugins)]:
            for path in _yaml_files(place / kind.folder):
                item = self._item(path, kind.form)
                if item is not None:
                    found[item[kind.key]] = {**item, "source": item["source"] or source}
        return list(found.values())

    def _item(self, path: Path, form: type[BaseModel]) -> dict[str, Any] | None:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                known = _Read(stamp, _understood(path, status.st_size, form))
                self._files[path] = known
        except OSError as error:
            _log.warning("The descriptor %s cannot be read and is left out: %s.", path.name, error.strerror)
            return None
        return known.item


def _understood(path: Path, size: int, form: type[BaseModel]) -> dict[str, Any] | None:
    """Return what a file describes, None when it makes no sense, which is told; raises OSError."""
    try:
        if size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES} bytes")
        return form.model_validate(read_yaml(path.read_bytes().decode("utf-8"))).model_dump()
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in fault['loc']) or 'it'}: {fault['msg']}" for fault in error.errors()]
        reason = "; ".join(faults[:3])
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
    _log.warning("The descriptor %s cannot be used and is left out (%s). Correct the file.", path.name, reason)
    return None


def _yaml_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name[0] != ".")
    except OSError:
        return []  # most places have no such folder
