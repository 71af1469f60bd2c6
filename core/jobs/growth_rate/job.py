"""The growth rate job: follows the OD readings and the doses of its experiment."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

from core.jobs.growth_rate.filter import GrowthFilter, load_library
from core.jobs.growth_rate.warm_up import Density, WarmUp
from core.plugins.api import (
    LIVE_ONLY_PREFIX,
    Config,
    DosingEvent,
    Group,
    Job,
    JobDeclaration,
    JobState,
    Setting,
    SettingChanged,
    timestamp,
    utc_seconds,
)

REFERENCE_STORE = "od_normalization_mean"
_SECTION = "growth_rate_calculating.config"
_SOURCE_JOB = "od_reading"
# The first readings after a start are of a culture just stirred and a photometer just lit.
_SKIPPED = 5
_FUSED = "od_fused"
_READINGS_AFTER_DOSE = 2
_SLOW_WARM_UP_S = 600.0


class GrowthRateCalculating(Job):
    """The growth_rate_calculating job."""

    declaration = JobDeclaration(
        job_name="growth_rate_calculating",
        label="Growth rate",
        help="Estimate how fast the culture grows from its optical density.",
        group=Group.MEASURE,
        needs_board=False,
        settings={
            "growth_rate": Setting("GrowthRate", unit="h⁻¹", label="Growth rate"),
            "od_filtered": Setting("ODFiltered", label="Relative density, filtered"),
        },
    )

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._outlier_sigmas = config.number(_SECTION, "ekf_outlier_std_threshold")
        if not self._outlier_sigmas > 2:
            raise config.refuse(_SECTION, "ekf_outlier_std_threshold", "above 2")
        samples = config.integer(_SECTION, "samples_for_od_statistics")
        if samples < 1:
            raise config.refuse(_SECTION, "samples_for_od_statistics", "1 or more")
        rate = config.number("od_reading.config", "samples_per_second")
        if not rate > 0:
            raise config.refuse("od_reading.config", "samples_per_second", "above 0")
        self._configured_interval_s = 1 / rate
        self._source = "ods"
        self._queue: asyncio.Queue[Density | DosingEvent] = asyncio.Queue()
        self._to_skip = _SKIPPED
        self._warm_up = WarmUp(samples)
        self._warm_up_since_s = 0.0
        self._is_slow = False
        self._reference: dict[str, float] = {}
        self._filter: GrowthFilter | None = None
        self._last_utc_s: float | None = None
        self._diluted_readings = 0
        self._is_refusing = False

    async def set_up(self) -> None:
        """Load the filter, and begin to listen to readings and doses, in the order they come."""
        self._library: ModuleType = await load_library()
        self._warm_up_since_s = self.clock.monotonic_s()
        parts = self.context.parts
        if parts.models.current.has_fused_density and parts.estimators.active(_FUSED) is not None:
            self._source = _FUSED
        self.listen(SettingChanged, self._hear_setting)
        self.listen(DosingEvent, self._hear_dose)
        if self.context.settings_of(_SOURCE_JOB) is None:
            self.log.warning("OD is not being read, so there is nothing to estimate from: start od_reading.")

    async def work(self) -> None:
        """Take in what comes, one after the other."""
        while True:
            event = await self._queue.get()
            if isinstance(event, DosingEvent):
                self._take_dose()
            elif self.state is JobState.READY:
                self._take(event)

    async def on_sleeping(self) -> None:
        """Show no rate while none is estimated."""
        self._clear()

    def _hear_setting(self, event: SettingChanged) -> None:
        told = (event.job_name, event.setting, event.experiment)
        if told != (_SOURCE_JOB, self._source, self.context.experiment):
            return
        if event.value is None:
            self._clear()
            self.mark_gap("there are no OD readings")
            return
        self._queue.put_nowait(_density(event.value))

    def _hear_dose(self, event: DosingEvent) -> None:
        if event.experiment == self.context.experiment:
            self._queue.put_nowait(event)

    def _clear(self) -> None:
        self.publish("growth_rate", None)
        self.publish("od_filtered", None)

    def _take_dose(self) -> None:
        """Believe that density jumps in the next readings; a warm-up of a culture being diluted is worth nothing."""
        self._diluted_readings = _READINGS_AFTER_DOSE
        self._warm_up.begin_again()

    def _take(self, reading: Density) -> None:
        if self._to_skip > 0:
            self._to_skip -= 1
            return
        if self._filter is not None and set(reading.ods) != set(self._reference):
            self.log.warning("The photodiodes in use have changed; the growth rate begins anew.")
            self._filter = None
            self._warm_up.begin_again()
        if self._can_use(reading):
            if self._filter is None:
                self._warm(reading)
            else:
                self._estimate(self._filter, reading)

    def _can_use(self, reading: Density) -> bool:
        """Return whether every density is above 0; tell when that ends, not of each reading."""
        bad = [channel for channel, od in reading.ods.items() if od <= 0]
        if bad and not self._is_refusing:
            self.log.error(
                "The OD of photodiode %s is not above 0, so no growth rate can be estimated. Look at the light path, "
                "and whether the blank that is subtracted fits this vial.",
                ", ".join(bad),
            )
        self._is_refusing = bool(bad)
        return not bad

    def _warm(self, reading: Density) -> None:
        self._warm_up.take(reading)
        if not self._warm_up.is_complete:
            self._tell_slow_warm_up()
            return
        self._reference = self._find_reference(reading)
        guess = self._warm_up.first_guess(self._reference)
        self._filter = GrowthFilter(self._library, guess, self._interval_s(), self._outlier_sigmas)
        self._last_utc_s = None
        self._warm_up.begin_again()

    def _tell_slow_warm_up(self) -> None:
        if not self._is_slow and self.clock.monotonic_s() - self._warm_up_since_s >= _SLOW_WARM_UP_S:
            self._is_slow = True
            self.log.warning(
                "It takes more than %g minutes to collect the first readings. Read OD more often, or wait with doses.",
                _SLOW_WARM_UP_S / 60,
            )

    def _find_reference(self, reading: Density) -> dict[str, float]:
        """Return what density is relative to: what was kept for the experiment, else the median just measured."""
        experiment = self.context.experiment
        kept = self.context.store.get(REFERENCE_STORE, experiment)
        if kept is not None and _fits(kept, reading):
            return {channel: float(kept[channel]) for channel in reading.ods}
        if kept is not None:
            self.log.warning("The reference density kept for this experiment does not fit the photodiodes in use.")
        reference = self._warm_up.reference()
        if not experiment.startswith(LIVE_ONLY_PREFIX):
            self.context.store.set(REFERENCE_STORE, experiment, reference)
        return reference

    def _estimate(self, growth: GrowthFilter, reading: Density) -> None:
        passed_s = self._interval_s() if self._last_utc_s is None else reading.utc_s - self._last_utc_s
        if passed_s < 0:
            self.log.warning("An OD reading is older than the one before and is left out.")
            return
        is_diluted = self._diluted_readings > 0
        self._diluted_readings = max(0, self._diluted_readings - 1)
        self._last_utc_s = reading.utc_s
        densities = reading.relative_to(self._reference)
        density, rate = growth.update(densities, passed_s / 3600, is_diluted=is_diluted)
        time = timestamp(reading.utc_s)
        self.publish("od_filtered", {"od_filtered": density, "timestamp": time})
        self.publish("growth_rate", {"growth_rate": rate, "timestamp": time})
        self.record("od_filtered", density, reading.utc_s)
        self.record("growth_rate", rate, reading.utc_s)

    def _interval_s(self) -> float:
        """Return the time between readings as od_reading says, the configured one when it says nothing."""
        settings = self.context.settings_of(_SOURCE_JOB) or {}
        return float(settings.get("interval") or self._configured_interval_s)


def _density(published: dict[str, Any]) -> Density:
    """Return a published reading of `ods`, or of `od_fused`, which counts as a single channel."""
    if "od_fused" in published:
        ods = {_FUSED: float(published["od_fused"])}
    else:
        ods = {channel: float(published["ods"][channel]["od"]) for channel in sorted(published["ods"], reverse=True)}
    return Density(utc_seconds(published["timestamp"]), ods)


def _fits(kept: Any, reading: Density) -> bool:
    """Whether a kept reference, which a user may have written, has a positive number for each channel."""
    if not isinstance(kept, dict) or set(kept) != set(reading.ods):
        return False
    return all(isinstance(value, int | float) and value > 0 for value in kept.values())
