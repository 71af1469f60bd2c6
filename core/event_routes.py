"""The route of the event stream, and the sending of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.app_state import ServiceHere
from core.clock import timestamp
from core.config import ConfigError
from core.errors import BadRequestError
from core.events import TOPICS, EventHub, Reader, frame
from core.experiments.experiments import check_name
from core.records.records import NO_EXPERIMENT
from core.schemas.errors import errors
from core.service import Service

router = APIRouter(prefix="/unit_api", tags=["events"])

_TASKS_SHOWN = 100
_LONGEST_NUMBER = 18
_RETRY = b"retry: 2000\n\n"
_COMMENT = b": still here\n\n"
_DESCRIPTION = "Server-sent events: `snapshot` first, then changes only; a comment line at least every 15 s."
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": _DESCRIPTION, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("/events", response_class=Response, responses={**_STREAM, **errors(400, 503)})
async def events(
    request: Request,
    service: ServiceHere,
    topics: str | None = None,
    experiment: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Stream what happens, as server-sent events: `snapshot` first, then changes only.

    `topics`: comma-separated names of the events wanted (`snapshot` and `resync` always come). `experiment`: only the
    jobs, readings, gaps, doses and log lines of that experiment. With `Last-Event-ID` of the last minute what was
    missed is replayed instead of a snapshot. A reader that falls 1000 events behind gets `resync` and is let go.

    The data of each event is one JSON object with `seq` (rises by one with every event), `t` (timestamp) and:

    - `snapshot`: unit, experiment, board, jobs, settings {job: {setting: value}}, leds, pwms, bioreactor, tasks, speed,
      alarms (those of GET /unit_api/alarms), reactor {display_name, capacity_ml, max_fill_volume_ml}
    - `job`: job_id, job_name, job_source, experiment, state, is_running, started_at, ended_at, needs_board (it waits
      while the board cannot be reached; rows of the snapshot have it too)
    - `setting`: job_id, job_name, setting, value (null: cleared)
    - `reading`: experiment, series, value; `t` is when it was measured
    - `gap`: experiment, series, reason; the curve must not be bridged after `t`
    - `dosing`: experiment, event, volume_change (ml; negative takes back what was announced too much), source_of_event
    - `bioreactor`: experiment, values {variable: new value}
    - `led`: channel, intensity, source_of_event, experiment (null: none)
    - `pwm`: channel, dc
    - `board`: the object of GET /unit_api/board, and reason
    - `profile`: a run of GET /unit_api/experiment_profiles/runs, whenever it moves on
    - `dry_run`: task_id, hours, of_hours, phase
    - `annotation`: experiment, id, action (created, changed, deleted), text, who
    - `experiment`: an item of GET /unit_api/experiments
    - `interrupted`: the object of GET /unit_api/jobs/interrupted
    - `task`: task_id, status, error when failed
    - `calibration`: device, name, action; `plugin`: name, state
    - `record`: serial_number and run (null: none) that the instrument wrote into the unit's record
    - `alarm`: an item of GET /unit_api/alarms, of every experiment, whenever it was raised, repeated, cleared or
      acknowledged; one whose condition is over and that is acknowledged is not open any more
    - `log`: an item of GET /unit_api/logs, level INFO and above
    - `resync`: reason; read the stream from the start
    """
    if experiment is not None and experiment != NO_EXPERIMENT:
        check_name(experiment)
    wanted = _wanted(topics)
    if request.scope.get("is_head"):
        return Response(media_type="text/event-stream")
    last_seq = _sequence_number(last_event_id)
    reader = service.events.open(wanted, experiment)
    return _Stream(service.events, reader, lambda: _first(service, reader, last_seq))


def _wanted(topics: str | None) -> frozenset[str] | None:
    if topics is None or not topics.strip():
        return None
    wanted = frozenset(topic.strip() for topic in topics.split(",") if topic.strip()) - {"snapshot", "resync"}
    if unknown := wanted - set(TOPICS):
        what = f"There is no event called {', '.join(sorted(unknown))}."
        raise BadRequestError(what, fields=["topics"], known=list(TOPICS))
    return wanted


def _sequence_number(last_event_id: str | None) -> int | None:
    """Return the number in a `Last-Event-ID`, None when there is none or it is nonsense."""
    text = last_event_id or ""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _first(service: Service, reader: Reader, last_seq: int | None) -> bytes:
    """Return what was missed after `last_seq`, or the snapshot when that is not known."""
    reader.skip()
    missed = None if last_seq is None else service.events.missed(reader, last_seq)
    return frame("snapshot", _snapshot(service, reader)) if missed is None else missed


def _snapshot(service: Service, reader: Reader) -> dict[str, Any]:
    names = {str(row["job_name"]) for row in service.jobs.rows()}
    settings = {name: service.jobs.settings_of(name) for name in sorted(names)}
    return {
        "seq": service.events.seq,
        "t": timestamp(service.clock.utc_s()),
        "unit": service.unit,
        "experiment": service.experiments.active(),
        "board": service.board_link.describe(),
        "jobs": [
            each.item | {"needs_board": each.job.needs_board}
            for each in service.jobs.running
            if reader.wants_experiment(each.row.experiment)
        ],
        "settings": {name: dict(values) for name, values in settings.items() if values is not None},
        "leds": dict(service.events.leds),
        "pwms": dict(service.events.pwms),
        "bioreactor": _bioreactor(service),
        "reactor": _reactor(service),
        "tasks": [{"task_id": task.task_id, "status": task.status} for task in service.tasks.all()[-_TASKS_SHOWN:]],
        "speed": service.options.speed,
        "interrupted": service.interrupted.describe(),
        "alarms": service.alarms.items(),
    }


def _bioreactor(service: Service) -> dict[str, float]:
    """Return the bioreactor variables of the active experiment; none when the configuration of them is broken."""
    try:
        return service.bioreactor.values(service.experiments.active())
    except ConfigError:
        return {}


def _reactor(service: Service) -> dict[str, Any]:
    model = service.models.current
    return {
        "display_name": model.display_name,
        "capacity_ml": model.reactor_capacity_ml,
        "max_fill_volume_ml": model.reactor_max_fill_volume_ml,
    }


class _Stream(Response):
    """Sends one reader its events until it goes, falls behind, or the service ends."""

    media_type = "text/event-stream"

    def __init__(self, hub: EventHub, reader: Reader, first: Callable[[], bytes]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._reader = reader
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._reader.cut = scope.get("cut_connection", self._reader.close)
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await _send(send, _RETRY + self._first())
            await self._go_on(send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._reader.cut = None
            self._hub.leave(self._reader)

    async def _go_on(self, send: Send) -> None:
        reader = self._reader
        while not reader.is_closed:
            frames = await reader.take(self._hub.comment_every_s)
            if reader.fell_behind:
                moment = timestamp(self._hub.utc_s())
                reason = "The reader fell too far behind; read the stream from the start."
                await _send(send, frame("resync", {"seq": self._hub.seq, "t": moment, "reason": reason}))
                return
            if frames or not reader.is_closed:
                await _send(send, frames or _COMMENT)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self._reader.close()


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
