"""Rules that act every so many minutes: the options and settings they share, and how often they run."""

from __future__ import annotations

from typing import Any

from core.automations.automation import AUTOMATION_SETTINGS
from core.automations.runs import RunningAutomation
from core.plugins.api import BadRequestError, Config, IntervalTimer, Option, Setting

SKIP_FIRST_RUN = Option(
    "skip_first_run",
    "integer range",
    help="the first run comes after one interval, not at once",
    minimum=0,
    maximum=1,
    label="Wait before the first run",
)
TIMED_SETTINGS = {
    **AUTOMATION_SETTINGS,
    "duration": Setting("float", settable=True, unit="min", label="Time between runs"),
}
# A rule that ran more often would do nothing but run, and fill the log.
_SHORTEST_MIN = 0.01
_S_PER_MIN = 60.0


def duration_option(default_min: float) -> Option:
    """Return the option for the time between runs."""
    return Option(
        "duration", "float", help="how often it runs", default=default_min, unit="min", label="Time between runs"
    )


class TimedAutomation(RunningAutomation):
    """A rule that runs every `duration` minutes; a run that would come while one is under way is left out.

    Attributes:
        first_run_after_s: how long after its start it runs first, unless that run is skipped.
    """

    first_run_after_s = 2.0

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._timer: IntervalTimer | None = None
        self._began_s: float | None = None
        _refuse_no_time(self.options["duration"])

    async def set_up(self) -> None:
        """Begin to run."""
        await super().set_up()
        duration_min = self.options["duration"]
        self.publish("duration", duration_min)
        skips = bool(self.options["skip_first_run"])
        self._start_timer(duration_min * _S_PER_MIN if skips else self.first_run_after_s)

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse a time that is none."""
        super().check_settings(values)
        if "duration" in values:
            _refuse_no_time(values["duration"])

    async def set_duration(self, duration_min: float) -> None:
        """Run every `duration_min` minutes, counted from the last run; at once when that is over, or there was none."""
        self.publish("duration", duration_min)
        since_s = 0.0 if self._began_s is None else self.clock.monotonic_s() - self._began_s
        wait_s = 0.0 if self._began_s is None else max(0.0, duration_min * _S_PER_MIN - since_s)
        self._start_timer(wait_s)

    def _start_timer(self, first_after_s: float) -> None:
        if self._timer is not None:
            self.cancel(self._timer)
        interval_s = self.settings["duration"] * _S_PER_MIN
        self._timer = self.every(interval_s, self._tick, first_after_s=first_after_s)

    async def _tick(self) -> None:
        if not self.is_running:
            self._began_s = self.clock.monotonic_s()
            self.ask_for_run()


def _refuse_no_time(duration_min: float) -> None:
    if duration_min < _SHORTEST_MIN:
        raise BadRequestError(
            f"duration must be at least {_SHORTEST_MIN:g} min, not {duration_min:g}.",
            remedy="Choose the minutes between two runs.",
            fields=["duration"],
        )
