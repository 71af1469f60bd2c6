"""The profiles there are: the user's own, as files of the data folder, and the examples that ship with the program.

Everything here asks the disk: call it in a thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from core.errors import BadRequestError, ConflictError, NotFoundError, ServiceError
from core.names import RULE, is_safe_name

FOLDER = "experiment_profiles"
ENDINGS = (".yaml", ".yml")
MOST_BYTES = 1024 * 1024
_EXAMPLES = "profiles"


class ProfileFileError(ServiceError):
    """A profile's file cannot be read or written."""

    default_remedy = "Look whether the disk is full, failing or read-only, then try again."


@dataclass(frozen=True)
class StoredProfile:
    """One profile as it is on the disk.

    Attributes:
        file: its name with the ending.
        is_example: it ships with the program and cannot be changed.
        modified_utc_s: when its file was last written, None for an example.
        text: None when it cannot be read as text.
    """

    file: str
    text: str | None
    is_example: bool = False
    modified_utc_s: float | None = None

    @property
    def version(self) -> str:
        """What changes when the text does."""
        return hashlib.sha256((self.text or "").encode()).hexdigest()[:16]


def check_file_name(name: str) -> str:
    """Return a profile's file name; raise BadRequestError when it cannot be one."""
    if not name.endswith(ENDINGS) or not is_safe_name(name):
        raise BadRequestError(
            f"{name[:80]!r} cannot be the name of a profile.",
            cause="It must end with .yaml and be the name of a file on any system.",
            remedy=RULE,
            fields=["name"],
        )
    return name


class ProfileLibrary:
    """Profiles by file name; an own one stands in front of an example of its name."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def all(self) -> list[StoredProfile]:
        """Return every profile: own ones first, each kind by name."""
        own = [self._own(name) for name in self._own_names()]
        names = {profile.file for profile in own if profile}
        examples = [example for example in _examples() if example.file not in names]
        return [profile for profile in own if profile] + examples

    def get(self, name: str) -> StoredProfile:
        """Return one profile; raise NotFoundError, or ProfileFileError when it cannot be read."""
        found = self._own(check_file_name(name)) or next((each for each in _examples() if each.file == name), None)
        if found is None:
            known = [profile.file for profile in self.all()]
            raise NotFoundError(f"There is no profile {name[:80]!r}.", known=known)
        if found.text is None:
            raise ProfileFileError(f"{FOLDER}/{name} cannot be read.", "It is no text in UTF-8, or above 1 MiB.")
        return found

    def write(self, name: str, text: str, expected_version: str | None) -> StoredProfile:
        """Write a profile so that, whatever happens, the old or the new text is there as a whole.

        Args:
            name: file name.
            text: the new text.
            expected_version: of the text that is replaced, "" for none; None replaces whatever is there.

        Raises:
            ConflictError: something else than what was expected is there.
            ProfileFileError: the disk refuses.
        """
        path = self._folder / check_file_name(name)
        present = self._own(name)
        there = "" if present is None else present.version
        if expected_version is not None and expected_version != there:
            what = f"{name} exists already." if expected_version == "" else f"{name} was changed meanwhile."
            raise ConflictError(what, remedy="Open it to see what it says, or save under another name.", version=there)
        fresh = self._folder / f".{secrets.token_hex(8)}.new"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise ProfileFileError(f"{FOLDER}/{name} cannot be written.", str(error.strerror)) from error
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
        return self.get(name)

    def delete(self, name: str) -> None:
        """Remove an own profile.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is an example.
            ProfileFileError: the disk refuses.
        """
        if self.get(name).is_example:
            raise ConflictError(f"{name} is an example.", "It is part of the program.", "Leave it where it is.")
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise ProfileFileError(f"{FOLDER}/{name} cannot be removed.", str(error.strerror)) from error

    def _own_names(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                # A link is not followed: it could lead out of the data folder.
                names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ProfileFileError(f"{FOLDER} cannot be read.", str(error.strerror)) from error
        return sorted(name for name in names if name.endswith(ENDINGS) and is_safe_name(name))

    def _own(self, name: str) -> StoredProfile | None:
        path = self._folder / name
        try:
            if path.is_symlink() or not path.is_file():
                return None
            with path.open("rb") as file:
                raw = file.read(MOST_BYTES + 1)
            modified_utc_s = path.stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError:
            return StoredProfile(name, None)
        try:
            text = raw.decode("utf-8-sig") if len(raw) <= MOST_BYTES else None
        except UnicodeDecodeError:
            text = None
        return StoredProfile(name, text, modified_utc_s=modified_utc_s)


def _examples() -> list[StoredProfile]:
    folder = resources.files("resources").joinpath(_EXAMPLES)
    if not folder.is_dir():
        return []
    files = sorted((each for each in folder.iterdir() if each.name.endswith(ENDINGS)), key=lambda each: each.name)
    return [StoredProfile(each.name, each.read_text(encoding="utf-8"), is_example=True) for each in files]
