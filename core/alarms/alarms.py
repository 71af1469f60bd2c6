"""The alarms of the unit: raised by what is told on the bus, kept in the records.

An alarm is open until its condition is over and a person has acknowledged it. Neither a restart nor a crash loses one.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.alarms.alarm import SEVERITIES, Alarm
from core.alarms.rows import SAVE, HistoryWanted, load_history, load_one, load_open, values_of
from core.bus import AlarmBegan, AlarmChanged, AlarmEnded, Bus
from core.clock import Clock
from core.errors import NotFoundError
from core.jobs.alarms import job_of
from core.plain_text import plain
from core.records.records import LIVE_ONLY_PREFIX, NO_EXPERIMENT, Records

_log = logging.getLogger(__name__)

# More than a person could look at. What makes more of them is at fault itself, and keeps nobody else's away.
_MOST_OF_ONE_SOURCE = 200
_LONGEST_TEXT = 1000


class Alarms:
    """Every open alarm; made by `load_alarms`.

    Args:
        found: alarms that were open when the service ended.
        last_id: the largest id given so far.
        active_experiment: tells the experiment that an alarm of the unit itself belongs to.
    """

    def __init__(
        self,
        found: list[Alarm],
        last_id: int,
        records: Records,
        bus: Bus,
        clock: Clock,
        active_experiment: Callable[[], str | None],
    ) -> None:
        self._records = records
        self._bus = bus
        self._clock = clock
        self._active_experiment = active_experiment
        self._last_id = last_id
        self._open = {alarm.key: alarm for alarm in found}
        self._full: set[str] = set()
        for alarm in found:
            self._forget_condition(alarm)
        bus.listen(AlarmBegan, self._on_began)
        bus.listen(AlarmEnded, lambda event: self._on_ended(event.key))

    def items(self) -> list[dict[str, Any]]:
        """Return what must still be shown, as the API does, the newest first."""
        return [alarm.item() for alarm in sorted(self._open.values(), key=lambda each: each.alarm_id, reverse=True)]

    def acknowledge_all(self, who: str, ids: list[int] | None = None) -> None:
        """Note that a person has seen these alarms, or all that are open; those that are not open are passed over."""
        for alarm in tuple(self._open.values()):
            if ids is None or alarm.alarm_id in ids:
                self._acknowledge(alarm, who)

    async def acknowledge(self, alarm_id: int, who: str) -> Alarm:
        """Note that a person has seen an alarm; who did so first stays.

        Raises:
            NotFoundError: there never was an alarm of that id.
        """
        alarm = next((each for each in self._open.values() if each.alarm_id == alarm_id), None)
        if alarm is not None:
            self._acknowledge(alarm, who)
            return alarm
        kept = await self._records.read(lambda connection: load_one(connection, alarm_id))
        if kept is None:
            known = [str(item["id"]) for item in self.items()]
            raise NotFoundError(f"There is no alarm {alarm_id}.", known=known)
        return kept

    async def history(self, wanted: HistoryWanted) -> list[Alarm]:
        """Return alarms out of the records, the newest first."""
        return await self._records.read(lambda connection: load_history(connection, wanted))

    def _on_began(self, event: AlarmBegan) -> None:
        event = replace(event, key=plain(event.key))
        alarm = self._open.get(event.key)
        if alarm is not None and alarm.is_active:
            return
        if alarm is None:
            alarm = self._new(event)
            if alarm is None:
                return
        else:
            self._begin_again(alarm, event)
        if not event.lasts:
            alarm.cleared_at = alarm.last_raised_at
        self._keep(alarm)

    def _new(self, event: AlarmBegan) -> Alarm | None:
        if self._is_full(job_of(event.key) or event.signal):
            return None
        self._last_id += 1
        now = self._clock.utc_s()
        alarm = Alarm(
            self._last_id, event.key, plain(event.signal), event.severity, _text(event.message), _text(event.remedy),
            _number(event.value), _number(event.limit), self._experiment_of(event), now, now,
        )  # fmt: skip
        self._open[event.key] = alarm
        return alarm

    def _is_full(self, source: str) -> bool:
        """Whether no more alarms of a job, or of the unit's own about a signal, are taken; told once."""
        if sum((job_of(alarm.key) or alarm.signal) == source for alarm in self._open.values()) < _MOST_OF_ONE_SOURCE:
            self._full.discard(source)
            return False
        if source not in self._full:
            self._full.add(source)
            what = "%d alarms of %s are open: more are not taken until some are acknowledged."
            _log.error(what, _MOST_OF_ONE_SOURCE, source)
        return True

    def _begin_again(self, alarm: Alarm, event: AlarmBegan) -> None:
        """Count a condition on the alarm that is open for it, and tell what holds now."""
        alarm.times += 1
        alarm.cleared_at = None
        alarm.last_raised_at = self._clock.utc_s()
        alarm.severity = max(alarm.severity, event.severity, key=SEVERITIES.index)
        alarm.message, alarm.remedy = _text(event.message), _text(event.remedy)
        alarm.value, alarm.limit = _number(event.value), _number(event.limit)
        alarm.experiment = self._experiment_of(event)

    def _experiment_of(self, event: AlarmBegan) -> str | None:
        name = event.experiment
        if name is None or name == NO_EXPERIMENT or name.startswith(LIVE_ONLY_PREFIX):
            return self._active_experiment()
        return name

    def _on_ended(self, key: str) -> None:
        alarm = self._open.get(plain(key))
        if alarm is not None and alarm.is_active:
            alarm.cleared_at = self._clock.utc_s()
            self._keep(alarm)

    def _forget_condition(self, alarm: Alarm) -> None:
        """Take a condition for over that nobody watched since the last service; where it lasts it begins anew."""
        if alarm.is_active:
            alarm.cleared_at = self._clock.utc_s()
            self._keep(alarm)

    def _acknowledge(self, alarm: Alarm, who: str) -> None:
        if alarm.acknowledged_at is None:
            alarm.acknowledged_at, alarm.acknowledged_by = self._clock.utc_s(), who
            _log.info("%s acknowledged an alarm: %s", who, alarm.message)
            self._keep(alarm)

    def _keep(self, alarm: Alarm) -> None:
        """Have a change of an alarm written and told."""
        if not alarm.is_open:
            self._open.pop(alarm.key, None)
        self._records.write(SAVE, *values_of(alarm))
        # A repetition may wait for its second: a flapping signal must not make the disk work more than it does anyway.
        if alarm.times == 1 or not alarm.is_open:
            self._records.commit_soon()
        self._bus.publish(AlarmChanged(alarm.item()))


def _text(text: str) -> str:
    return plain(text[:_LONGEST_TEXT])


def _number(value: float | None) -> float | None:
    """Return a number that JSON can hold, None where it is none."""
    return value if value is not None and math.isfinite(value) else None


async def load_alarms(records: Records, bus: Bus, clock: Clock, active_experiment: Callable[[], str | None]) -> Alarms:
    """Return the alarms in the records that must still be shown."""
    found, last_id = await records.read(load_open)
    alarms = Alarms(found, last_id, records, bus, clock, active_experiment)
    if records.lost_jobs:
        names = ", ".join(name.replace("_", " ") for name in records.lost_jobs)
        what = f"The service ended unexpectedly while jobs ran: {names}. The board switched their outputs off."
        remedy = "Look at culture and log, then start again what shall run."
        bus.publish(AlarmBegan("service", "service", "alarm", what, remedy, lasts=False))
    return alarms
