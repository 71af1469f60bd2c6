"""Jobs that keep quiet while optical density is measured: they act between readings and rest during each.

The rhythm comes from od_reading's published `first_od_obs_time` and `interval`. A reading counts as lasting one second;
around it the job rests from `pre_delay_duration` before to `post_delay_duration` after (section `<job>.config`).
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from core.bus import JobChanged, SettingChanged
from core.config import Config
from core.errors import BadRequestError, UnavailableError
from core.jobs.declaration import STATE_SETTING, Option, Setting
from core.jobs.job import Job
from core.jobs.state import JobState
from device.board import BoardError

OD_JOB = "od_reading"
OD_READING_S = 1.0
_SHORT_DELAY_S = 0.25

DODGING_OPTION = Option(
    "enable_dodging_od", "boolean", help="rest while optical density is measured", label="Rest during OD readings"
)
DODGING_SETTINGS = {
    "enable_dodging_od": Setting("boolean", settable=True, label="Rest during OD readings"),
    "currently_dodging_od": Setting("boolean", label="Resting now"),
}


@dataclass(frozen=True)
class OdRhythm:
    """When od_reading reads: at `first_utc_s` and every `interval_s` after it."""

    first_utc_s: float
    interval_s: float

    def until_next_s(self, utc_s: float) -> float:
        """Return the seconds from `utc_s` to the start of the next reading."""
        return self.interval_s - (utc_s - self.first_utc_s) % self.interval_s


class DodgingJob(Job):
    """A job that can rest during OD readings; its `set_up` calls this one's first."""

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        section = f"{self.declaration.job_name}.config"
        self._pre_s = config.number(section, "pre_delay_duration")
        self._post_s = config.number(section, "post_delay_duration")
        enabled = options["enable_dodging_od"]
        self._starts_dodging = config.boolean(section, "enable_dodging_od") if enabled is None else bool(enabled)
        self._od_changed = asyncio.Event()

    @abstractmethod
    async def begin_dodging(self, rhythm: OdRhythm) -> None:
        """Stop acting continuously."""

    @abstractmethod
    async def end_dodging(self) -> None:
        """Act continuously again."""

    @abstractmethod
    async def before_reading(self) -> None:
        """Come to rest; a reading follows soon."""

    @abstractmethod
    async def after_reading(self, free_s: float) -> None:
        """Act again; `free_s` seconds are left until the job must come to rest."""

    async def set_up(self) -> None:
        """Begin to follow od_reading."""
        if min(self._pre_s, self._post_s) < _SHORT_DELAY_S:
            self.log.warning("A delay below %g s around OD readings may disturb them.", _SHORT_DELAY_S)
        self._check_rhythm(self._starts_dodging)
        self.publish("enable_dodging_od", self._starts_dodging)
        self.publish("currently_dodging_od", False)
        self.listen(JobChanged, self._hear_job)
        self.listen(SettingChanged, self._hear_setting)
        self.spawn(self._follow())

    @property
    def is_dodging(self) -> bool:
        """Whether the job acts between readings only."""
        return bool(self.settings.get("currently_dodging_od"))

    def od_rhythm(self) -> OdRhythm | None:
        """Return when od_reading reads; None when it does not run or has not begun."""
        settings = self.context.settings_of(OD_JOB)
        if settings is None or settings[STATE_SETTING] not in (JobState.READY, JobState.SLEEPING):
            return None
        first, interval = settings.get("first_od_obs_time"), settings.get("interval")
        return OdRhythm(first, interval) if first and interval else None

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse dodging when readings follow one another too fast for it."""
        self._check_rhythm(bool(values.get("enable_dodging_od")))

    async def set_enable_dodging_od(self, enabled: bool) -> None:
        """Begin or end dodging."""
        self.publish("enable_dodging_od", enabled)
        self._od_changed.set()

    async def on_ready(self) -> None:
        """Look at the readings' rhythm again after sleeping."""
        self._od_changed.set()

    async def on_sleeping(self) -> None:
        """Leave the rhythm while sleeping."""
        self._od_changed.set()

    def _hear_job(self, event: JobChanged) -> None:
        if event.row["job_name"] == OD_JOB:
            self._od_changed.set()

    def _hear_setting(self, event: SettingChanged) -> None:
        if event.job_name == OD_JOB and event.setting in ("first_od_obs_time", "interval"):
            self._od_changed.set()

    def _fits(self, rhythm: OdRhythm) -> bool:
        return rhythm.interval_s - OD_READING_S > self._pre_s + self._post_s

    def _too_fast(self, rhythm: OdRhythm) -> str:
        needed = OD_READING_S + self._pre_s + self._post_s
        return f"OD is read every {rhythm.interval_s:g} s, but dodging needs more than {needed:g} s between readings."

    def _check_rhythm(self, enabled: bool) -> None:
        rhythm = self.od_rhythm()
        if enabled and rhythm is not None and not self._fits(rhythm):
            remedy = f"Set the interval of {OD_JOB} higher first, or do not dodge."
            raise BadRequestError(self._too_fast(rhythm), remedy=remedy, fields=["enable_dodging_od"])

    async def _follow(self) -> None:
        while True:
            self._od_changed.clear()
            rhythm = self.od_rhythm() if self._wants_to_dodge() else None
            if rhythm is not None and not self._fits(rhythm):
                self.log.error("%s %s goes on without dodging.", self._too_fast(rhythm), self.declaration.label)
                self.publish("enable_dodging_od", False)
                rhythm = None
            if rhythm is None:
                await self._leave()
                await self._od_changed.wait()
            else:
                await self._dodge_until_changed(rhythm)

    def _wants_to_dodge(self) -> bool:
        return self.state is JobState.READY and bool(self.settings["enable_dodging_od"])

    async def _leave(self) -> None:
        if self.is_dodging:
            self.publish("currently_dodging_od", False)
            if self.state is JobState.READY:
                await self._reachable(self.end_dodging())

    async def _dodge_until_changed(self, rhythm: OdRhythm) -> None:
        cycles = asyncio.ensure_future(self._cycle(rhythm))
        changed = asyncio.ensure_future(self._od_changed.wait())
        try:
            await asyncio.wait((cycles, changed), return_when=asyncio.FIRST_COMPLETED)
            if cycles.done():
                cycles.result()
        finally:
            for each in (cycles, changed):
                each.cancel()
            await asyncio.wait((cycles, changed))

    async def _cycle(self, rhythm: OdRhythm) -> None:
        if not self.is_dodging:
            self.publish("currently_dodging_od", True)
            await self._reachable(self.begin_dodging(rhythm))
        while True:
            await self.sleep(self._until_next(rhythm) + OD_READING_S + self._post_s)
            free_s = self._until_next(rhythm) - self._pre_s
            await self._reachable(self.after_reading(free_s))
            wait_s = self._until_next(rhythm) - self._pre_s
            if not 0 < wait_s <= free_s:
                self.log.warning("%s was held up and did not rest before an OD reading.", self.declaration.label)
                continue
            await self.sleep(wait_s)
            await self._reachable(self.before_reading())

    def _until_next(self, rhythm: OdRhythm) -> float:
        return rhythm.until_next_s(self.clock.utc_s())

    async def _reachable(self, action: Any) -> None:
        """Do something with the board; without a link the job is told of it elsewhere."""
        with contextlib.suppress(BoardError, UnavailableError):
            await action
