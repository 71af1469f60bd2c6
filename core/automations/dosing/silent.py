"""Dose nothing; a placeholder whose runs are recorded."""

from __future__ import annotations

from core.automations.dosing.dosing_automation import DOSING_OPTIONS, DosingAutomation
from core.automations.timed import TIMED_SETTINGS, TimedAutomation, duration_option
from core.plugins.api import Group, JobDeclaration, StopOrder

_DEFAULT_DURATION_MIN = 60.0


class SilentDosing(DosingAutomation, TimedAutomation):
    """The rule silent of dosing_automation."""

    declaration = JobDeclaration(
        job_name="dosing_automation",
        automation_name="silent",
        label="No dosing",
        help="Dose nothing; only for the record.",
        group=Group.DOSE,
        stop_order=StopOrder.AUTOMATIONS,
        needs_board=False,
        options=(duration_option(_DEFAULT_DURATION_MIN), *DOSING_OPTIONS),
        settings=TIMED_SETTINGS,
    )
