"""What is asked of the unit over MQTT: new values for settings of running jobs, and blinking.

A change goes the way of a change over HTTP, with the same checks. There is nobody to answer, therefore what is refused
is logged. A retained message is no wish: it is what somebody wanted once, perhaps long ago.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from core.board_link import BoardLink
from core.errors import ServiceError
from core.jobs.job import Job
from core.jobs.runner import JobRunner
from core.mqtt.broker_link import Incoming
from core.mqtt.topics import STATE, parts_of
from core.mqtt.wire import read_payload
from core.records.records import Records
from device.board import BoardError

_LONGEST_BYTES = 100_000
_MOST_AT_ONCE = 50
_NOTED_CHARACTERS = 2000
_log = logging.getLogger(__name__)


class Changes:
    """Does what comes from the broker, without holding up whoever hands it over."""

    def __init__(self, jobs: JobRunner, board_link: BoardLink, records: Records) -> None:
        self._jobs = jobs
        self._board_link = board_link
        self._records = records
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, incoming: Incoming) -> None:
        """Begin to do what a message asks for."""
        if incoming.retain:
            _log.debug("The retained message on %s is ignored.", incoming.topic)
            return
        if len(self._under_way) >= _MOST_AT_ONCE or len(incoming.payload) > _LONGEST_BYTES:
            _log.warning("The message on %s is too much at once, and is ignored.", incoming.topic)
            return
        task = asyncio.get_running_loop().create_task(self._do(incoming), name="mqtt change")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _do(self, incoming: Incoming) -> None:
        text = incoming.payload.decode("utf-8", "replace")
        parts = parts_of(incoming.topic)
        try:
            if len(parts) == 4:
                await self._change(incoming.topic, parts[0], parts[1], parts[2], text)
            else:
                await self._blink(parts[-1], text)
        except Exception:  # noqa: BLE001 - whatever a plug-in's job does with a value
            _log.exception("The message on %s could not be used.", incoming.topic)

    async def _change(self, topic: str, experiment: str, job_name: str, setting: str, text: str) -> None:
        job = self._jobs.newest(job_name)
        if job is None or job.context.experiment != experiment or not job.declaration.shows_state:
            _log.debug("%s does not run in %s: the message on %s is ignored.", job_name, experiment, topic)
            return
        if setting == STATE and job.declaration.is_long_running:
            job.log.warning("%s belongs to the unit; what came over MQTT for its state is ignored.", job_name)
            return
        value = _read(job, setting, text)
        if value is None:
            return
        status = 200
        try:
            await self._jobs.change_settings(job_name, {setting: value})
        except ServiceError as refused:
            status = refused.status
            job.log.warning("%s over MQTT was refused: %s %s", setting, refused.error, refused.remedy)
        self._records.note_action("MQTT", "SET", topic, text[:_NOTED_CHARACTERS], status)

    async def _blink(self, what: str, text: str) -> None:
        board = self._board_link.current
        if board is None:
            return
        try:
            await (board.blink_error(int(text)) if what.endswith("error_code") else board.identify())
        except (ValueError, BoardError) as error:
            _log.debug("The board does not blink: %s", error)


def _read(job: Job, setting: str, text: str) -> Any:
    """Return the value a message gives a setting; None, and a log line, when it gives none."""
    name, declared = job.declaration.job_name, job.declaration.changeable.get(setting)
    if declared is None:
        job.log.debug("%s has no setting %r; the message is ignored.", name, setting)
        return None
    if not declared.settable:
        job.log.warning("%s of %s can be read but not set; what came over MQTT is ignored.", setting, name)
        return None
    try:
        return read_payload("text" if setting == STATE else declared.datatype, text)
    except ValueError:
        job.log.warning(
            "%r, which came over MQTT for %s, is no %s; it is ignored.", text[:60], setting, declared.datatype
        )
        return None
