"""Which plug-ins are installed, and what they say of themselves. Looking executes none of their code.

There are two kinds: packages that name a module in the entry-point group `vialdesk.plugins` (or `pioreactor.plugins`),
and files dropped into the folder `plugins` of the data folder.
"""

from __future__ import annotations

import ast
import hashlib
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

GROUPS = ("vialdesk.plugins", "pioreactor.plugins")
ENTRY_POINTS = "entry_points"
FOLDER = "plugins"
_METADATA = ("name", "version", "summary", "author", "homepage")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoundPlugin:
    """An installed plug-in.

    Attributes:
        source: path relative to the data folder for a dropped-in file, `entry_points` for a package.
        file: the dropped-in file, None for a package.
        modules: what a package's entry points name.
        site: the folder a package was found in, None for a file.
        fingerprint: changes with its content.
    """

    name: str
    version: str | None
    description: str | None
    homepage: str | None
    author: str | None
    source: str
    fingerprint: str
    file: Path | None = None
    modules: tuple[EntryPoint, ...] = ()
    site: Path | None = None

    @property
    def address(self) -> str:
        """The part of its routes' paths that names it: lower case, words joined by hyphens."""
        return canonical(self.name) or (canonical(self.file.stem) if self.file else "") or "plug-in"

    def is_called(self, name: str) -> bool:
        """Whether a user who says `name` means this one: its name in any spelling, or the file's without `.py`."""
        names = {canonical(self.name)} | ({canonical(self.file.stem)} if self.file else set())
        return canonical(name) in names - {""}


def canonical(name: str) -> str:
    """Return a name in the form in which spellings are compared: `Demo_Plugin` is `demo-plugin`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def find_plugins(data_dir: Path) -> list[FoundPlugin]:
    """Return what is installed: packages by name, then files in the order they are loaded in. Reads the disk."""
    return [*find_packages(), *find_files(data_dir)]


def find_files(data_dir: Path) -> list[FoundPlugin]:
    """Return the dropped-in files; names that begin with a dot or an underscore are left out."""
    folder = data_dir / FOLDER
    try:
        names = sorted(path.name for path in folder.glob("*.py") if path.name[0] not in "._")
    except OSError as error:
        _log.warning("The folder of plug-ins cannot be read (%s).", error)
        return []
    files = (regular_file(folder, name) for name in names)
    return [_of_file(path) for path in files if path is not None]


def find_packages(paths: Iterable[str] | None = None) -> list[FoundPlugin]:
    """Return the packages that are plug-ins, of the whole search path or of some folders."""
    found: dict[str, FoundPlugin] = {}
    for distribution in distributions() if paths is None else distributions(path=list(paths)):
        try:
            package = _of_package(distribution)
        except Exception as error:  # noqa: BLE001 - one package with broken metadata must not hide the others
            _log.warning("A package cannot say whether it is a plug-in (%s: %s).", type(error).__name__, error)
            continue
        if package is not None:
            found.setdefault(package.address, package)  # the first on the path is the one that is imported
    return [found[address] for address in sorted(found)]


def regular_file(folder: Path, name: str) -> Path | None:
    """Return a regular file directly inside a folder; None when there is none, links that leave it included."""
    path = folder / name
    try:
        is_inside = path.resolve(strict=True).parent == folder.resolve()
        return path if is_inside and path.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def _of_file(path: Path) -> FoundPlugin:
    try:
        content = path.read_bytes()
    except OSError:
        content = b""  # loading it will tell
    said = said_by(content)
    return FoundPlugin(
        name=said["name"] or path.stem,
        version=said["version"],
        description=said["summary"],
        homepage=said["homepage"],
        author=said["author"],
        source=f"{FOLDER}/{path.name}",
        fingerprint=hashlib.sha256(content).hexdigest(),
        file=path,
    )


def said_by(content: bytes) -> dict[str, str | None]:
    """Return what a module's text says of itself in `__plugin_name__ = "..."` and its like; None where nothing."""
    said: dict[str, str | None] = dict.fromkeys(_METADATA)
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return said
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str) or not value.value.isprintable():
            continue
        for target in targets:
            word = target.id[9:-2] if isinstance(target, ast.Name) and target.id.startswith("__plugin_") else ""
            if word in said:
                said[word] = value.value.strip() or None
    return said


def _of_package(distribution: Distribution) -> FoundPlugin | None:
    modules = {point.value: point for point in distribution.entry_points if point.group in GROUPS}
    if not modules:
        return None
    metadata = distribution.metadata.json
    name = _text(metadata.get("name"))
    if name is None:
        return None
    return FoundPlugin(
        name=name,
        version=_text(metadata.get("version")),
        description=_text(metadata.get("summary")),
        homepage=_text(metadata.get("home_page")) or _homepage(metadata.get("project_url")),
        author=_text(metadata.get("author")) or _text(metadata.get("author_email")),
        source=ENTRY_POINTS,
        fingerprint=hashlib.sha256((distribution.read_text("RECORD") or "").encode()).hexdigest(),
        modules=tuple(modules[value] for value in sorted(modules)),
        site=Path(str(distribution.locate_file(""))),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _homepage(urls: object) -> str | None:
    for url in urls if isinstance(urls, list) else []:
        label, _, address = url.partition(",")
        if label.strip().lower() in ("homepage", "home"):
            return str(address).strip()
    return None
