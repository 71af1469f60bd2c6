"""MQTT as a part of the service: off, or connected to a broker, or trying to be."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from core.board_link import BoardLink
from core.bus import Bus
from core.clock import Clock, timestamp
from core.config import Config, ConfigError
from core.experiments.experiments import Experiments
from core.jobs.runner import JobRunner
from core.mqtt.broker_link import BrokerLink, LinkState
from core.mqtt.broker_settings import BrokerSettings, broker_settings
from core.mqtt.changes import Changes
from core.mqtt.outbox import Outbox
from core.mqtt.told import ToldToBroker
from core.mqtt.topics import subscriptions
from core.records.records import Records

_OFF = LinkState(
    "off", "", "Set broker_address in section [mqtt] of the configuration and restart the service to use MQTT."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Running:
    settings: BrokerSettings
    link: BrokerLink
    told: ToldToBroker
    changes: Changes


class Mqtt:
    """The unit on a broker; made before the jobs are, and closed after them."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._outbox = Outbox()
        self._running: _Running | None = None
        self._state = _OFF
        self._since_s = clock.utc_s()
        self._dropped_before = 0
        self._has_ended = False

    def start(
        self, unit: str, bus: Bus, jobs: JobRunner, experiments: Experiments, board_link: BoardLink, records: Records
    ) -> None:
        """Begin to connect, if the configuration names a broker."""
        try:
            settings = broker_settings(self._config)
        except ConfigError as error:
            _log.warning("MQTT is off: %s %s", error.error, error.remedy)
            self._state = LinkState("off", error.error, error.remedy)
            return
        if settings is None:
            return
        changes = Changes(jobs, board_link, records)
        link = BrokerLink(settings, self._outbox, subscriptions(unit), changes.take, self._on_state)
        told = ToldToBroker(unit, bus, jobs, experiments, records.store, link.send, link.leave_will, link.withdraw_will)
        self._running = _Running(settings, link, told, changes)
        self._state = LinkState("connecting")
        link.start()

    async def close(self) -> None:
        """Tell what waits to be told, and leave the broker; takes some seconds at most."""
        running = self._running
        if running is None:
            return
        self._has_ended = True
        running.told.stop()
        await running.changes.close()
        await asyncio.to_thread(running.link.close)

    def describe(self) -> dict[str, Any]:
        """Return how it stands, as the API shows it."""
        settings = self._running.settings if self._running else None
        return {
            "state": self._state.word,
            "since": timestamp(self._since_s),
            "detail": self._state.detail,
            "remedy": self._state.remedy,
            "broker": settings.name if settings else None,
            "use_tls": settings.use_tls if settings else False,
            "waiting": len(self._outbox),
            "dropped": self._outbox.dropped,
        }

    def _on_state(self, state: LinkState) -> None:
        if self._has_ended or (state.word, state.detail) == (self._state.word, self._state.detail):
            return
        before, self._state, self._since_s = self._state, state, self._clock.utc_s()
        name = self._running.settings.name if self._running else ""
        if state.word != "connected":
            _log.warning("MQTT: %s %s", state.detail, state.remedy)
            return
        given_up, self._dropped_before = self._outbox.dropped - self._dropped_before, self._outbox.dropped
        _log.info("MQTT: connected to %s%s.", name, "" if before.word == "connecting" else " again")
        if given_up:
            _log.warning("MQTT: %d messages were given up while the broker was away.", given_up)
