"""Pump runs that the board times itself, so that no delay on the wire or in the host changes a dose."""

from device.firmware import messages
from device.firmware.outputs import Outputs

MAX_RUN_US = 300000000
_REMEMBERED = 8
# The output's own lease ends this much later than the run: a second, independent end.
_LEASE_MARGIN_US = 100000


class PumpRun:
    """One run of one pump, times in microseconds of board time; `reason` is one of messages.BECAUSE_*."""

    def __init__(self, run_id: int, channel: int, start_us: int, duration_us: int) -> None:
        self.run_id = run_id
        self.channel = channel
        self.start_us = start_us
        self.end_us = start_us + duration_us
        self.ran_us = 0
        self.reason = messages.BECAUSE_DONE
        self.running = True

    def fields(self) -> "tuple[int, int, int, int, int]":
        """Return the fields of PUMP_DONE and GET_PUMP_RUN in their order."""
        return self.run_id, self.channel, self.start_us, self.ran_us, self.reason


class Pumps:
    """The runs under way and the latest ended ones.

    Attributes:
        running: how many runs are under way.
    """

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._runs: "list[PumpRun]" = []
        self.running = 0

    def running_on(self, channel: int) -> bool:
        """Return whether a run is under way on this PWM channel."""
        return any(run.running and run.channel == channel for run in self._runs)

    def find(self, run_id: int) -> "PumpRun | None":
        """Return the run, under way or remembered; None when unknown."""
        for run in self._runs:
            if run.run_id == run_id:
                return run
        return None

    def start(self, run: PumpRun, duty_percent: float, frequency_hz: float) -> None:
        """Start a run, already checked; the oldest ended runs are forgotten."""
        while len(self._runs) >= _REMEMBERED:
            self._forget_oldest()
        self._runs.append(run)
        self.running += 1
        self._outputs.set_pwm(run.channel, duty_percent, frequency_hz, run.end_us + _LEASE_MARGIN_US)

    def stop(self, channel: int, reason: int, now_us: int) -> "list[PumpRun]":
        """End the run on `channel` (0: all channels) before its time; return the runs that ended."""
        ended = []
        for run in self._runs:
            if run.running and channel in (0, run.channel):
                self._end(run, reason, now_us)
                ended.append(run)
        return ended

    def step(self, now_us: int) -> "list[PumpRun]":
        """End the runs whose time is over; return them."""
        ended = []
        for run in self._runs:
            if run.running and now_us >= run.end_us:
                self._end(run, messages.BECAUSE_DONE, now_us)
                ended.append(run)
        return ended

    def next_due_us(self) -> "int | None":
        """Return when the next run ends, None when no pump runs."""
        due = None
        if not self.running:
            return None
        for run in self._runs:
            if run.running and (due is None or run.end_us < due):
                due = run.end_us
        return due

    def _end(self, run: PumpRun, reason: int, now_us: int) -> None:
        self._outputs.switch_off(True, run.channel)
        run.running = False
        self.running -= 1
        run.reason = reason
        run.ran_us = now_us - run.start_us

    def _forget_oldest(self) -> None:
        for run in self._runs:
            if not run.running:
                self._runs.remove(run)
                return
