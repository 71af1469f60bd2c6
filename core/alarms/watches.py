"""Everything that watches the unit for alarms, put together."""

from __future__ import annotations

from core.alarms.limit_watch import LimitWatch
from core.alarms.limits import AlarmLimits
from core.alarms.monitor_watch import MonitorWatch
from core.alarms.silence_watch import SilenceWatch
from core.alarms.unit_watch import UnitWatch
from core.board_link import BoardLink
from core.bus import Bus
from core.clock import Clock
from core.jobs.runner import JobRunner


class Watches:
    """Raises alarms on the bus as long as the service runs; made before anything happens."""

    def __init__(self, limits: AlarmLimits, bus: Bus, clock: Clock, board_link: BoardLink, jobs: JobRunner) -> None:
        self._readings = LimitWatch(limits, bus, board_link, clock, jobs.settings_of)
        self._unit = UnitWatch(limits, bus, board_link, jobs.jobs)
        self._silence = SilenceWatch(limits, bus, board_link, clock)
        MonitorWatch(bus, lambda: jobs.refuses_starts)
        limits.changed = self._look_again

    def close(self) -> None:
        """Wait for nothing any more."""
        self._unit.close()
        self._silence.close()

    def _look_again(self, changed: list[str]) -> None:
        for watch in (self._readings, self._unit, self._silence):
            watch.look_again(changed)
