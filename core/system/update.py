"""Updates: of the program where it was installed by pip, and otherwise the word on how to do it.

A frozen program is replaced by its package's installer, a source checkout by its version control; doing either from
within would break what it means to mend. The board's firmware has no way in over the link.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import shutil
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import Any

import core.version
from core.errors import ServiceError, UnavailableError
from core.folders import DataFolder
from core.plugins.pip_process import PipRun, is_frozen
from core.service import Service
from core.version import VERSION

_log = logging.getLogger(__name__)
_NAME = "vialdesk"
_MOST_METADATA_BYTES = 2**20
_PIP = ("install", "--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off")


class UpdateError(ServiceError):
    """The update did not happen; everything is as it was."""


@dataclass(frozen=True)
class Wanted:
    """What to update to.

    Attributes:
        version: this one; the newest when None.
        source: an archive on the disk to update from.
        is_dry_run: look, change nothing.
        ignored: options that mean nothing here, for the answer.
    """

    version: str | None = None
    source: Path | None = None
    is_dry_run: bool = False
    ignored: list[str] = field(default_factory=list)

    def result(self, target: str, from_version: str, to_version: str, changed: bool) -> dict[str, Any]:
        """Return the result of the task."""
        return {
            "target": target,
            "from_version": from_version,
            "to_version": to_version,
            "changed": changed,
            "restart_required": changed,
            "ignored_options": self.ignored,
        }


def installed_version() -> str:
    """Return the version of the program on the disk, which an update may have made another one than runs."""
    package = None if is_frozen() else _installed()
    return VERSION if package is None else package.version


async def update_app(service: Service, wanted: Wanted) -> dict[str, Any]:
    """Update the program, or look what that would do; a restart of the unit then runs the new one.

    Raises:
        UpdateError: it cannot be done here, or the source cannot be reached or verified.
    """
    if not wanted.is_dry_run:
        await asyncio.to_thread(_refuse_here)
    before = await asyncio.to_thread(installed_version)
    if wanted.source is not None:
        to_version = await asyncio.to_thread(_version_of_archive, wanted.source)
        if wanted.version not in (None, to_version):
            raise UpdateError(
                f"The file is version {to_version}, not {wanted.version}.", remedy="Choose the other one."
            )
        if not wanted.is_dry_run:
            await _install(service, ["--upgrade", "--", str(wanted.source)])
    else:
        to_version = await _update_from_index(service, wanted)
    if wanted.is_dry_run:
        return wanted.result("app", before, to_version, changed=False)
    after = await asyncio.to_thread(installed_version)
    _log.info("Vialdesk was updated from %s to %s; it runs after a restart.", before, after)
    return wanted.result("app", before, after, changed=after != before)


async def update_firmware(service: Service, wanted: Wanted) -> dict[str, Any]:
    """Tell the firmware's version; no board can be given another one over its link.

    Raises:
        UnavailableError: no board is connected.
        UpdateError: more than a look was asked for.
    """
    dictionary = service.board_link.board.dictionary
    if dictionary is None:
        raise UnavailableError("The board has not told its version yet.")
    if not wanted.is_dry_run:
        raise UpdateError(
            "The board's firmware cannot be updated over the link.",
            cause="The board has no command that takes a new firmware; its files are copied over its own prompt.",
            remedy="Shut the unit down, hold the board's button while plugging it in, and copy the firmware to it: on "
            "a bare board MicroPython's .uf2 file first, then the files named in device/README.md.",
        )
    return wanted.result("firmware", dictionary.firmware_version, dictionary.firmware_version, changed=False)


def _refuse_here() -> None:
    """Raise UpdateError where pip did not install the program."""
    if is_frozen():
        raise UpdateError(
            "This Vialdesk updates by its installer.",
            cause="It was installed as a package with everything in it.",
            remedy="Download the new package, end Vialdesk, and install the package over this one; data stay.",
        )
    if _installed() is None:
        raise UpdateError(
            "This Vialdesk runs from a source checkout.",
            cause="Its files are under version control, not installed by pip.",
            remedy="Update the checkout with its version control, then start Vialdesk again.",
        )


def _installed() -> metadata.Distribution | None:
    """Return the package whose files are the very ones that run, None when pip did not put them there."""
    running = Path(core.version.__file__).resolve()
    importlib.invalidate_caches()
    for found in metadata.distributions(name=_NAME):
        record = found.read_text("RECORD") or ""
        if "core/version.py," in record and Path(str(found.locate_file("core/version.py"))).resolve() == running:
            return found
    return None


def _version_of_archive(path: Path) -> str:
    """Return the version of Vialdesk in a wheel or source archive; raise UpdateError when it is something else."""
    remedy = "Use a wheel (.whl) or source archive (.tar.gz) of Vialdesk."
    try:
        text = _metadata_of_wheel(path) if path.suffix == ".whl" else _metadata_of_sources(path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise UpdateError(f"{path.name} cannot be read.", f"{error}.", remedy) from None
    found = HeaderParser().parsestr(text)
    if str(found["Name"]).lower() != _NAME or not found["Version"]:
        raise UpdateError(f"{path.name} is not Vialdesk.", f"It says it is {found['Name']}.", remedy)
    return str(found["Version"])


def _metadata_of_wheel(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        name = next((each for each in archive.namelist() if each.endswith(".dist-info/METADATA")), "METADATA")
        with archive.open(name) as file:
            return file.read(_MOST_METADATA_BYTES).decode()


def _metadata_of_sources(path: Path) -> str:
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if member.isfile() and member.name.count("/") == 1 and member.name.endswith("/PKG-INFO"):
                file = archive.extractfile(member)
                return file.read(_MOST_METADATA_BYTES).decode() if file else ""
    raise KeyError("it has no PKG-INFO")


async def _update_from_index(service: Service, wanted: Wanted) -> str:
    """Update from the configured package index, or look; return the version found there."""
    index = service.config.text("system", "update_index_url")
    if not index:
        raise UpdateError(
            "There is no place to look for updates.",
            cause="update_index_url in section [system] of the configuration is blank.",
            remedy="Put the new version's file into the data folder and name it as option source, or name an index.",
        )
    what = _NAME if wanted.version is None else f"{_NAME}=={wanted.version}"
    report = await _run_pip(
        service, ["--upgrade", "--dry-run", "--ignore-installed", "--no-deps", "--index-url", index, "--", what]
    )
    to_version = str(report["install"][0]["metadata"]["version"])
    if not wanted.is_dry_run:
        await _install(service, ["--upgrade", "--index-url", index, "--", f"{_NAME}=={to_version}"])
    return to_version


async def _install(service: Service, arguments: list[str]) -> None:
    """Install, having seen that everything needed can be had; raises UpdateError.

    Cancelled, the first of the two steps is given up and the second one finished: half a program would not start.
    """
    await _run_pip(service, ["--dry-run", *arguments])
    installing = asyncio.ensure_future(_run_pip(service, arguments))
    try:
        await asyncio.shield(installing)
    except asyncio.CancelledError:
        await asyncio.wait([installing])
        raise


async def _run_pip(service: Service, arguments: list[str]) -> Any:
    """Run pip's install and return its report; it is killed when this is cancelled. Raises UpdateError."""
    work = service.data_dir / DataFolder.WORK
    scratch = await asyncio.to_thread(_scratch, work)
    report = scratch / "report.json"
    run = PipRun([*_PIP, "--report", str(report), *arguments], scratch, lambda line: _log.info("%s", line))
    try:
        code = await asyncio.to_thread(run.finish)
        if code != 0:
            raise UpdateError("The update could not be installed.", "\n".join(run.last_lines) or f"Exit code {code}.")
        return json.loads(await asyncio.to_thread(report.read_text, "utf-8"))
    except OSError as error:
        raise UpdateError("The update could not be installed.", f"{error.strerror}.") from None
    finally:
        run.kill()
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))


def _scratch(work: Path) -> Path:
    work.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="update-", dir=work))
