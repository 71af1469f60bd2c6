"""Installing and uninstalling plug-ins: one at a time, all or nothing, and each step told in the log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from core.config import Config
from core.errors import ConflictError
from core.folders import DataFolder
from core.logs import job_logger
from core.plugins.environment import PluginEnvironment
from core.plugins.found import FOLDER, GROUPS, FoundPlugin, canonical, find_files, find_packages
from core.plugins.pip_process import PipRun
from core.plugins.plugins import InstalledPlugin, Plugins
from core.plugins.wanted import InstallError, WantedPlugin, copy_source, read_source
from core.to_the_end import to_the_end

DEADLINE_S = 600.0


class PluginInstaller:
    """Changes which plug-ins are installed; operations queue up behind each other."""

    def __init__(self, data_dir: Path, environment: PluginEnvironment, config: Config, plugins: Plugins) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._config = config
        self._plugins = plugins
        self._turn = asyncio.Lock()
        self._log: logging.LoggerAdapter[Any] = job_logger("plugins", source="plugins")

    async def install(self, wanted: WantedPlugin) -> dict[str, Any]:
        """Install a plug-in, load it when nothing of it runs yet, and return the result of the task.

        Raises:
            ServiceError: it cannot be installed; nothing has changed then.
        """
        async with self._turn:
            where = f" from {wanted.index_url}" if wanted.index_url and wanted.source is None else ""
            self._log.info("Installing %s%s.", wanted.source.name if wanted.source else wanted.requirement, where)
            if wanted.source is not None and wanted.source.suffix == ".py":
                found = await to_the_end(lambda: self._put_file(wanted.source))
            else:
                found = await self._install_package(wanted)
            plugin = await self._plugins.take_up(found)
            if canonical(found.name) != canonical(wanted.name):
                self._log.warning("%s was asked for; what is installed is called %s.", wanted.name, found.name)
            self._log.info("%s %s is installed.", found.name, found.version or "")
            return self._result(plugin)

    async def uninstall(self, plugin: InstalledPlugin) -> dict[str, Any]:
        """Remove a plug-in and everything that was installed with it; return the result of the task."""
        async with self._turn:
            found = plugin.found
            self._log.info("Uninstalling %s.", found.name)
            await to_the_end(lambda: self._remove(found))
            self._plugins.drop(plugin)
            self._log.info("%s is uninstalled.", found.name)
            return {"name": found.name, "removed": True, "restart_required": plugin.state == "loaded"}

    def refuse_foreign(self, plugin: InstalledPlugin) -> None:
        """Raise ConflictError when a plug-in is part of the environment the program runs in, which is not ours."""
        found = plugin.found
        if found.file is None and not self._environment.owns(found.site):
            raise ConflictError(
                f"{found.name} was not installed by Vialdesk.",
                cause="It is a package of the Python environment that Vialdesk runs in.",
                remedy="Remove it with the tool that installed it, or start Vialdesk with --no-plugins.",
            )

    @staticmethod
    def _result(plugin: InstalledPlugin) -> dict[str, Any]:
        item = plugin.item()
        return {key: item[key] for key in ("name", "version", "source", "restart_required", "state", "reason")}

    # A dropped-in file

    def _put_file(self, source: Path | None) -> FoundPlugin:
        assert source is not None  # noqa: S101 - asked for a file
        content = read_source(source)
        try:
            compile(content, source.name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise InstallError(f"{source.name} is no Python file.", f"{error}.", "Correct it first.") from error
        place = self._data_dir / FOLDER / source.name
        half = self._data_dir / DataFolder.WORK / place.name
        half.parent.mkdir(exist_ok=True)
        try:
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            half.replace(place)
        finally:
            half.unlink(missing_ok=True)
        found = [each for each in find_files(self._data_dir) if each.file == place]
        if not found:
            raise InstallError(f"{source.name} is not taken for a plug-in.", remedy="Give it another name.")
        return found[0]

    def _remove(self, found: FoundPlugin) -> None:
        if found.file is not None:
            found.file.unlink(missing_ok=True)
        elif found.site is not None:
            self._environment.take_away(found.site.name)

    # A package

    async def _install_package(self, wanted: WantedPlugin) -> FoundPlugin:
        scratch = self._environment.incoming
        built = scratch / "packages"
        try:
            run = await to_the_end(lambda: self._prepare(wanted, scratch, built))
            code = await to_the_end(run.finish, run.kill)
            if code != 0:
                cause = "\n".join(run.last_lines) or f"The installer ended with {code} and said nothing."
                raise InstallError(f"{wanted.requirement} could not be installed.", cause)
            return await to_the_end(lambda: self._take_in(wanted, built))
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))

    def _prepare(self, wanted: WantedPlugin, scratch: Path, built: Path) -> PipRun:
        """Return the run of the installer that puts a package and what it needs into the folder `built`."""
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        constraints = scratch / "constraints.txt"
        constraints.write_text("".join(self._own_packages()), encoding="utf-8")
        what = wanted.requirement if wanted.source is None else str(copy_source(wanted.source, scratch))
        index = wanted.index_url or self._config.text("plugins", "package_index")
        arguments = [
            *("install", "--target", str(built), "--constraint", str(constraints), "--only-binary", ":all:"),
            *("--no-input", "--no-cache-dir", "--no-compile", "--disable-pip-version-check", "--no-color"),
            *("--progress-bar", "off", "--no-warn-script-location", "--root-user-action", "ignore"),
            *("--", what),
        ]
        return PipRun(arguments, scratch, lambda line: self._log.info("%s", line), index)

    def _own_packages(self) -> list[str]:
        """Return the versions of what the program brings: a plug-in gets these, so it must go with them."""
        pinned: dict[str, str] = {}
        for each in distributions():
            # What a broken installation left says nothing, or fails to.
            with contextlib.suppress(Exception):
                if each.name and each.version and not self._environment.owns(Path(str(each.locate_file("")))):
                    pinned.setdefault(canonical(each.name), each.version)
        return [f"{name}=={version}\n" for name, version in sorted(pinned.items())]

    def _take_in(self, wanted: WantedPlugin, built: Path) -> FoundPlugin:
        """Move what the installer built to its place, when it is a plug-in."""
        asked = [each for each in distributions(path=[str(built)]) if each.read_text("REQUESTED") is not None]
        names = {canonical(each.name) for each in asked}
        package = next((each for each in find_packages([str(built)]) if each.address in names), None)
        if package is None:
            cause = f"None of its entry points is of the group {GROUPS[0]}."
            raise InstallError(f"{wanted.name} is a package, but not a plug-in.", cause, "Ask its author.")
        if any(each.address == package.address and not self._environment.owns(each.site) for each in find_packages()):
            remedy = "Remove it from there first."
            raise ConflictError(f"{package.name} is part of the environment Vialdesk runs in.", remedy=remedy)
        self._environment.put_in_place(built, package.address)
        self._environment.enter()
        return next(each for each in find_packages() if each.address == package.address)
