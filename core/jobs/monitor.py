"""Monitor: watches the unit itself, as long as the service runs.

It publishes the supply voltage, the button and the versions, and records the temperature of the heater board with the
active experiment. It warns when the supply sinks, because motors then turn slower and pumps dose less.
"""

from __future__ import annotations

from typing import Any

from core.plugins.api import (
    VERSION,
    BoardEvent,
    BoardStatus,
    ButtonMoved,
    Config,
    ConnectionChanged,
    Group,
    Job,
    JobDeclaration,
    Setting,
    timestamp,
)

_INTERVAL_S = 10.0
_LOW_SUPPLY_V, _GOOD_SUPPLY_V = 4.80, 4.90
_SUPPLY_STEP_V = 0.05
_BLINK_LOW_SUPPLY = 7


class Monitor(Job):
    """The monitor job; started with the service, and it goes on without a board."""

    declaration = JobDeclaration(
        job_name="monitor",
        label="Monitor",
        help="Watch supply, button and temperature of the board.",
        group=Group.CHECK,
        needs_board=False,
        is_long_running=True,
        settings={
            "voltage_on_pwm_rail": Setting("Voltage", unit="V", label="Supply"),
            "button_down": Setting("boolean", label="Button pressed"),
            "versions": Setting("json", label="Versions"),
        },
    )

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._seen_utc_s = 0.0
        self._supply_is_low = False

    async def set_up(self) -> None:
        """Begin to listen to the board, and look at its reports every ten seconds."""
        self.on_end(self.context.board_link.listen(self._hear))
        self.publish("button_down", False)
        self._publish_versions()
        self.every(_INTERVAL_S, self._look)

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, ButtonMoved):
            self.publish("button_down", event.pressed)
        elif isinstance(event, ConnectionChanged):
            self._publish_versions()
            if not event.connection.is_usable:
                self.publish("voltage_on_pwm_rail", None)
                self.mark_gap("the link to the board was lost")

    def _publish_versions(self) -> None:
        board = self.context.board_link.current
        versions = {"app": VERSION}
        if board is not None and board.dictionary is not None:
            versions["firmware"] = board.dictionary.firmware_version
        if self.settings.get("versions") != versions:
            self.publish("versions", versions)

    async def _look(self) -> None:
        status = self.board.status
        if status is None or status.utc_s == self._seen_utc_s:
            return
        self._seen_utc_s = status.utc_s
        experiment = self.context.active_experiment()
        if status.heater_celsius is not None and experiment is not None:
            self.record("board_temperature", status.heater_celsius, status.utc_s, experiment)
        if status.supply_v is not None:
            await self._watch_supply(status.supply_v, status)

    async def _watch_supply(self, supply_v: float, status: BoardStatus) -> None:
        volts = round(round(supply_v / _SUPPLY_STEP_V) * _SUPPLY_STEP_V, 2)
        self.publish("voltage_on_pwm_rail", {"voltage": volts, "timestamp": timestamp(status.utc_s)})
        if supply_v >= _GOOD_SUPPLY_V:
            self._supply_is_low = False
        elif supply_v <= _LOW_SUPPLY_V and not self._supply_is_low:
            self._supply_is_low = True
            self.log.warning(
                "The supply is down to %.2f V: motors turn slower. Use a stronger USB supply or a shorter cable.",
                supply_v,
            )
            await self.board.blink_error(_BLINK_LOW_SUPPLY)
