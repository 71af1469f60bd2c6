"""The plug-ins of this unit: which there are, how loading each went, and what the loaded ones add."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from core.bus import Bus, PluginChanged
from core.calibrations.sessions.engine import CalibrationSessions
from core.config import ConfigError
from core.jobs.job import Job
from core.jobs.registry import JobRegistry
from core.logs import job_logger
from core.plugins.additions import Additions, PluginError
from core.plugins.environment import PluginEnvironment
from core.plugins.found import FoundPlugin, find_files, find_plugins
from core.plugins.loading import LoadingThread, LoadWitness
from core.plugins.plugin_routes import RESERVED, application
from core.plugins.unit import Unit
from core.records.time_series import SERIES_UNITS

_SAFE_MODE = "The service was started without plug-ins (--no-plugins)."
_DEADLY = (
    "The service died each time this was being loaded, so it is left out until it changes. Uninstall it, or install "
    "another version."
)
_NEW_FILE = "It was put there after the service started. Restart the service to load it."
_FILE_GONE = "Its file is gone. What it adds stays until the service is restarted."
_USUAL_LOAD_WITHIN_S = 15.0
# How long the service holds its start back for plug-ins, in seconds.
_START_WAITS_S = 1.0

_log = logging.getLogger(__name__)


@dataclass
class InstalledPlugin:
    """An installed plug-in and how it stands.

    Attributes:
        state: `loading`, `loaded`, `failed` or `not loaded`.
        reason: why it failed or is not loaded, None otherwise.
        replaced: job classes of before that its own took the place of.
        runs: fingerprint of what was loaded, None when nothing was.
    """

    found: FoundPlugin
    state: str = "loading"
    reason: str | None = None
    additions: Additions = dataclasses.field(default_factory=Additions)
    app: ASGIApp | None = None
    replaced: tuple[type[Job], ...] = ()
    runs: str | None = None

    def item(self) -> dict[str, Any]:
        """Return the plug-in as the list of installed ones shows it."""
        found = self.found
        return {
            "name": found.name,
            "version": found.version,
            "description": found.description,
            "homepage": found.homepage,
            "author": found.author,
            "source": found.source,
            "state": self.state,
            "reason": self.reason,
            "adds": self.additions.item(),
            "routes_path": f"/unit_api/plugins/{found.address}" if self.app else None,
            "restart_required": self.runs not in (None, self.found.fingerprint),
        }


class Plugins:
    """Loads plug-ins and keeps what they add.

    Args:
        enabled: False leaves all of them out (safe mode); they are listed all the same.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: PluginEnvironment,
        unit: Unit,
        registry: JobRegistry,
        calibrations: CalibrationSessions,
        enabled: bool,
        bus: Bus,
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._unit = unit
        self._config = unit.config
        self._registry = registry
        self._calibrations = calibrations
        self._enabled = enabled
        self._bus = bus
        self._installed: list[InstalledPlugin] = []
        self._loading: LoadingThread | None = None
        self._loading_all: asyncio.Task[None] | None = None
        self._witness: LoadWitness | None = None

    # Looking

    def loaded_versions(self) -> dict[str, str]:
        """Return the version of each loaded plug-in by its name, "" where it tells none."""
        loaded = [plugin.found for plugin in self._installed if plugin.state == "loaded"]
        return {found.name: found.version or "" for found in loaded}

    def items(self) -> list[dict[str, Any]]:
        """Return the installed plug-ins, sorted by name."""
        return sorted((each.item() for each in self._installed), key=lambda item: (item["name"], item["source"]))

    def find(self, name: str) -> InstalledPlugin | None:
        """Return the plug-in a user means; a dropped-in file before a package."""
        meant = [each for each in self._installed if each.found.is_called(name)]
        return min(meant, key=lambda each: each.found.file is None, default=None)

    def charts(self) -> list[dict[str, Any]]:
        """Return the charts of the loaded plug-ins."""
        return [chart.item(each.found.name) for each in self._installed for chart in each.additions.charts]

    def folders(self) -> list[tuple[str, Path]]:
        """Return name and folder of each loaded package, in the order they were loaded."""
        loaded = [each.found for each in self._installed if each.state == "loaded" and each.found.site]
        return [
            (found.name, found.site / module.value.partition(":")[0].partition(".")[0])
            for found in loaded
            for module in found.modules[:1]
            if found.site
        ]

    def series_units(self) -> dict[str, str]:
        """Return the unit of each series that is in a chart of a loaded plug-in."""
        charts = [chart for each in self._installed for chart in each.additions.charts]
        return {series: chart.unit for chart in charts for series in chart.series}

    def unit_of_series(self, series: str) -> str:
        """Return the unit of a series, "" for a plain number and for one nobody has told the unit of."""
        return (self.series_units() | SERIES_UNITS).get(series, "")

    def routes_of(self, address: str) -> ASGIApp | None:
        """Return the application of a plug-in by the name in its routes' paths; None when it has no routes."""
        return next((each.app for each in self._installed if each.app and each.found.address == address), None)

    async def look_again(self) -> None:
        """Take note of files that were put in, changed or removed by hand since the start; none of them is run."""
        found = {each.source: each for each in await asyncio.to_thread(find_files, self._data_dir)}
        known = {each.found.source: each for each in self._installed if each.found.file is not None}
        for source, file in found.items():
            if source in known:
                known[source].found = file
            else:
                reason = _NEW_FILE if self._enabled else _SAFE_MODE
                self._installed.append(InstalledPlugin(file, "not loaded", reason))
        for source in known.keys() - found.keys():
            if known[source].state == "loaded":
                known[source].reason = _FILE_GONE
            else:
                self._installed.remove(known[source])

    # Loading

    async def start(self) -> None:
        """Begin to find and load the installed plug-ins; wait for them a moment, and not for those that take longer."""
        self._loading_all = asyncio.get_running_loop().create_task(self._load_all(), name="plug-ins")
        await asyncio.wait({self._loading_all}, timeout=_START_WAITS_S)

    async def _load_all(self) -> None:
        try:
            found = await asyncio.to_thread(self._look)
        except OSError as error:
            _log.error("Plug-ins cannot be loaded: their folders cannot be used (%s).", error)
            return
        self._installed = [InstalledPlugin(each) for each in found]
        for each in tuple(self._installed):
            await self._load(each)

    async def take_up(self, found: FoundPlugin) -> InstalledPlugin:
        """List a plug-in that was just installed, and load it; where its former self runs, only a restart can."""
        former = next((each for each in self._installed if each.found.source == found.source
                       and (each.found.address == found.address or found.file)), None)  # fmt: skip
        if former is not None and former.state == "loaded":
            former.found = found
            self._tell(former)
            return former
        plugin = InstalledPlugin(found)
        self._installed = [each for each in self._installed if each is not former] + [plugin]
        self._environment.enter()
        await self._load(plugin)
        return plugin

    def drop(self, plugin: InstalledPlugin) -> None:
        """Take a plug-in that was uninstalled, and what it added, out of the lists; jobs of it that run go on.

        Its guided calibrations stay until the next restart: one may be under way.
        """
        self._installed = [each for each in self._installed if each is not plugin]
        self._registry.remove(*plugin.additions.jobs)
        self._registry.add(*plugin.replaced)
        self._bus.publish(PluginChanged(plugin.found.name, "uninstalled"))

    async def close(self) -> None:
        """Wait for no plug-in any more, and forget the packages, so that the next instance imports them anew."""
        if self._loading_all is not None:
            self._loading_all.cancel()
        if self._loading is not None:
            self._loading.give_up()
        if self._loading_all is not None:
            await asyncio.wait({self._loading_all})
        await asyncio.to_thread(self._environment.leave)

    def _look(self) -> list[FoundPlugin]:
        self._environment.root.mkdir(parents=True, exist_ok=True)
        self._environment.tidy()
        self._environment.enter()
        self._witness = LoadWitness(self._environment.root / "loading.json")
        return find_plugins(self._data_dir)

    async def _load(self, plugin: InstalledPlugin) -> None:
        await self._try_to_load(plugin)
        self._tell(plugin)

    def _tell(self, plugin: InstalledPlugin) -> None:
        self._bus.publish(PluginChanged(plugin.found.name, plugin.state))

    async def _try_to_load(self, plugin: InstalledPlugin) -> None:
        log = job_logger(plugin.found.name, source="plugins")
        if not self._enabled:
            plugin.state, plugin.reason = "not loaded", _SAFE_MODE
            return
        try:
            additions, plugin.app = await asyncio.to_thread(self._run, plugin.found, self._load_within_s())
            self._register(plugin, additions)
        except PluginError as error:
            plugin.state, plugin.reason, plugin.app = "failed", str(error), None
            log.error("The plug-in %s was not loaded: %s", plugin.found.name, error, exc_info=error.__cause__)
            return
        plugin.state, plugin.runs = "loaded", plugin.found.fingerprint
        added = [f"{kind}: {', '.join(names)}" for kind, names in additions.item().items() if names]
        log.info("The plug-in %s is loaded. %s", plugin.found.name, "; ".join(added) or "It declares nothing.")

    def _run(self, found: FoundPlugin, within_s: float) -> tuple[Additions, ASGIApp | None]:
        """Run a plug-in's code in a thread of its own; blocks."""
        assert self._witness is not None  # noqa: S101 - made before anything is loaded
        if self._witness.has_killed(found):
            raise PluginError(_DEADLY)
        self._witness.begin(found)
        self._loading = LoadingThread(found)
        try:
            additions = self._loading.wait(within_s)
            return additions, self._application(found, additions)
        finally:
            self._witness.end(found)

    def _application(self, found: FoundPlugin, additions: Additions) -> ASGIApp | None:
        if additions.routes is None:
            return None
        unit = dataclasses.replace(self._unit, log=job_logger(found.name, source="plugins"))
        try:
            return application(found, additions.routes, unit)
        except Exception as error:
            raise PluginError(f"Its routes cannot be used: {error}") from error

    def _load_within_s(self) -> float:
        try:
            return max(0.0, self._config.number("plugins", "load_within_s"))
        except ConfigError as error:
            _log.error("%s %g s are used.", error.error, _USUAL_LOAD_WITHIN_S)
            return _USUAL_LOAD_WITHIN_S

    # Taking up what a plug-in adds: all of it, or nothing

    def _register(self, plugin: InstalledPlugin, additions: Additions) -> None:
        self._refuse(plugin, additions)
        keys = {_key(job) for job in additions.jobs}
        plugin.replaced = tuple(job for job in self._registry.classes if _key(job) in keys)
        for job in plugin.replaced:
            name = job.declaration.job_name
            _log.warning("The plug-in %s replaces the built-in job %s.", plugin.found.name, name)
        self._registry.add(*additions.jobs)
        self._calibrations.add(*additions.protocols)
        self._config.lay_under(additions.settings, f"plug-in {plugin.found.name}")
        plugin.additions = additions

    def _refuse(self, plugin: InstalledPlugin, additions: Additions) -> None:
        """Raise PluginError when a plug-in wants what it cannot have."""
        for other in self._installed:
            if other is plugin:
                continue
            name = other.found.name
            _refuse_taken("job", name, _names(additions.jobs), _names(other.additions.jobs))
            offered = additions.item()["protocols"]
            _refuse_taken("calibration", name, offered, other.additions.item()["protocols"])
            taken = (chart.key for chart in other.additions.charts)
            _refuse_taken("chart", name, (chart.key for chart in additions.charts), taken)
            if plugin.app and other.app and other.found.address == plugin.found.address:
                raise PluginError(
                    f"Its routes would be at /unit_api/plugins/{other.found.address}, as those of {name}."
                )
        if plugin.app and plugin.found.address in RESERVED:
            raise PluginError(f"A plug-in with routes cannot be called {plugin.found.name}: built-in routes are.")
        unit_jobs = [job.declaration.job_name for job in self._registry.classes if job.declaration.is_long_running]
        for job in additions.jobs:
            if job.declaration.is_long_running or job.declaration.job_name in unit_jobs:
                raise PluginError(f"{job.declaration.job_name}: jobs of the unit itself cannot come from a plug-in.")


def _key(job: type[Job]) -> tuple[str, str]:
    return job.declaration.job_name, job.declaration.automation_name


def _names(jobs: Iterable[type[Job]]) -> list[str]:
    return [" ".join(_key(job)).strip() for job in jobs]


def _refuse_taken(kind: str, owner: str, wanted: Iterable[str], taken: Iterable[str]) -> None:
    both = sorted(set(wanted) & set(taken))
    if both:
        raise PluginError(f"The {kind} {both[0]} is already added by the plug-in {owner}.")
