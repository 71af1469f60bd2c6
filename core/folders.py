"""Where things are kept: the data folder, laid out as Pioreactor software expects it, and what lives beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import platformdirs

_APPLICATION = "vialdesk"
# Folders of a data folder; calibrations and plug-ins move between units with it.
_LAYOUT = (
    "storage/calibrations",
    "storage/estimators",
    "hardware",
    "models",
    "plugins",
    "ui",
    "exportable_datasets",
    "experiment_profiles",
    "logs",
)
# Where what an import replaces is kept.
BACKUPS = "backups"
# Where archives of experiments are made, of data that the records have.
EXPORTS = "exports"
# Files of that ending hold secrets: they leave the folder in no way, and are shown to nobody.
SECRET_ENDING = ".secret"  # noqa: S105 - a name


@dataclass(frozen=True)
class DataFolder:
    """A unit's data folder.

    Attributes:
        LAYOUT: folders of every data folder.
        WORK: name of the folder for what is under way (uploads, copies); whatever is left there means nothing.
    """

    root: Path
    LAYOUT: ClassVar[tuple[str, ...]] = _LAYOUT
    WORK: ClassVar[str] = ".work"

    def make(self) -> None:
        """Make what is missing of the folder's layout; raise OSError when it cannot be written."""
        for part in _LAYOUT:
            (self.root / part).mkdir(parents=True, exist_ok=True)

    def path_of(self, name: str) -> Path:
        """Return the path of a configured file name, relative to the folder unless absolute."""
        return self.root / name


def default_data_dir() -> Path:
    """Return the data folder of a user who chose none."""
    return Path(platformdirs.user_data_dir(_APPLICATION, appauthor=False))


def tasks_file(data_dir: Path) -> Path:
    """Return the file of task results that belongs to a data folder; it lies outside, an import must not touch it."""
    digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    return Path(platformdirs.user_state_dir(_APPLICATION, appauthor=False)) / f"tasks-{digest}.sqlite"
