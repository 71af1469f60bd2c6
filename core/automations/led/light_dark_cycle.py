"""Light and dark by turns, with the LEDs on channels D and C.

The cycle begins with light. Its phase is exact: light comes on at the start plus whole cycles, however long the program
has been busy; a new intensity or duration takes effect at once, counted from the same start.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from core.automations.automation import AUTOMATION_SETTINGS, Automation, AutomationEvent, EventName
from core.automations.timed import SKIP_FIRST_RUN
from core.plugins.api import (
    BoardError,
    Config,
    ConflictError,
    Group,
    JobDeclaration,
    JobState,
    Option,
    Setting,
    StopOrder,
    UnavailableError,
    led_output,
)

_CHANNELS = ("D", "C")
_INFRARED = "IR"
_DEFAULT_PERCENT, _DEFAULT_LIGHT_MIN, _DEFAULT_DARK_MIN = 5.0, 960.0, 480.0
_S_PER_MIN = 60.0
# While optical density is measured no LED can be written: a measurement takes about half a second.
_TRIES, _BETWEEN_TRIES_S = 6, 0.5
_LONGEST_WAIT_S = 3600.0
_NEXT_TRY_S = 10.0
# A wake-up this much too early belongs to the phase it was meant for.
_EARLY_S = 1e-3


def _channels(config: Config) -> tuple[str, ...]:
    """Return the channels that light the culture; the infrared LED is od_reading's."""
    return tuple(channel for channel in _CHANNELS if config.section("leds").get(channel) != _INFRARED)


