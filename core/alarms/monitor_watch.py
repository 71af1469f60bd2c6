"""Watches over what watches: a job of the unit itself that somebody stopped or put to sleep is an alarm."""

from __future__ import annotations

from collections.abc import Callable

from core.bus import AlarmBegan, AlarmEnded, Bus, JobChanged
from core.jobs.declaration import words
from core.jobs.state import JobState

_SIGNAL = "job"
_AT_REST = (JobState.SLEEPING.value, JobState.DISCONNECTED.value)
_REMEDY = (
    "Until it runs again nobody watches the heater board's thermometer, the supply and the disk. Restart the service, "
    "which starts it again."
)


class MonitorWatch:
    """Watches the jobs that are started with the service.

    Args:
        is_going_down: whether everything is ended just now, because the unit is shut down or restarted.
    """

    def __init__(self, bus: Bus, is_going_down: Callable[[], bool]) -> None:
        self._bus = bus
        self._is_going_down = is_going_down
        bus.listen(JobChanged, self._on_job)

    def _on_job(self, event: JobChanged) -> None:
        if not event.row.get("is_long_running_job"):
            return
        name = str(event.row["job_name"])
        key = f"at rest:{name}"
        if event.state == JobState.READY.value:
            self._bus.publish(AlarmEnded(key))
        elif event.state in _AT_REST and not self._is_going_down():
            what = "was put to sleep" if event.state == JobState.SLEEPING.value else "was stopped"
            self._bus.publish(AlarmBegan(key, _SIGNAL, "warning", f"{words(name)} {what}.", _REMEDY))
