"""Monitor: watches the unit itself, as long as the service runs.

It publishes the supply voltage, the button, the versions and how the computer is doing, and records the temperature of
the heater board with the active experiment. It warns when the supply sinks, because motors then turn slower and pumps
dose less; when the disk fills up; and it switches off a heater that is hot though nobody heats.
"""

from __future__ import annotations

import asyncio
from typing import Any

from core.jobs.monitor.computer import ComputerFacts, look_at_computer
from core.jobs.monitor.heater_watch import UNATTENDED_CELSIUS, HeatGuard, StuckWatch
from core.plugins.api import (
    VERSION,
    BadRequestError,
    BoardError,
    BoardEvent,
    BoardStatus,
    ButtonMoved,
    Config,
    ConfigError,
    ConnectionChanged,
    Group,
    Job,
    JobDeclaration,
    JobState,
    Setting,
    StatusReported,
    UnavailableError,
    timestamp,
)

_SECTION = "monitor.config"
_AUTO = "auto"
_INTERVAL_S = 10.0
_COMPUTER_EVERY_S = 600.0
_LOW_SUPPLY_V, _GOOD_SUPPLY_V = 4.80, 4.90
_SUPPLY_STEP_V = 0.05
_BLINK_DISK_FULL, _BLINK_TOO_HOT, _BLINK_LOW_SUPPLY = 3, 6, 7
_HEATER_JOB = "temperature_automation"
_HEATER_HZ = 16.0
# Alarms of this job.
_DISK, _HOT, _STUCK, _SUPPLY = "disk", "hot", "stuck", "supply"
_OWN_VERSIONS = ("app", "firmware")