class LightDarkCycle(Automation):
    """The rule light_dark_cycle."""

    declaration = JobDeclaration(
        job_name="led_automation",
        automation_name="light_dark_cycle",
        label="Light and dark by turns",
        help="Day and night for the culture, beginning with light.",
        group=Group.LIGHT,
        stop_order=StopOrder.LIGHTS,
        options=(
            Option("light_intensity", "float", help="intensity while it is light; 5 % when left out", unit="%",
                   minimum=0, maximum=100, label="Intensity", first=True),
            Option("light_duration_minutes", "float", help="time of light; 960 min when left out", unit="min",
                   label="Light for", first=True),
            Option("dark_duration_minutes", "float", help="time of darkness; 480 min when left out", unit="min",
                   label="Dark for", first=True),
            SKIP_FIRST_RUN,
        ),
        settings={
            **AUTOMATION_SETTINGS,
            "duration": Setting("float", unit="min", label="Length of a cycle"),
            "light_intensity": Setting("float", settable=True, unit="%", minimum=0, maximum=100, label="Intensity"),
            "light_duration_minutes": Setting("float", settable=True, unit="min", label="Light for"),
            "dark_duration_minutes": Setting("float", settable=True, unit="min", label="Dark for"),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channels = _channels(config)
        self._began_s = 0.0
        self._percent: float | None = None
        self._cycling: asyncio.Task[None] | None = None

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The LEDs that light the culture."""
        return tuple(led_output(channel) for channel in _channels(config))

    async def set_up(self) -> None:
        """Take the cycle; light comes on when the job is ready."""
        await super().set_up()
        given = self.options
        self.publish("light_intensity", _or(given["light_intensity"], _DEFAULT_PERCENT))
        self.publish("light_duration_minutes", _or(given["light_duration_minutes"], _DEFAULT_LIGHT_MIN))
        self.publish("dark_duration_minutes", _or(given["dark_duration_minutes"], _DEFAULT_DARK_MIN))
        self._publish_cycle()
        self._began_s = self.clock.monotonic_s()
        if given["skip_first_run"]:
            self._began_s += self._light_s + self._dark_s

    async def set_light_intensity(self, percent: float) -> None:
        """Light with `percent` from now on."""
        self.publish("light_intensity", percent)
        self._begin_again()

    async def set_light_duration_minutes(self, minutes: float) -> None:
        """Light for `minutes` of each cycle; none when not above 0."""
        self.publish("light_duration_minutes", minutes)
        self._begin_again()

    async def set_dark_duration_minutes(self, minutes: float) -> None:
        """Darken for `minutes` of each cycle; always light when not above 0."""
        self.publish("dark_duration_minutes", minutes)
        self._begin_again()

    async def on_ready(self) -> None:
        """Begin, or go on, with the phase that it is time for."""
        self._begin_again()

    async def on_ready_to_sleeping(self) -> None:
        """Darken; the cycle's phase goes on."""
        self._stop_cycling()
        await self._darken()

    async def on_link_back(self) -> None:
        """Show what it is time for; what was lit before the link was lost is lit again by its renewal."""
        self._begin_again()

    @property
    def _light_s(self) -> float:
        return max(0.0, float(self.settings["light_duration_minutes"]) * _S_PER_MIN)

    @property
    def _dark_s(self) -> float:
        return max(0.0, float(self.settings["dark_duration_minutes"]) * _S_PER_MIN)

    def _publish_cycle(self) -> None:
        self.publish("duration", (self._light_s + self._dark_s) / _S_PER_MIN)

    def _begin_again(self) -> None:
        """Look anew which phase it is."""
        self._publish_cycle()
        self._stop_cycling()
        if self.state is JobState.READY:
            self._cycling = self.spawn(self._cycle())

    def _stop_cycling(self) -> None:
        if self._cycling is not None:
            self._cycling.cancel()
            self._cycling = None

    async def _cycle(self) -> None:
        while True:
            is_light, _ = self._phase()
            is_shown = await self._show(float(self.settings["light_intensity"]) if is_light else 0.0)
            is_still_light, for_s = self._phase()
            if is_still_light is is_light:
                await self.sleep(min(for_s, _LONGEST_WAIT_S if is_shown else _NEXT_TRY_S))

    def _phase(self) -> tuple[bool, float]:
        """Return whether it is light, and for how many seconds from now."""
        since_s = self.clock.monotonic_s() - self._began_s
        if since_s < -_EARLY_S:
            return False, -since_s
        if self._light_s <= 0 or self._dark_s <= 0:
            return self._light_s > 0, math.inf
        within_s = (since_s + _EARLY_S) % (self._light_s + self._dark_s)
        is_light = within_s < self._light_s
        return is_light, (self._light_s if is_light else self._light_s + self._dark_s) - within_s + _EARLY_S

    async def _show(self, percent: float) -> bool:
        """Light the culture, and tell of it; return whether that was possible. A link that comes back begins again."""
        if percent == self._percent:
            return True
        try:
            await self._light(percent)
        except (BoardError, ConflictError, UnavailableError) as error:
            if self.context.board_link.is_usable:
                self.tell(AutomationEvent(EventName.ERROR, f"the light could not be changed: {error}"))
            return False
        self._percent = percent
        self.tell(
            AutomationEvent(
                EventName.CHANGED_LED,
                f"light at {percent:g} %" if percent else "dark",
                {"channels": list(self._channels), "intensity": percent},
            )
        )
        return True

    async def _light(self, percent: float) -> None:
        """Drive every channel; while optical density is measured, try again a little later."""
        self._percent = None
        for channel in self._channels:
            for left in reversed(range(_TRIES)):
                try:
                    await self.context.outputs.set_led(channel, percent, self.source, self.context.experiment)
                    break
                except ConflictError:
                    if left == 0:
                        raise
                    await self.sleep(_BETWEEN_TRIES_S)

    async def _darken(self) -> None:
        """Switch every channel off, whatever becomes of the others; without a link they go off when it is back."""
        self._percent = None
        outputs, experiment = self.context.outputs, self.context.experiment
        switching = (outputs.set_led(channel, 0.0, self.source, experiment) for channel in self._channels)
        for outcome in await asyncio.gather(*switching, return_exceptions=True):
            if outcome is not None:
                raise outcome


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
