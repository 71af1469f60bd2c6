"""The automations every unit has."""

from __future__ import annotations

from core.automations.dosing import Chemostat, FedBatch, PidMorbidostat, SilentDosing, Turbidostat
from core.automations.led import LightDarkCycle, SilentLed
from core.automations.temperature import OnlyRecordTemperature, Thermostat
from core.plugins.api import Job

AUTOMATIONS: tuple[type[Job], ...] = (
    Chemostat,
    FedBatch,
    LightDarkCycle,
    OnlyRecordTemperature,
    PidMorbidostat,
    SilentDosing,
    SilentLed,
    Thermostat,
    Turbidostat,
)
