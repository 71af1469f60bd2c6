"""Jobs whose outputs are put under attack."""

from __future__ import annotations

from typing import Any

from bent_service import truth

from core.plugins.api import (
    Config,
    Group,
    Job,
    JobDeclaration,
    Setting,
    StopOrder,
    led_output,
    pwm_output,
)


class Lights(Job):
    """Holds two LEDs; renews them only while it sleeps."""

    declaration = JobDeclaration("lights", "", Group.LIGHT, "Lights", stop_order=StopOrder.LIGHTS)

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (led_output("B"), led_output("C"))

    async def light(self, channel: str, percent: float) -> None:
        await self.context.outputs.set_led(channel, percent, "test", self.context.experiment)

    async def work(self) -> None:
        while True:
            await self.sleep(5)


class Slow(Job):
    """Heats; answers a setting, and its end, slowly."""

    declaration = JobDeclaration(
        "slow", "", Group.STIR_AND_HEAT, "Slow", settings={"goal": Setting("float", settable=True)},
        stop_order=StopOrder.OUTPUTS,
    )  # fmt: skip

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (pwm_output(5),)

    async def set_up(self) -> None:
        await self.context.outputs.set_pwm(5, 40.0, 16.0)

    async def work(self) -> None:
        while True:
            await self.sleep(1)

    async def on_disconnected(self) -> None:
        await self.sleep(4.5)


def leds(service: Any) -> tuple[float, float]:
    return truth(service)["led_b_percent"], truth(service)["led_c_percent"]
