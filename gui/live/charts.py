"""The charts that plug-ins add to the page: asked for again whenever the unit may have others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui import background
from gui.live.trace import Pane, Trace, traces
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit

# Told apart by the colour-blind: Okabe and Ito, "Color Universal Design", 2008.
_TINTS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_PREFIX = "chart:"
_STRETCH = 2


@dataclass(frozen=True)
class Chart:
    """A pane of its own, and what is drawn in it."""

    pane: Pane
    traces: tuple[Trace, ...]


def read_charts(items: list[dict[str, Any]]) -> tuple[Chart, ...]:
    """Return the charts of `GET charts/descriptors`; a key that comes twice counts once."""
    known = {trace.series: trace for trace in traces({})}
    charts = {item["chart_key"]: _chart(item, known) for item in items}
    return tuple(charts.values())


def _chart(item: dict[str, Any], known: dict[str, Trace]) -> Chart:
    key = f"{_PREFIX}{item['chart_key']}"
    hint = " ".join(part for part in (item.get("description", ""), f"({item.get('source', '')})") if part)
    pane = Pane(key, item["title"], item["unit"], _STRETCH, waits=True, hint=hint)
    drawn = []
    for place, each in enumerate(item["series"]):
        # A series that is drawn elsewhere too has the same colour here.
        like = known.get(each["series"])
        tint = _TINTS[place % len(_TINTS)] if like is None else like.colour.name()
        drawn.append(Trace(each["series"], each["label"] or each["series"], item["unit"], key, None, tint=tint))
    return Chart(pane, tuple(drawn))


class PluginCharts(QObject):
    """The charts of the unit's plug-ins.

    Signals:
        changed: `all` has others.

    Attributes:
        all: the charts, in the order the plug-ins were loaded.
    """

    changed = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self.all: tuple[Chart, ...] = ()
        unit.snapshot_loaded.connect(self.load)
        unit.plugin_changed.connect(self.load)
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def load(self) -> None:
        """Ask the service which charts there are."""
        background.run(self._load(), self, self._on_trouble)

    async def _load(self) -> None:
        charts = read_charts(await self._client.get("/unit_api/charts/descriptors"))
        if charts != self.all:
            self.all = charts
            self.changed.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Keep those known: the page is whole without them, and the next snapshot asks again."""
