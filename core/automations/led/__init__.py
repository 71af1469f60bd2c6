"""led_automation: light for the culture."""

from core.automations.led.light_dark_cycle import LightDarkCycle
from core.automations.led.silent import SilentLed

__all__ = ["LightDarkCycle", "SilentLed"]
