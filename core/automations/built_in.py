"""The automations every unit has."""

from __future__ import annotations

from core.automations.led import LightDarkCycle, SilentLed
from core.automations.temperature import OnlyRecordTemperature, Thermostat
from core.plugins.api import Job

AUTOMATIONS: tuple[type[Job], ...] = (LightDarkCycle, OnlyRecordTemperature, SilentLed, Thermostat)
