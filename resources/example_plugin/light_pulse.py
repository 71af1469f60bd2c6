"""Light pulses: flashes an LED at a fixed pace and keeps the light dose, for cultures that are switched by light.

An example of a plug-in. It adds a job (`light_pulse`), defaults for the configuration (section `[light_pulse.config]`),
a chart of what the job records, and a route that says what a dose would come to. Copy this file into the folder
`plugins` of the data folder and restart the service, or install it from the Plugins page.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.plugins.api import (
    BadRequestError,
    Chart,
    Config,
    ConfigError,
    ConflictError,
    Group,
    Job,
    JobDeclaration,
    Option,
    Plugin,
    Setting,
    StopOrder,
    UnitHere,
    led_output,
)

__plugin_name__ = "light-pulse"
__plugin_version__ = "1.0.0"
__plugin_summary__ = "Flashes an LED at a fixed pace and keeps the light dose"
__plugin_author__ = "The Vialdesk authors"
__plugin_homepage__ = "https://example.org/light-pulse"

SECTION = "light_pulse.config"
# While light is being measured no LED may change; a pulse waits that long before it tries again.
_TRY_AGAIN_S = 0.25
_BLANK = "blank: as configured"


class LightPulse(Job):
    """Lights one LED for `pulse_s` seconds every `period_s` seconds, until it is stopped."""

    declaration = JobDeclaration(
        job_name="light_pulse",
        label="Light pulses",
        help="Flash an LED at a fixed pace.",
        group=Group.LIGHT,
        stop_order=StopOrder.LIGHTS,
        options=(
            Option("intensity", "float range", _BLANK, minimum=0, maximum=100, unit="%", first=True),
            Option("pulse_s", "float range", _BLANK, minimum=0.1, maximum=3600, unit="s"),
            Option("period_s", "float range", _BLANK, minimum=1, maximum=86400, unit="s"),
        ),
        settings={
            "intensity": Setting("float", settable=True, unit="%", minimum=0, maximum=100),
            "pulses": Setting("integer"),
            "light_dose": Setting("float", unit="%·s", label="Light dose"),
        },
    )

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channel = _channel(config)
        self._intensity = _chosen(config, options, "intensity")
        self._pulse_s = _chosen(config, options, "pulse_s")
        self._period_s = _chosen(config, options, "period_s")
        if self._pulse_s >= self._period_s:
            raise BadRequestError("A pulse must be shorter than the period.", fields=["pulse_s", "period_s"])
        self._pulses = 0
        self._dose = 0.0

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """Return the LED, which no other job can then light."""
        return (led_output(_channel(config)),)

    async def set_up(self) -> None:
        """Begin to pulse."""
        self.publish("intensity", self._intensity)
        self._publish_dose()
        self.every(self._period_s, self._pulse)

    async def set_intensity(self, percent: float) -> None:
        """Take another intensity, from the next pulse on."""
        self._intensity = percent
        self.publish("intensity", percent)

    async def _pulse(self) -> None:
        intensity = self._intensity
        await self._light(intensity)
        began_s = self.clock.monotonic_s()
        try:
            await self.sleep(self._pulse_s)  # keeps the LED on; whatever hangs here loses it
        finally:
            await self._light(0.0)
        self._pulses += 1
        self._dose += intensity * (self.clock.monotonic_s() - began_s)
        self._publish_dose()
        self.record("light_dose", self._dose, self.clock.utc_s())

    async def _light(self, percent: float) -> None:
        while True:
            try:
                await self.context.outputs.set_led(self._channel, percent, "light_pulse", self.context.experiment)
            except ConflictError:
                if percent == 0:
                    raise
                await self.sleep(_TRY_AGAIN_S)
            else:
                return

    def _publish_dose(self) -> None:
        self.publish("pulses", self._pulses)
        self.publish("light_dose", round(self._dose, 3))


def _channel(config: Config) -> str:
    channel = config.text(SECTION, "led")
    if channel not in config.section("leds"):
        raise config.refuse(SECTION, "led", "one of the LEDs in section [leds]")
    return channel


def _chosen(config: Config, options: dict[str, Any], name: str) -> float:
    value = options[name]
    return config.number(SECTION, name) if value is None else float(value)


routes = APIRouter()


@routes.get("/dose")
async def dose(unit: UnitHere, hours: Annotated[float, Query(gt=0, le=1000)] = 1.0) -> dict[str, float]:
    """Return the light dose in %·s that the configured pulses come to in some hours, and that of the running job."""
    try:
        numbers = [unit.config.number(SECTION, name) for name in ("intensity", "pulse_s", "period_s")]
    except ConfigError as error:
        raise BadRequestError(error.error, error.cause, error.remedy) from error
    intensity, pulse_s, period_s = numbers
    running = unit.settings_of("light_pulse") or {}
    return {"planned": intensity * pulse_s * (hours * 3600 // period_s), "given": running.get("light_dose", 0.0)}


plugin = Plugin(
    jobs=[LightPulse],
    routes=routes,
    charts=[Chart("light_dose", "Light dose", {"light_dose": "Light dose"}, "%·s", "Light given since the job began.")],
    settings={SECTION: {"led": "B", "intensity": "20", "pulse_s": "1", "period_s": "10"}},
)
