"""How a job tells of what a person must know of.

An alarm stays until a person has acknowledged it, whatever becomes of the job; what lasts is over when the job says so,
or ends.
"""

from __future__ import annotations

from core.bus import AlarmBegan, AlarmEnded, Bus

_OF_JOB = "job:"


class JobAlarms:
    """The alarms of one job.

    Args:
        job_name: what their keys begin with, so that jobs do not get in each other's way.
        experiment: that the job belongs to.
    """

    def __init__(self, bus: Bus, job_name: str, experiment: str) -> None:
        self._bus = bus
        self._job_name = job_name
        self._experiment = experiment
        self._lasting: set[str] = set()

    @property
    def any_lasts(self) -> bool:
        """Whether something lasts that a person must see to."""
        return bool(self._lasting)

    def begin(
        self, key: str, message: str, remedy: str = "", *, severity: str = "alarm", signal: str = "", lasts: bool = True
    ) -> None:
        """Raise an alarm; nothing happens while one of that key lasts already.

        Args:
            key: what it is about, one word of the job's own.
            message: what happened, and why.
            remedy: what to do next.
            severity: "note", "warning" or "alarm".
            signal: what a person looks for it under; the job's name when left out.
            lasts: whether it goes on until `end`; otherwise it has just happened.
        """
        if severity not in ("note", "warning", "alarm"):
            raise ValueError(f"severity must be note, warning or alarm, not {severity!r}")
        if lasts:
            self._lasting.add(key)
        name = self._name(key)
        self._bus.publish(
            AlarmBegan(name, signal or self._job_name, severity, message, remedy, self._experiment, lasts=lasts)
        )

    def end(self, key: str) -> None:
        """Tell that what began is over; nothing happens when it did not."""
        if key in self._lasting:
            self._lasting.discard(key)
            self._bus.publish(AlarmEnded(self._name(key)))

    def end_all(self) -> None:
        """Tell that everything that lasted is over."""
        for key in tuple(self._lasting):
            self.end(key)

    def _name(self, key: str) -> str:
        return f"{_OF_JOB}{self._job_name}:{key}"


def job_of(key: str) -> str | None:
    """Return the job an alarm's key belongs to, None when it is of the unit itself."""
    return key.removeprefix(_OF_JOB).partition(":")[0] if key.startswith(_OF_JOB) else None
