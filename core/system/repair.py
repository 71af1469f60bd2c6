"""Checking and mending the data folder: its layout, what its owner may do in it, and its databases.

Only what is plainly wrong and safe to mend is mended; everything else is told. Nothing is removed. All of it blocks.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from core.config import Config
from core.folders import DataFolder
from core.system.data_files import readable

_DATABASES = ".sqlite"
_CHECK_WITHIN_S = 20.0
_FOLDER_RIGHTS, _FILE_RIGHTS = 0o700, 0o600


@dataclass
class Repair:
    """What was looked at, and what came of it.

    Attributes:
        checked: how many folders, files and databases were looked at.
        repaired: what was mended, relative to the data folder.
        problems: what a person must see to, in words.
    """

    checked: int = 0
    repaired: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def repair(data_dir: Path) -> Repair:
    """Check and mend a data folder."""
    found = Repair()
    _mend_layout(data_dir, found)
    for path in _everything(data_dir, found):
        if path.name.endswith(_DATABASES) and path.is_file():
            _check_database(data_dir, path, found)
    for problem in Config.load(data_dir).problems:
        found.problems.append(f"{problem.what} {problem.remedy}")
    return found


def _mend_layout(data_dir: Path, found: Repair) -> None:
    for part in DataFolder.LAYOUT:
        found.checked += 1
        folder = data_dir / part
        if folder.is_dir():
            continue
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            remedy = "Rename what is in the way, or give yourself the right to write there."
            found.problems.append(f"The folder {part} is missing and cannot be made ({error.strerror}). {remedy}")
        else:
            found.repaired.append(part)


def _everything(data_dir: Path, found: Repair) -> Iterator[Path]:
    """Yield every file, having given its owner the right to read and write it and to look into every folder."""
    folders = [data_dir]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.problems.append(f"The folder {_shown(data_dir, folder)} cannot be read ({error.strerror}).")
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.is_symlink():
                continue
            found.checked += 1
            is_folder = entry.is_dir()
            _mend_rights(data_dir, path, _FOLDER_RIGHTS if is_folder else _FILE_RIGHTS, found)
            if is_folder:
                folders.append(path)
            else:
                yield path


def _mend_rights(data_dir: Path, path: Path, wanted: int, found: Repair) -> None:
    shown = _shown(data_dir, path)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & wanted != wanted:
            path.chmod(mode | wanted)
            found.repaired.append(shown)
    except FileNotFoundError:  # such as a database's journal, which comes and goes
        return
    except OSError as error:
        found.problems.append(f"The rights of {shown} cannot be mended ({error.strerror}). Change its owner to yours.")
        return
    if not os.access(path, os.R_OK | os.W_OK):
        found.problems.append(f"{shown} may not be read and written by this user. Change its owner to yours.")


def _check_database(data_dir: Path, path: Path, found: Repair) -> None:
    found.checked += 1
    shown = _shown(data_dir, path)
    faults = ["ok"]
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False)
        ) as database:
            limit = threading.Timer(_CHECK_WITHIN_S, database.interrupt)
            limit.start()
            try:
                faults = [str(row[0]) for row in database.execute("PRAGMA quick_check(5)")]
            finally:
                limit.cancel()
                limit.join()
    except sqlite3.OperationalError as error:
        found.problems.append(f"The database {shown} could not be checked ({error}).")
    except sqlite3.DatabaseError as error:
        faults = [str(error)]
    if faults != ["ok"]:
        remedy = "Restart the service: records that cannot be read are set aside. Then restore a backup."
        found.problems.append(f"The database {shown} is damaged ({faults[0]}). {remedy}")


def _shown(data_dir: Path, path: Path) -> str:
    return readable(path.relative_to(data_dir).as_posix())
