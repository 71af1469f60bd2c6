"""Do nothing with light; a placeholder whose runs are recorded."""

from __future__ import annotations

from core.automations.timed import SKIP_FIRST_RUN, TIMED_SETTINGS, TimedAutomation, duration_option
from core.plugins.api import Group, JobDeclaration, StopOrder

_DEFAULT_DURATION_MIN = 60.0


class SilentLed(TimedAutomation):
    """The rule silent of led_automation."""

    declaration = JobDeclaration(
        job_name="led_automation",
        automation_name="silent",
        label="Leave the light alone",
        help="Change no LED; only for the record.",
        group=Group.LIGHT,
        stop_order=StopOrder.AUTOMATIONS,
        needs_board=False,
        options=(duration_option(_DEFAULT_DURATION_MIN), SKIP_FIRST_RUN),
        settings=TIMED_SETTINGS,
    )
