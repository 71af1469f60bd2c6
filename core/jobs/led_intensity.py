"""Setting LEDs by hand: a channel stays lit, and the job listed, until it is set to 0 or the job is stopped."""

from __future__ import annotations

from core.plugins.api import (
    ConflictError,
    Group,
    Job,
    JobDeclaration,
    Option,
    StopOrder,
    led_output,
)

_CHANNELS = ("A", "B", "C", "D")
# In a form it is not among the first: measuring optical density lights it by itself.
_USUALLY_INFRARED = "A"
# Light is measured for a second at most: a locked LED is free soon.
_TRIES = 6
_TRY_AGAIN_S = 0.5
_LOOK_EVERY_S = 1.0


class LedIntensity(Job):
    """Keeps LEDs lit; starting it again takes over what is lit."""

    declaration = JobDeclaration(
        job_name="led_intensity",
        label="Set LEDs by hand",
        help="Set the intensity of LEDs; they stay lit until they are set to 0 or this is stopped.",
        group=Group.LIGHT,
        stop_order=StopOrder.LIGHTS,
        is_action=True,
        takes_over=True,
        shows_state=False,
        options=(
            *(
                Option(channel.lower(), "float range", help=f"intensity of LED {channel}", minimum=0, maximum=100,
                       unit="%", label=f"LED {channel}", first=channel != _USUALLY_INFRARED, long_flag=channel)
                for channel in _CHANNELS
            ),
            Option("source_of_event", "text", help="who sets the light, as events tell it", default="CLI"),
            Option("no_log", "boolean", help="write no log line", default=False),
        ),
    )  # fmt: skip

    def outputs_to_hold(self) -> tuple[str, ...]:
        """The LEDs that are to be set."""
        return tuple(led_output(channel) for channel in self._wanted())

    async def set_up(self) -> None:
        """Set what is to be set."""
        refused = [channel for channel, percent in self._wanted().items() if not await self._set(channel, percent)]
        if refused:
            error = ConflictError(
                f"LED {', '.join(refused)} could not be set: light is being measured.",
                remedy="Try again in a few seconds, or stop the measurement first.",
            )
            if not self._lit():
                raise error
            self.log.error("%s %s", error, error.remedy)

    async def work(self) -> None:
        """Keep lit what is lit."""
        while self._lit():
            await self.sleep(_LOOK_EVERY_S)

    def _wanted(self) -> dict[str, float]:
        given = {channel: self.options[channel.lower()] for channel in _CHANNELS}
        return {channel: float(percent) for channel, percent in given.items() if percent is not None}

    def _lit(self) -> list[str]:
        return [channel for channel in _CHANNELS if self.context.outputs.drives(led_output(channel))]

    async def _set(self, channel: str, percent: float) -> bool:
        """Set one LED; False when it is locked for longer than a measurement takes."""
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                source = self.options["source_of_event"]
                await self.context.outputs.set_led(channel, percent, source, self.context.experiment)
            except ConflictError:
                if last or not self.context.led_locks.is_locked(channel):
                    return False
                await self.sleep(_TRY_AGAIN_S)
            else:
                if not self.options["no_log"]:
                    self.log.info("LED %s is set to %g %%.", channel, percent)
                return True
        return False
