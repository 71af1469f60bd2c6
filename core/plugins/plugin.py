"""What a plug-in says it adds: one `plugin = Plugin(...)` in its module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter

from core.calibrations.sessions.protocol import SessionProtocol
from core.jobs.job import Job


@dataclass(frozen=True)
class Chart:
    """A chart for the Live page.

    Attributes:
        key: its name in the API: lower-case words joined by underscores.
        title: its name for people.
        series: recorded series to plot, by name, each with its label; all share the unit.
        unit: unit of the values, "" for a plain number.
        description: one sentence on what it shows.
    """

    key: str
    title: str
    series: Mapping[str, str]
    unit: str = ""
    description: str = ""

    def item(self, source: str) -> dict[str, Any]:
        """Return the chart as the list of charts shows it; `source` is the plug-in's name."""
        return {
            "chart_key": self.key,
            "title": self.title,
            "unit": self.unit,
            "description": self.description,
            "source": source,
            "series": [{"series": series, "label": label} for series, label in self.series.items()],
        }


@dataclass(frozen=True)
class Plugin:
    """Everything a plug-in adds; all of it is taken, or none.

    Attributes:
        jobs: job and automation classes. One that has a built-in job's name replaces it.
        protocols: guided calibrations, each for the devices it `offers`.
        routes: an APIRouter without a prefix; its paths appear below `/unit_api/plugins/<name>`.
        charts: charts for the Live page.
        settings: defaults for the configuration, section to key to text. Values that are there already stay.
    """

    jobs: Sequence[type[Job]] = ()
    protocols: Sequence[type[SessionProtocol]] = ()
    routes: APIRouter | None = None
    charts: Sequence[Chart] = ()
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
