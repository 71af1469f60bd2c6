"""What the service tells of its computer and itself, in words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.file_transfer import size_words
from gui.moments import duration
from gui.service_client import ServiceClient, ServiceRefusedError

# Below this share of free space there is trouble ahead.
_NEARLY_FULL = 0.05
_ROUTES = {
    "version": "/unit_api/versions/app",
    "web_server": "/unit_api/system/web_server/status",
    "access": "/unit_api/system/web_server/access",
    "clock": "/unit_api/system/utc_clock",
    "addresses": "/unit_api/system/ipv4",
    "disk": "/unit_api/system/disk_space",
    "memory": "/unit_api/system/memory",
    "mqtt": "/unit_api/mqtt",
}


@dataclass(frozen=True)
class SystemFacts:
    """The answers by what they are about; one that was refused is missing, and its reason is in `troubles`."""

    answers: dict[str, dict[str, Any]]
    troubles: dict[str, ServiceRefusedError]

    def text(self, about: str, key: str) -> str:
        """Return one value as text; empty when it is not known."""
        value = self.answers.get(about, {}).get(key)
        return "" if value is None else str(value)


async def ask_for_facts(client: ServiceClient) -> SystemFacts:
    """Ask the service for everything at once.

    Raises:
        ServiceUnreachableError: the service was not reached.
    """
    answers: dict[str, dict[str, Any]] = {}
    troubles: dict[str, ServiceRefusedError] = {}

    async def ask(about: str, path: str) -> None:
        try:
            answers[about] = await client.get(path)
        except ServiceRefusedError as refused:
            troubles[about] = refused

    await asyncio.gather(*(ask(about, path) for about, path in _ROUTES.items()))
    return SystemFacts(answers, troubles)


def space_words(space: dict[str, Any] | None) -> tuple[str, str]:
    """Say how much is free, and the tone: "12.3 GB of 50 GB free"."""
    if not space:
        return "", ""
    free, whole = float(space["available_bytes"]), float(space["total_bytes"])
    tr = QCoreApplication.translate
    words = tr("system", "{} of {} free").format(size_words(free), size_words(whole))
    if whole and free / whole < _NEARLY_FULL:
        return tr("system", "{}: nearly full").format(words), "warn"
    return words, ""


def mqtt_words(state: dict[str, Any] | None) -> tuple[str, str, str]:
    """Say how the unit stands with an MQTT broker, more of it, and the tone: "Connected to lab.example:1883"."""
    if not state:
        return "", "", ""
    tr = QCoreApplication.translate
    words, tone = {
        "off": (tr("system", "off"), ""),
        "connecting": (tr("system", "Connecting to {}"), ""),
        "connected": (tr("system", "Connected to {}"), ""),
        "refused": (tr("system", "Refused by {}"), "warn"),
        "unreachable": (tr("system", "{} is not reached"), "warn"),
    }.get(str(state["state"]), (str(state["state"]), ""))
    return words.format(state["broker"]), f"{state['detail']} {state['remedy']}".strip(), tone


def up_words(raw_status: str) -> str:
    """Return since when the web server runs, read from its own words ("..., up 3600 s"); empty when not told."""
    _, found, rest = raw_status.partition("up ")
    seconds = rest.split(" ")[0]
    return duration(float(seconds)) if found and seconds.replace(".", "", 1).isdigit() else ""
