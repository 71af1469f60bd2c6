"""temperature_automation: measures the culture's temperature through the heater board, and holds it."""

from core.automations.temperature.only_record_temperature import OnlyRecordTemperature
from core.automations.temperature.thermostat import Thermostat

__all__ = ["OnlyRecordTemperature", "Thermostat"]
