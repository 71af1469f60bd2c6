"""Measure the culture's temperature without ever heating."""

from __future__ import annotations

from core.automations.temperature.temperature_automation import TEMPERATURE_SETTINGS, TemperatureAutomation
from core.plugins.api import Group, JobDeclaration, StopOrder


class OnlyRecordTemperature(TemperatureAutomation):
    """The rule only_record_temperature."""

    declaration = JobDeclaration(
        job_name="temperature_automation",
        automation_name="only_record_temperature",
        label="Only record",
        help="Measure the temperature and leave the heater off.",
        group=Group.STIR_AND_HEAT,
        stop_order=StopOrder.OUTPUTS,
        settings=TEMPERATURE_SETTINGS,
    )
