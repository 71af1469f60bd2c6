"""Putting an import in the place of the data folder's content, so that it is there as a whole or not at all.

Everything happens while no instance of the service uses the folder, by renaming within it. Each step is told to a
journal first: whenever the process dies in between, the next start finds the journal and puts everything back. What was
there before stays in `backups/`; the new content is on trial until an instance has started with it.

The folder itself stays where it is, because its lock, its address and the window's record of the service's last words
are in use all the time.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from core.flag_files import Flag, is_set
from core.folders import BACKUPS, DataFolder

_JOURNAL = "import.json"
_LOGS = "logs"
# What belongs to this computer and this process, not to the content.
_OURS = frozenset({"service.lock", "service.json", "service.new", BACKUPS, DataFolder.WORK, f"{_LOGS}/service.err"})
_KEPT_WHEN_LACKING = ("ui", "hardware", "unit_record")


@dataclass(frozen=True)
class Swap:
    """One import on its way in.

    Attributes:
        staged: folder with the new content, relative to the data folder, as the next one.
        backup: folder for the old content.
        phase: `ready`, then `swapping`, `swapped`, or `undone` because of `fault`.
        files: number of files in the archive.
        old: names that leave, in order; new: names that come in.
    """

    staged: str
    backup: str
    files: int
    phase: str = "ready"
    fault: str = ""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def swap_in(data_dir: Path, swap: Swap) -> None:
    """Put the staged content in place; when that fails everything is put back, and `undo_import` tells the next start.

    Raises OSError when not even the journal can be written; nothing has been touched then.
    """
    old, new = _plan(data_dir, data_dir / swap.staged)
    swap = replace(swap, phase="swapping", old=old, new=new)
    _write_journal(data_dir, swap)
    try:
        for name in swap.old:
            _move(data_dir / name, data_dir / swap.backup / name)
        for name in swap.new:
            _move(data_dir / swap.staged / name, data_dir / name)
    except OSError as error:
        _undo(data_dir, swap, f"The files could not be put in place ({error.strerror or error}).")
        return
    _write_journal(data_dir, replace(swap, phase="swapped"))


def recover_import(data_dir: Path) -> None:
    """Put everything back when the process died in the middle of a swap."""
    swap = _read_journal(data_dir)
    if swap is not None and swap.phase == "swapping":
        _undo(data_dir, swap, "The service was ended while it put the files in place.")


def undo_import(data_dir: Path, fault: str) -> bool:
    """Put everything back because the service does not start with the new content; False when none is on trial."""
    swap = _read_journal(data_dir)
    if swap is None or swap.phase != "swapped":
        return False
    _undo(data_dir, swap, f"The service does not start with the imported files ({fault}).")
    return True


def is_import_on_trial(data_dir: Path) -> bool:
    """Whether this start is the first one with imported content."""
    swap = _read_journal(data_dir)
    return swap is not None and swap.phase == "swapped"


def settle_import(data_dir: Path) -> Swap | None:
    """Return how the last import ended, None when there was none, and clear up: it is accepted or forgotten."""
    swap = _read_journal(data_dir)
    shutil.rmtree(data_dir / DataFolder.WORK, ignore_errors=True)
    if swap is not None and swap.phase == "undone":
        shutil.rmtree(data_dir / swap.backup, ignore_errors=True)
    return swap


def _plan(data_dir: Path, staged: Path) -> tuple[list[str], list[str]]:
    """Return the names that leave the data folder and those that come in."""
    stay = {flag.value for flag in Flag if is_set(data_dir, flag)}
    stay |= {name for name in _KEPT_WHEN_LACKING if not (staged / name).exists()}
    if is_set(data_dir, Flag.INSTALLS):  # an import must not be a way around the flag
        stay.add("plugins")
    old = [name for name in _entries(data_dir) if name not in stay]
    return old, [name for name in _entries(staged) if name not in stay]


def _entries(folder: Path) -> Iterator[str]:
    """Yield what is moved as a whole: entries of the folder, and those of the logs, of which one is in use."""
    for name in sorted(os.listdir(folder)):
        if name == _LOGS and (folder / name).is_dir() and not (folder / name).is_symlink():
            inside = (f"{_LOGS}/{each}" for each in sorted(os.listdir(folder / name)))
            yield from (each for each in inside if each not in _OURS)
        elif name not in _OURS:
            yield name


def _undo(data_dir: Path, swap: Swap, fault: str) -> None:
    """Put the old content back; may be called again after it was cut off."""
    staged, backup = data_dir / swap.staged, data_dir / swap.backup
    for name in swap.new:
        if not os.path.lexists(staged / name):
            _move(data_dir / name, staged / name)
    for name in swap.old:
        if os.path.lexists(backup / name):
            if os.path.lexists(data_dir / name):  # made by the instance that did not start
                _move(data_dir / name, staged / ".made" / name)
            _move(backup / name, data_dir / name)
    _write_journal(data_dir, replace(swap, phase="undone", fault=fault))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)


def _journal(data_dir: Path) -> Path:
    return data_dir / DataFolder.WORK / _JOURNAL


def _read_journal(data_dir: Path) -> Swap | None:
    try:
        return Swap(**json.loads(_journal(data_dir).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_journal(data_dir: Path, swap: Swap) -> None:
    path = _journal(data_dir)
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(asdict(swap), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
