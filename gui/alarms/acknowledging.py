"""Telling the service that a person has seen alarms."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from gui import background
from gui.person import person
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for


class Acknowledging(QObject):
    """Acknowledges alarms in the background; what is shown changes when the service tells of it.

    Signals:
        changed: a request has begun or ended.
    """

    changed = Signal()

    def __init__(self, client: ServiceClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._under_way: set[int] = set()

    def is_under_way(self, alarm: dict[str, Any]) -> bool:
        """Whether the service is being told about this alarm."""
        return alarm["id"] in self._under_way

    def acknowledge(self, alarms: list[dict[str, Any]]) -> None:
        """Say that these alarms, and no others, were seen; doing it twice does no harm."""
        ids = [int(alarm["id"]) for alarm in alarms if alarm["id"] not in self._under_way]
        if ids:
            self._under_way.update(ids)
            self.changed.emit()
            background.run(self._ask(ids), self, self._on_trouble)

    async def _ask(self, ids: list[int]) -> None:
        who = person()
        try:
            await self._client.post("/unit_api/alarms/acknowledge", {"ids": ids, **({"who": who} if who else {})})
        finally:
            self._under_way.difference_update(ids)
            self.changed.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show_trouble(trouble)
