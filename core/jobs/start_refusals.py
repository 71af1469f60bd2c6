"""When no job is started now: the service goes down, it was started just now, or all starts are refused for a time."""

from __future__ import annotations

from collections.abc import Callable

from core.clock import Clock
from core.errors import TooSoonError, UnavailableError

_LEAST_TIME_BETWEEN_STARTS_S = 1.0


class StartRefusals:
    """What refuses starts now, whatever is to be started and whoever asks.

    Attributes:
        is_closing: the service goes down, for good.
    """

    def __init__(self, clock: Clock) -> None:
        self.is_closing = False
        self._clock = clock
        self._accepted_s: dict[str, float] = {}
        self._reasons: list[UnavailableError] = []

    def refuse(self, why: UnavailableError) -> Callable[[], None]:
        """Start no job from now on; return what ends that."""
        self._reasons.append(why)
        return lambda: self._reasons.remove(why)

    @property
    def any_now(self) -> bool:
        """Whether starts are refused: the service goes down, or something is under way that ends every job."""
        return self.is_closing or bool(self._reasons)

    def accepted(self, job_name: str) -> None:
        """Note that a job is started now."""
        self._accepted_s[job_name] = self._clock.monotonic_s()

    def check_closing(self) -> None:
        """Raise UnavailableError when the service goes down."""
        if self.is_closing:
            raise UnavailableError("The service is going down.", remedy="Start it again first.")

    def check_now(self) -> None:
        """Raise UnavailableError while starts are refused for a time."""
        if self._reasons:
            raise self._reasons[-1]

    def check_too_soon(self, job_name: str) -> None:
        """Raise TooSoonError when the job was started less than a second ago."""
        accepted_s = self._accepted_s.get(job_name)
        if accepted_s is not None and self._clock.monotonic_s() - accepted_s < _LEAST_TIME_BETWEEN_STARTS_S:
            raise TooSoonError(f"{job_name} was started less than a second ago.")
