"""Measuring the blank: what medium without cells reads, kept for the experiment; od_reading takes it off.

The medium is stirred and read by `od_reading` itself, in a testing experiment, so that the blank comes the same way as
the readings it is taken off.
"""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from core.jobs.od_reading.blank import BLANK_STORE, active_curves
from core.jobs.od_reading.channels import OpticalChannels, read_channels
from core.jobs.stirring import Stirring
from core.plugins.api import (
    LIVE_ONLY_PREFIX,
    Config,
    ConflictError,
    Group,
    Job,
    JobDeclaration,
    Option,
    ServiceError,
    SettingChanged,
    StartPlace,
    TooSoonError,
)

_INTERVAL_S = 1.5
_STIRRING_RPM = 500.0
_SPIN_UP_TIMEOUT_S = 40.0
# So many of the lowest and of the highest readings are left out of the mean.
_TRIMMED = 2
_LEAST_SAMPLES = 2 * _TRIMMED + 1
_SILENCE_S = 60.0


class OdBlank(Job):
    """The od_blank action."""

    declaration = JobDeclaration(
        job_name="od_blank",
        label="Measure the blank",
        help="Measure medium without cells, and take it off this experiment's OD readings from now on.",
        group=Group.MEASURE,
        is_action=True,
        options=(
            Option("n_samples", "integer", help="readings to take", default=30, minimum=_LEAST_SAMPLES, maximum=10_000,
                   label="Readings", first=True),
        ),
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channels: OpticalChannels = read_channels(config)
        self._samples = int(self.options["n_samples"])
        self._readings: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    def check_start(self, place: StartPlace) -> None:
        """Refuse while OD is read, and where a calibration counts the medium already."""
        for other in ("od_reading", "od_blank"):
            if other in place.running:
                raise ConflictError(f"{other} is running.", remedy=f"Stop {other} first.", holder=other)
        if curves := active_curves(place, self._channels.angles.values()):
            raise ConflictError(
                f"A calibration is in use for {', '.join(curves)}.",
                cause="It counts the medium already; a blank would be taken off twice.",
                remedy="Deactivate the calibration if you want to use a blank instead.",
            )

    async def set_up(self) -> None:
        """Refuse stirring that rests during readings: there is no time to rest between these."""
        stirring = self.context.settings_of("stirring")
        if stirring is not None and stirring.get("enable_dodging_od"):
            raise ConflictError(
                "Stirring rests during OD readings.",
                cause=f"A blank is read every {_INTERVAL_S:g} s, which leaves no time to rest.",
                remedy="Switch off enable_dodging_od of stirring until the blank is measured.",
            )

    async def work(self) -> None:
        """Stir, read, and keep the mean."""
        try:
            await self._stir()
            readings = await self._read()
        except ServiceError as error:
            self.log.error("No blank was measured: %s %s", error.error, error.remedy)
            return
        blank = {channel: trimmed_mean([ods[channel]["od"] for ods in readings]) for channel in self._channels.angles}
        self.context.store.set(BLANK_STORE, self.context.experiment, blank)
        for channel, angle in self._channels.angles.items():
            if blank[channel] == 0:
                self.log.warning("The blank of photodiode %s is 0: is the infrared LED lit?", channel)
            self.log.info("Blank of %s: photodiode %s (%s°) reads %.5f.",
                          self.context.experiment, channel, angle, blank[channel])  # fmt: skip

    async def _stir(self) -> None:
        if self.context.settings_of("stirring") is not None:
            return
        stirring = await self._start("stirring", {"target_rpm": _STIRRING_RPM, "enable_dodging_od": False})
        if isinstance(stirring, Stirring) and not await stirring.wait_until_rpm_is_close(timeout_s=_SPIN_UP_TIMEOUT_S):
            self.log.warning("The stir bar is not at %g rpm; the blank is measured all the same.", _STIRRING_RPM)

    async def _read(self) -> list[dict[str, Any]]:
        """Return the ODs by channel of as many readings as wanted; raise ServiceError when they do not come."""
        self.listen(SettingChanged, self._hear)
        od_reading = await self._start("od_reading", {"interval": _INTERVAL_S})
        od_reading.on_end(lambda: self._readings.put_nowait(None))
        readings: list[dict[str, Any]] = []
        while len(readings) < self._samples:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    reading = await self._readings.get()
            except TimeoutError:
                what = f"There was no OD reading for {_SILENCE_S:g} s."
                raise ServiceError(what, remedy="See the log of od_reading.") from None
            if reading is None:
                raise ServiceError("od_reading ended early.", remedy="Let it run until the blank is measured.")
            readings.append(reading["ods"])
        od_reading.end()
        return readings

    def _hear(self, event: SettingChanged) -> None:
        source = (event.job_name, event.setting, event.experiment)
        if source == ("od_reading", "ods", self._testing) and event.value is not None:
            self._readings.put_nowait(event.value)

    @property
    def _testing(self) -> str:
        return f"{LIVE_ONLY_PREFIX}{self.context.experiment}"

    async def _start(self, job_name: str, options: dict[str, Any]) -> Job:
        """Start a job that ends with this one; raise ServiceError when it does not come up."""
        try:
            job = self.context.start_job(job_name, options, self._testing)
        except TooSoonError as error:
            await self.sleep(error.retry_after_s)
            job = self.context.start_job(job_name, options, self._testing)
        self.on_end(job.end)
        await job.left_init.wait()
        if job.failure is not None:
            raise ServiceError(f"{job_name} did not start: {job.failure}")
        return job


class DeleteOdBlank(Job):
    """The sub-command `od_blank delete`."""

    declaration = JobDeclaration(
        job_name="od_blank delete",
        label="Forget the blank",
        help="Forget the blank of an experiment.",
        group=Group.MEASURE,
        needs_board=False,
        is_action=True,
        options=(Option("experiment", "text", help="whose blank; this experiment's when left out"),),
    )

    async def work(self) -> None:
        """Forget it, and say whether there was anything to forget."""
        experiment = self.options["experiment"] or self.context.experiment
        if not self.context.store.remove(BLANK_STORE, experiment):
            self.log.info("There is no blank of %s to forget.", experiment)
            return
        self.log.info("The blank of %s is forgotten.", experiment)
        if self.context.settings_of("od_reading") is not None:
            self.log.warning("od_reading goes on with the blank it began with, until it is started again.")


def trimmed_mean(values: list[float]) -> float:
    """Return the mean without the two smallest and the two largest of at least five values."""
    return statistics.fmean(sorted(values)[_TRIMMED:-_TRIMMED])
