"""What a plug-in adds, checked: whatever is wrong with it is found before anything of it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError

from core.calibrations.protocols import CalibrationProtocol
from core.calibrations.sessions.protocol import SessionProtocol
from core.calibrations.sessions.steps import Step
from core.jobs.job import Job
from core.names import is_safe_name
from core.plugins.plugin import Chart, Plugin
from core.schemas.jobs import Capability

_JOB_NAME = re.compile(r"[a-z][a-z0-9_]*( [a-z][a-z0-9_]*)?")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class PluginError(Exception):
    """A plug-in cannot be used; the text says why."""


@dataclass(frozen=True)
class Additions:
    """What one plug-in adds, fit to be used."""

    jobs: tuple[type[Job], ...] = ()
    protocols: tuple[type[SessionProtocol], ...] = ()
    routes: APIRouter | None = None
    charts: tuple[Chart, ...] = ()
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def item(self) -> dict[str, list[str]]:
        """Return the names of what is added, by kind."""
        declarations = [job.declaration for job in self.jobs]
        return {
            "jobs": [each.job_name for each in declarations if not each.automation_name],
            "automations": [f"{each.job_name} {each.automation_name}" for each in declarations if each.automation_name],
            "protocols": [offer.id for protocol in self.protocols for offer in protocol.offers],
            "routes": [] if self.routes is None else sorted({getattr(each, "path", "") for each in self.routes.routes}),
            "charts": [chart.key for chart in self.charts],
            "settings": [f"{section}.{key}" for section, keys in self.settings.items() for key in keys],
        }

    def joined(self, other: Additions) -> Additions:
        """Return both together: a package may name several modules."""
        if self.routes is not None and other.routes is not None:
            raise PluginError("Two of its modules have routes; only one may.")
        return Additions(
            self.jobs + other.jobs,
            self.protocols + other.protocols,
            self.routes or other.routes,
            self.charts + other.charts,
            self.settings | other.settings,
        )


def check(plugin: object) -> Additions:
    """Return what a module's `plugin` adds; raise PluginError when something of it is wrong."""
    if not isinstance(plugin, Plugin):
        raise PluginError(f"Its `plugin` is {_kind(plugin)}; it must be a Plugin(...).")
    jobs, protocols, charts = tuple(plugin.jobs), tuple(plugin.protocols), tuple(plugin.charts)
    for job in jobs:
        _check_job(job)
    for protocol in protocols:
        _check_protocol(protocol)
    for chart in charts:
        _check_chart(chart)
    if plugin.routes is not None and not isinstance(plugin.routes, APIRouter):
        raise PluginError(f"Its routes are {_kind(plugin.routes)}; they must be an APIRouter.")
    return Additions(jobs, protocols, plugin.routes, charts, _checked_settings(plugin.settings))


def _check_job(job: object) -> None:
    if not (isinstance(job, type) and issubclass(job, Job)):
        raise PluginError(f"{job!r} in its jobs is no subclass of Job.")
    declaration = getattr(job, "declaration", None)
    if declaration is None:
        raise PluginError(f"The job {job.__name__} has no declaration.")
    name = declaration.job_name
    if not isinstance(name, str) or not _JOB_NAME.fullmatch(name):
        raise PluginError(f"{name!r} is no job name: use lower-case words joined by underscores.")
    try:
        Capability.model_validate(json.loads(json.dumps(declaration.entry(), allow_nan=False)))
    except (ValidationError, TypeError, ValueError) as error:
        raise PluginError(f"The declaration of {name} cannot be listed: {_one_line(error)}") from error
    options = [option.name for option in declaration.options]
    if len(set(options)) != len(options):
        raise PluginError(f"The job {name} declares an option twice.")


def _check_protocol(protocol: object) -> None:
    if not (isinstance(protocol, type) and issubclass(protocol, SessionProtocol)):
        raise PluginError(f"{protocol!r} in its protocols is no subclass of SessionProtocol.")
    name = str(getattr(protocol, "protocol_name", ""))
    steps, offers = tuple(getattr(protocol, "steps", ())), tuple(protocol.offers)
    if not all(isinstance(step, Step) for step in steps) or not steps or steps[-1].step_type != "result":
        raise PluginError(f"The protocol {protocol.__name__} needs steps, the last of which is the result.")
    if not offers or not all(isinstance(offer, CalibrationProtocol) for offer in offers):
        raise PluginError(
            f"The protocol {protocol.__name__} offers nothing: it needs a CalibrationProtocol in `offers`."
        )
    for offer in offers:
        texts = (offer.target_device, offer.title, offer.description, *offer.requirements)
        if offer.protocol_name != name or not _KEY.fullmatch(name) or not is_safe_name(offer.target_device):
            raise PluginError(f"The protocol {protocol.__name__} needs one name, and names of devices that are sound.")
        if not all(isinstance(text, str) and text for text in texts) or not isinstance(offer.priority, int):
            raise PluginError(f"What the protocol {name} offers needs texts that are not empty, and a whole priority.")


def _check_chart(chart: object) -> None:
    if not isinstance(chart, Chart):
        raise PluginError(f"{chart!r} in its charts is no Chart.")
    texts = [chart.title, chart.unit, chart.description, *chart.series, *chart.series.values()]
    if not _KEY.fullmatch(str(chart.key)) or not all(isinstance(text, str) for text in texts):
        raise PluginError(f"The chart {chart.key!r} needs a key of letters, digits and underscores, and texts.")
    if not chart.title or not chart.series:
        raise PluginError(f"The chart {chart.key} needs a title and at least one series.")


def _checked_settings(settings: object) -> dict[str, dict[str, str]]:
    if not isinstance(settings, Mapping) or not all(isinstance(keys, Mapping) for keys in settings.values()):
        raise PluginError("Its settings must map each section to its keys and texts.")
    checked = {section: dict(keys) for section, keys in settings.items()}
    for section, keys in checked.items():
        for part in (section, *keys, *keys.values()):
            if not isinstance(part, str) or not part.isprintable():
                raise PluginError(f"Its settings hold {part!r}; sections, keys and values must be texts of one line.")
    return checked


def _kind(value: object) -> str:
    return f"of type {type(value).__name__}"


def _one_line(error: Any) -> str:
    return " ".join(str(error).split())[:300]