class Monitor(Job):
    """The monitor job; started with the service, and it goes on without a board."""

    declaration = JobDeclaration(
        job_name="monitor",
        label="Monitor",
        help="Watch supply, button and temperature of the board, and the computer.",
        group=Group.CHECK,
        needs_board=False,
        is_long_running=True,
        settings={
            "computer_statistics": Setting("json", label="Computer"),
            "button_down": Setting("boolean", label="Button pressed"),
            "versions": Setting("json", settable=True, label="Versions"),
            "voltage_on_pwm_rail": Setting("Voltage", unit="V", label="Supply"),
            "ipv4": Setting("string", label="IPv4 address"),
            "wlan_mac_address": Setting("string", label="Hardware address, WLAN"),
            "eth_mac_address": Setting("string", label="Hardware address, Ethernet"),
        },
    )

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._answers_button = True
        self._check_every_s = 0.0
        self._checked_s: float | None = None
        self._seen_utc_s = 0.0
        self._supply_is_low = False
        self._added_versions: dict[str, Any] = {}
        self._stuck_watch = StuckWatch()
        self._heat_guard = HeatGuard(UNATTENDED_CELSIUS)

    async def set_up(self) -> None:
        """Begin to listen to the board, and look at its reports every ten seconds."""
        try:
            self._read_config()
        except ConfigError as error:
            self.log.warning("The monitor goes on without a value it cannot read: %s %s", error.error, error.remedy)
        self.on_end(self.context.board_link.listen(self._hear))
        self.publish("button_down", False)
        self._publish_versions()
        self.every(_INTERVAL_S, self._look)

    def _read_config(self) -> None:
        text = self.config.text(_SECTION, "enable_button")
        self._answers_button = text == _AUTO or self.config.boolean(_SECTION, "enable_button")
        self._check_every_s = 3600 * self.config.number(_SECTION, "self_check_interval_hours")
        self._heat_guard = HeatGuard(self.context.parts.models.current.max_temp_to_shutdown)

    async def work(self) -> None:
        """Look at the computer every ten minutes; tell what is wrong with it at the longer rhythm of self-checks."""
        while True:
            if self.state is JobState.READY:
                await self._look_at_computer()
            await self.sleep(_COMPUTER_EVERY_S)

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse other versions of what this program knows better."""
        own = [name for name in values.get("versions", {}) if name in _OWN_VERSIONS]
        if own:
            raise BadRequestError(
                f"The version of {', '.join(own)} is known and cannot be set.",
                remedy="Send the versions of other things only.",
                fields=["versions"],
            )

    async def set_versions(self, versions: dict[str, Any]) -> None:
        """Show versions of other things beside the program's and the firmware's."""
        self._added_versions = versions
        self._publish_versions()

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, ButtonMoved):
            self.publish("button_down", event.pressed)
            if event.pressed and self._answers_button:
                self.spawn(self._answer_button())
        elif isinstance(event, StatusReported):
            self._watch_heater(event.status)
        elif isinstance(event, ConnectionChanged):
            self._publish_versions()
            if not event.connection.is_usable:
                self._stuck_watch.forget()
                self.alarms.end(_STUCK)
                self.publish("voltage_on_pwm_rail", None)
                self.mark_gap("the link to the board was lost")

    async def _answer_button(self) -> None:
        """Blink, so that a person sees which board this is, and that somebody listens."""
        try:
            await self.board.identify()
        except (BoardError, UnavailableError) as error:
            self.log.debug("The button was pressed, but the board does not blink: %s", error)

    def _publish_versions(self) -> None:
        board = self.context.board_link.current
        versions = {**self._added_versions, "app": VERSION}
        if board is not None and board.dictionary is not None:
            versions["firmware"] = board.dictionary.firmware_version
        if self.settings.get("versions") != versions:
            self.publish("versions", versions)

    async def _look_at_computer(self) -> None:
        try:
            facts = await asyncio.to_thread(look_at_computer, self.context.parts.data_dir)
        except OSError as error:
            self.log.error("The disk with the data folder does not answer (%s). Look at the disk.", error)
            self.alarms.begin(_DISK, f"The disk with the data folder did not answer: {error}.", "Look at the disk.")
            return
        self._tell_disk(facts)
        self.publish("computer_statistics", facts.statistics(timestamp(self.clock.utc_s())))
        self.publish("ipv4", facts.ipv4)
        self.publish("wlan_mac_address", facts.wlan_mac)
        self.publish("eth_mac_address", facts.ethernet_mac)
        now_s = self.clock.monotonic_s()
        if self._checked_s is None or 0 < self._check_every_s <= now_s - self._checked_s:
            self._checked_s = now_s
            await self._self_check(facts)

    def _tell_disk(self, facts: ComputerFacts) -> None:
        if not facts.is_disk_nearly_full:
            self.alarms.end(_DISK)
            return
        what = f"Only {facts.free_disk_gb:.1f} GB were free on the disk with the data folder."
        remedy = "Free some: when it is full, nothing can be recorded any more."
        self.alarms.begin(_DISK, what, remedy, severity="warning", signal="records")

    async def _self_check(self, facts: ComputerFacts) -> None:
        for warning in facts.warnings():
            self.log.warning("%s", warning)
        board = self.context.board_link.current
        if board is None or not self.context.board_link.is_usable:
            return
        if board.dictionary is not None and not board.dictionary.has_thermometer:
            self.log.warning("The board has no heater board: nothing can be heated, and no speed be measured.")
        if facts.is_disk_nearly_full:
            await self._blink(_BLINK_DISK_FULL)

    async def _blink(self, code: int) -> None:
        try:
            await self.board.blink_error(code)
        except (BoardError, UnavailableError) as error:
            self.log.debug("The board does not blink: %s", error)

    def _watch_heater(self, status: BoardStatus) -> None:
        celsius = status.heater_celsius
        if celsius is None:
            self._stuck_watch.forget()
            return
        self._tell_stuck(celsius)
        if self._heat_guard.is_at_rest(celsius):
            return
        is_attended = self.context.settings_of(_HEATER_JOB) is not None
        is_heating = any(status.pwm_percent.get(channel, 0.0) > 0 for channel in self._heater_channels())
        now_s = self.clock.monotonic_s()
        if self._heat_guard.must_tell(celsius, now_s, is_attended=is_attended, is_heating=is_heating):
            why = "" if is_attended else f", and no {_HEATER_JOB} runs"
            then = "the heater is switched off" if is_heating else "the heater is off: unplug the heater board"
            self.log.error(
                "The heater board is at %.1f °C%s; %s. Find out why before you heat again.", celsius, why, then
            )
            what = f"The heater board was at {celsius:.1f} °C{why}; {then}."
            self.alarms.begin(_HOT, what, "Find out why before you heat again.", signal="heater_board", lasts=False)
            self.spawn(self._blink(_BLINK_TOO_HOT))
        if self._heat_guard.is_too_hot(celsius, is_attended=is_attended):
            self.spawn(self._switch_heater_off())

    def _heater_channels(self) -> list[int]:
        board = self.context.board_link.current
        roles = board.dictionary.pwm_roles if board is not None and board.dictionary is not None else {}
        return [channel for channel, role in roles.items() if role == "heater"]

    async def _switch_heater_off(self) -> None:
        for channel in self._heater_channels():
            try:
                await self.board.set_pwm(channel, 0.0, _HEATER_HZ, 0.0)
            except (BoardError, UnavailableError) as error:
                self.log.error("The board did not confirm that the heater is off: %s", error)

    def _tell_stuck(self, celsius: float) -> None:
        told = self._stuck_watch.take(celsius, self.clock.monotonic_s())
        if told is None:
            return
        if told.is_stuck:
            what = f"The heater board's thermometer showed exactly {told.celsius:.4f} °C for {told.for_s / 60:.0f} min."
            remedy = "It is stuck: do not heat. Check the cable of the heater board, then restart the board."
            self.alarms.begin(_STUCK, what, remedy, signal="heater_board")
            self.log.warning(
                "The heater board's thermometer has shown exactly %.4f °C for %.0f minutes: it is stuck. Do not heat; "
                "check the cable of the heater board, then restart the board.",
                told.celsius,
                told.for_s / 60,
            )
        else:
            self.alarms.end(_STUCK)
            self.log.info("The heater board's thermometer moves again, after %.0f minutes.", told.for_s / 60)

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
            self.alarms.end(_SUPPLY)
        elif supply_v <= _LOW_SUPPLY_V and not self._supply_is_low:
            self._supply_is_low = True
            what = f"The supply went down to {supply_v:.2f} V: motors turn slower, pumps move less."
            remedy = "Use a stronger USB supply or a shorter cable."
            self.alarms.begin(_SUPPLY, what, remedy, severity="warning", signal="supply")
            self.log.warning(
                "The supply is down to %.2f V: motors turn slower. Use a stronger USB supply or a shorter cable.",
                supply_v,
            )
            await self.board.blink_error(_BLINK_LOW_SUPPLY)
