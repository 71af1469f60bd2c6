"""What to install: a package by its name, or a file or folder of the data folder; and from which index packages come.

Everything here that looks at a source asks the disk.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import BadRequestError, ForbiddenError, NotFoundError, ServiceError
from core.plugins.pip_process import is_frozen
from core.security import is_loopback

# Where files to install from are put; a folder of the data folder.
INCOMING = "incoming"
ENDINGS = (".py", ".whl", ".tar.gz")
_BUILD_FILE = "pyproject.toml"
# A folder to build from is copied; one that is larger holds what is no source.
_MOST_FILES = 10_000
_MOST_BYTES = 256 * 2**20
_LONGEST_URL = 1000
_IN_URL = re.compile(r"[!-~]+", re.ASCII)


class InstallError(ServiceError):
    """A plug-in could not be installed; nothing of it is left."""

    status = 400
    default_remedy = "See the log lines of source `plugins` for what the installer said."


@dataclass(frozen=True)
class WantedPlugin:
    """What to install.

    Attributes:
        name: what it is called.
        version: of a package by name; None for the newest.
        source: path on the disk of the file, or of the folder a package is built from; None for a package by name.
        index_url: index that packages come from, None for the one that is configured.
    """

    name: str
    version: str | None = None
    source: Path | None = None
    index_url: str | None = None

    @property
    def requirement(self) -> str:
        """The package as the installer takes it: `demo-plugin==1.2`."""
        return self.name if self.version is None else f"{self.name}=={self.version}"


def package_index(url: str) -> str:
    """Return the address of a package index when it can be asked.

    A password is not taken: a request, and with it whatever is in it, is kept in the unit's record.

    Raises:
        BadRequestError: it is no address of an index, or not a safe one.
    """
    field = ["options.index_url"]
    remedy = "Give an address such as https://pypi.org/simple."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequestError("options.index_url is no address.", remedy=remedy, fields=field) from None
    is_plain = len(url) <= _LONGEST_URL and _IN_URL.fullmatch(url) is not None and "\\" not in url
    if parts.scheme not in ("http", "https") or not host or port == 0 or not is_plain:
        cause = "It must begin with https:// or http://, name a host, and be in ASCII without spaces."
        raise BadRequestError("options.index_url is no address of a package index.", cause, remedy, fields=field)
    if "@" in parts.netloc:
        cause = "It has a name or a password in it, which would be kept with the request."
        remedy = "Leave them out; the installer reads them from the file .netrc of the user the service runs as."
        raise BadRequestError("options.index_url must not tell secrets.", cause, remedy, fields=field)
    if parts.query or parts.fragment:
        cause = "An index is a folder of pages: its address has neither ? nor #."
        raise BadRequestError("options.index_url is no address of a package index.", cause, remedy, fields=field)
    if parts.scheme == "http" and not is_loopback(host):
        cause = "What comes over an open network without encryption can be exchanged on its way, and it is run here."
        raise BadRequestError("The index must be asked by https.", cause, "Give its https:// address.", fields=field)
    return url


def plugin_source(data_dir: Path, name: str) -> Path:
    """Return the file or folder a request names as its source, relative to the data folder or absolute.

    A folder is the source of a package, which says in its pyproject.toml how it is built.

    Raises:
        BadRequestError: it cannot be installed from.
        ForbiddenError: it is not inside the data folder.
        NotFoundError: there is nothing of that name to install from.
    """
    if not name or "\0" in name:
        raise BadRequestError("options.source must name a file or a folder.", fields=["options.source"])
    try:
        root, path = data_dir.resolve(), (data_dir / name).resolve()
        if not path.is_relative_to(root):
            raise ForbiddenError(f"{name[:200]} is not inside the data folder.", remedy="Copy it there first.")
        is_package = path != root and (path / _BUILD_FILE).is_file()
        if not is_package and not path.is_file():
            what = f"There is no file {name[:200]} in the data folder"
            remedy = f"Copy it there first; a folder is installed from when it has a {_BUILD_FILE}."
            raise NotFoundError(f"{what}, and no package's folder of that name.", remedy=remedy)
    except (OSError, RuntimeError) as error:
        raise NotFoundError(f"{name[:200]} cannot be found in the data folder.", type(error).__name__) from error
    if not is_package and not path.name.endswith(ENDINGS):
        remedy = "Choose a .py file, a wheel (.whl), a source archive (.tar.gz), or a package's folder."
        raise BadRequestError(f"{path.name} is no plug-in.", remedy=remedy, fields=["options.source"])
    return path


def read_source(path: Path) -> bytes:
    """Return a source's content; raise InstallError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InstallError(f"{path.name} cannot be read.", str(error.strerror)) from error


def copy_source(source: Path, folder: Path) -> Path:
    """Copy a package's source into a folder: the user's stays as it is, and a wheel gets the name it must have."""
    if source.suffix != ".whl" and is_frozen():
        remedy = "Ask the author for a wheel (.whl)."
        raise InstallError(f"{source.name} must be built first, which this program cannot do.", remedy=remedy)
    if source.is_dir():
        return _copy_tree(source, folder / "source")
    copy = folder / (_wheel_name(source) if source.suffix == ".whl" else source.name)
    copy.write_bytes(read_source(source))
    return copy


def _copy_tree(source: Path, copy: Path) -> Path:
    files = [Path(folder, name) for folder, _, names in os.walk(source) for name in names]
    try:
        size_bytes = sum(path.lstat().st_size for path in files)
        if len(files) > _MOST_FILES or size_bytes > _MOST_BYTES:
            cause = f"It holds {len(files)} files of {size_bytes / 2**20:.0f} MiB in all."
            raise InstallError(f"{source.name} is too large to be a plug-in.", cause, "Take out what is no source.")
        shutil.copytree(source, copy, symlinks=True)
    except (OSError, shutil.Error) as error:
        raise InstallError(f"{source.name} cannot be copied.", f"{type(error).__name__}.") from error
    return copy


def _wheel_name(path: Path) -> str:
    """Return the file name of a wheel by what is in it: name, version and tags (the binary distribution format)."""
    try:
        with zipfile.ZipFile(path) as wheel:
            inside = min((name for name in wheel.namelist() if name.endswith(".dist-info/WHEEL")), key=len)
            tags = message_from_bytes(wheel.read(inside)).get_all("Tag") or []
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, RuntimeError) as error:
        raise InstallError(f"{path.name} is no wheel.", f"{type(error).__name__}: {error}.") from error
    parts = [".".join(dict.fromkeys(each)) for each in zip(*(tag.split("-") for tag in tags), strict=True)]
    return "-".join([inside.removesuffix(".dist-info/WHEEL"), *parts]) + ".whl"
