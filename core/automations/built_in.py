"""The automations every unit has."""

from __future__ import annotations

from core.automations.temperature import OnlyRecordTemperature, Thermostat
from core.plugins.api import Job

AUTOMATIONS: tuple[type[Job], ...] = (OnlyRecordTemperature, Thermostat)
