"""A run brought to the server once, also when answers are lost or this program is killed in between.

Before a run's creation is asked for, this is noted; the run's own id is sent along, by which servers know a run that is
sent again. Where the answer is not known, the run is looked for by unit, procedure and moments before it is sent again,
because not every server knows such ids.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from core.traceability.book import Change
from core.traceability.moments import microseconds, moment
from core.traceability.push.outbox import Item, local_of, mark_sent, mark_tried, note_remote
from core.traceability.push.place import PushPlace
from core.traceability.push.run_body import RunToSend, run_to_send
from core.traceability.push.sending_units import know_unit_there
from core.traceability.push.troubles import RefusedError, ServerFaultError

_PAGE = 100
_MOST_PROCEDURES = 100_000
_MISSING, _FORBIDDEN, _CONFLICT = 404, 403, 409
# Servers keep at least milliseconds.
_SAME_WITHIN_US = 1000
# A sub-unit that has moved on since is put where it is now after the run.
_REQUEUE_MOVED = """
INSERT INTO push_items (kind, unit) SELECT 'unit', units.id FROM run_sub_units
JOIN units ON units.id = run_sub_units.unit JOIN runs ON runs.id = run_sub_units.run
WHERE runs.id = ? AND units.parent IS NOT runs.unit
AND NOT EXISTS (SELECT 1 FROM push_items WHERE kind = 'unit' AND unit = units.id)
"""


async def send_run(place: PushPlace, item: Item) -> None:
    """Bring a run that waits to the server, or its metadata when it is there already."""
    number = item.run
    assert number is not None  # noqa: S101 - runs wait under their row
    run = await place.read(lambda connection: run_to_send(connection, number))
    if run is None:
        return
    known = await place.remote_of("run", number)
    remote = known or await _bring(place, item, run, number)
    if known or item.changes:  # what is there may be from before the change
        await place.server.ask("PATCH", f"/runs/{quote(remote, safe='')}/metadata", {"metadata": run.metadata})

    def note(change: Change) -> None:
        note_remote(change, place.row, "run", number, remote)
        change.connection.execute(_REQUEUE_MOVED, (number,))
        mark_sent(change, item)

    await place.change(note)


async def _bring(place: PushPlace, item: Item, run: RunToSend, number: int) -> str:
    """Create a run on the server, unless an earlier try did; return its id there. What it needs there goes first."""
    for unit in run.units:
        await know_unit_there(place, unit)
    procedure = await _procedure(place, run)
    made = await _look_up(place, run, procedure, number) if item.is_tried else None
    if made is None:
        await place.change(lambda change: mark_tried(change, item))
        made = await _create(place, run, procedure, number)
    return made


async def _create(place: PushPlace, run: RunToSend, procedure: str, number: int) -> str:
    try:
        return await _ask(place, run, procedure)
    except RefusedError as error:
        if error.status == _CONFLICT and (found := await _look_up(place, run, procedure, number)):
            return found
        if error.status not in (_MISSING, _FORBIDDEN):
            raise
        # The procedure that was remembered may be gone from the server, and another one there.
        found = await _find_procedure(place, run.procedure_name)
        if found == procedure:
            raise
    return await _ask(place, run, await _known_as(place, run, found))


async def _ask(place: PushPlace, run: RunToSend, procedure: str) -> str:
    knows_operator = run.operator is not None and await place.knows_user(run.operator)
    return await place.server.make("/runs", run.body_for(procedure, knows_operator=knows_operator))


async def _procedure(place: PushPlace, run: RunToSend) -> str:
    """Return the id of a run's procedure on the server, where it is made if it is not there."""
    remembered = await place.remote_of("procedure", run.procedure)
    return remembered or await _known_as(place, run, await _find_procedure(place, run.procedure_name))


async def _known_as(place: PushPlace, run: RunToSend, found: str | None) -> str:
    """Remember what a run's procedure is on the server, and return it; make it when nothing was found."""
    known = found or await place.server.make("/procedures", {"name": run.procedure_name})
    await place.note_remote("procedure", run.procedure, known)
    return known


async def _find_procedure(place: PushPlace, name: str) -> str | None:
    """Return the id of the oldest procedure of that name, None when there is none."""
    found, cursor = None, 0
    while True:
        query = {"search_query": name[:_PAGE], "limit": _PAGE, "cursor": cursor}
        answer = await place.server.ask("GET", "/procedures", query=query)
        same = [row["id"] for row in answer["data"] if row["name"].strip() == name.strip()]
        found = same[-1] if same else found
        if not answer["meta"]["has_more"]:
            return found
        following = int(answer["meta"]["next_cursor"])
        if following <= cursor or following > _MOST_PROCEDURES:
            what = f"{place.server.host} lists procedures without end."
            raise ServerFaultError(what, "Tell whoever runs the server. It is tried again by itself.")
        cursor = following


async def _look_up(place: PushPlace, run: RunToSend, procedure: str, number: int) -> str | None:
    """Return the id of a run on the server that is this one and no other one from here; None when there is none."""
    body = run.body
    query = {
        "serial_numbers": body["serial_number"],
        "procedure_ids": procedure,
        "started_after": moment(run.started_us - _SAME_WITHIN_US),
        "started_before": moment(run.started_us + _SAME_WITHIN_US),
        "sort_order": "asc",
        "limit": _PAGE,
    }
    answer = await place.server.ask("GET", "/runs", query=query)
    for row in answer["data"]:
        is_same = (
            row["outcome"] == body["outcome"]
            and _is_same_moment(row["started_at"], run.started_us)
            and _is_same_moment(row["ended_at"], run.ended_us)
        )
        if is_same and await _is_no_other(place, row, number):
            return str(row["id"])
    return None


async def _is_no_other(place: PushPlace, row: dict[str, Any], number: int) -> bool:
    known = await place.read(lambda connection: local_of(connection, place.row, "run", row["id"]))
    return known in (None, number)


def _is_same_moment(text: str, utc_us: int) -> bool:
    return abs(microseconds(datetime.fromisoformat(text)) - utc_us) <= _SAME_WITHIN_US
