"""What waits to be sent, and what is there: rows that triggers of the record's schema add, looked after here."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import NotFoundError
from core.schemas.unit_record.push import PendingQuery
from core.traceability.book import Change
from core.traceability.lists import Filters, Order, Page, read_page
from core.traceability.moments import moment
from core.traceability.push.settings import keep
from core.traceability.push.troubles import PushTroubleError
from core.traceability.schema import MOST_WAITING

Kind = Literal["unit", "run", "unit_file", "run_file"]
# Room that is left to what is new when earlier runs are put into the queue.
_ROOM_FOR_NEW = 10_000
# No item waits for longer because of its own failures; one that would is due: the clock was set back.
_LONGEST_WAIT_US = 3600 * 1_000_000
_IS_DUE = f"(not_before_us <= :now OR not_before_us > :now + {_LONGEST_WAIT_US})"
# A run's file waits until the run is there.
_CAN_GO = (
    "is_stopped = 0 AND (kind <> 'run_file' OR EXISTS (SELECT 1 FROM push_sent "
    "WHERE server = :server AND kind = 'run' AND local = push_items.run AND part = 0))"
)
_NEXT = f"SELECT * FROM push_items WHERE {_CAN_GO} AND {_IS_DUE} ORDER BY failures, id LIMIT 1"  # noqa: S608
_NEXT_MOMENT = f"SELECT min(not_before_us) FROM push_items WHERE {_CAN_GO}"  # noqa: S608 - own words
_COUNTS = "SELECT is_stopped, kind, count(*) AS number FROM push_items GROUP BY is_stopped, kind"
_COUNTED_AS = {"unit": "units", "run": "runs", "unit_file": "files", "run_file": "files"}
_EARLIER_RUNS = """
SELECT (SELECT count(*) FROM runs) - (
    SELECT count(*) FROM push_items AS item WHERE is_stopped IN (0, 1) AND kind = 'run' AND NOT EXISTS (
        SELECT 1 FROM push_sent WHERE server = :server AND kind = 'run' AND local = item.run AND part = 0
    )
) - (SELECT count(*) FROM push_sent WHERE server = :server AND kind = 'run')
"""
_ROW = """
SELECT item.*, coalesce(unit.serial_number, run_unit.serial_number) AS serial_number, runs.uuid AS run_id,
    runs.outcome, runs.started_us, procedures.name AS procedure_name, attachments.name AS file_name
FROM push_items AS item LEFT JOIN units AS unit ON unit.id = item.unit LEFT JOIN runs ON runs.id = item.run
LEFT JOIN units AS run_unit ON run_unit.id = runs.unit LEFT JOIN procedures ON procedures.id = runs.procedure
LEFT JOIN attachments ON attachments.id = item.attachment WHERE item.id = ?
"""
# Files of a run that is there already go there, whatever becomes of what changed of it since.
_DROP_FILES = """
DELETE FROM push_items WHERE kind = 'run_file' AND run = :run AND NOT EXISTS (
    SELECT 1 FROM push_sent WHERE server IN (SELECT id FROM push_servers) AND kind = 'run' AND local = :run
)
"""
# What neither waits nor is there; `source` is where it is looked for, with the alias `have`.
_ADD_MISSING = """
INSERT INTO push_items (kind, {columns}) SELECT '{kind}', {values} FROM {source} WHERE NOT EXISTS (
    SELECT 1 FROM push_items WHERE kind = '{kind}' AND {waits}
) AND NOT EXISTS (
    SELECT 1 FROM push_sent WHERE server = :server AND kind = '{kind}' AND local = {local} AND part = {part}
) ORDER BY {order} LIMIT :room
"""
_FILES = "{holder}_attachments AS have JOIN attachments AS file ON file.id = have.attachment AND file.file IS NOT NULL"


def _missing_things(kind: str, order: str) -> str:
    return _ADD_MISSING.format(
        columns=kind, kind=kind, values="have.id", source=f"{kind}s AS have", waits=f"{kind} = have.id",
        local="have.id", part="0", order=order,
    )  # fmt: skip


def _missing_files(holder: str) -> str:
    return _ADD_MISSING.format(
        columns=f"{holder}, attachment", kind=f"{holder}_file", values=f"have.{holder}, have.attachment",
        source=_FILES.format(holder=holder), waits=f"{holder} = have.{holder} AND attachment = have.attachment",
        local=f"have.{holder}", part="have.attachment", order="have.attachment",
    )  # fmt: skip


_ADD_EARLIER = (
    _missing_things("unit", "have.id"),
    _missing_things("run", "have.started_us, have.id"),
    _missing_files("unit"),
    _missing_files("run"),
)


@dataclass(frozen=True)
class Item:
    """One thing that waits.

    Attributes:
        unit, run, attachment: rows of the record; None where it is of another kind.
        is_tried: its creation was asked for, and no answer is known.
        remote: the id of the upload that is there already and not linked yet; None for none.
        failures: how often the server had a fault with it.
        changes: how often it changed while it waited.
    """

    id: int
    kind: Kind
    unit: int | None
    run: int | None
    attachment: int | None
    is_tried: bool
    remote: str | None
    failures: int
    changes: int


def next_item(connection: sqlite3.Connection, server: int | None, now_us: int) -> Item | None:
    """Return what is to be sent now, None when nothing can be."""
    row = connection.execute(_NEXT, {"server": server, "now": now_us}).fetchone()
    if row is None:
        return None
    return Item(
        row["id"], row["kind"], row["unit"], row["run"], row["attachment"], bool(row["is_tried"]), row["remote"],
        row["failures"], row["changes"],
    )  # fmt: skip


def next_moment_us(connection: sqlite3.Connection, server: int | None) -> int | None:
    """Return from when on something can be sent again; None when nothing waits for a moment."""
    found: int | None = connection.execute(_NEXT_MOMENT, {"server": server}).fetchone()[0]
    return found


def mark_tried(change: Change, item: Item) -> None:
    """Note that the creation of an item is about to be asked for."""
    change.connection.execute("UPDATE push_items SET is_tried = 1 WHERE id = ?", (item.id,))


def mark_uploaded(change: Change, item: Item, remote: str) -> None:
    """Note that a file is there, and is to be linked next."""
    change.connection.execute("UPDATE push_items SET remote = ? WHERE id = ?", (remote, item.id))


def mark_sent(change: Change, item: Item) -> None:
    """Note that an item is there: it waits no longer, unless it changed while it was on its way."""
    change.connection.execute("DELETE FROM push_items WHERE id = ? AND changes = ?", (item.id, item.changes))
    keep(change, last_sent_us=change.utc_us)


def put_off(change: Change, item: Item, trouble: PushTroubleError, wait_s: float) -> None:
    """Have an item the server had a fault with wait, and others go first."""
    sql = "UPDATE push_items SET failures = failures + 1, not_before_us = ?, reason = ?, remedy = ? WHERE id = ?"
    not_before_us = change.utc_us + round(min(wait_s * 1e6, _LONGEST_WAIT_US))
    change.connection.execute(sql, (not_before_us, trouble.what, trouble.remedy, item.id))


def stop(change: Change, item: Item, trouble: PushTroubleError) -> None:
    """Have an item that was refused wait until somebody has looked at it; what was refused is not there."""
    sql = "UPDATE push_items SET is_stopped = 1, is_tried = 0, reason = ?, remedy = ? WHERE id = ?"
    change.connection.execute(sql, (trouble.what, trouble.remedy, item.id))


def try_again(change: Change, numbers: list[int] | None) -> int:
    """Have stopped items, and those put off, wait for their turn again, all of them for None; return how many.

    Raises:
        NotFoundError: one of them does not wait any more; nothing is changed then.
    """
    sql = "UPDATE push_items SET is_stopped = 0, failures = 0, not_before_us = 0"
    if numbers is None:
        return change.connection.execute(f"{sql} WHERE is_stopped = 1 OR failures > 0").rowcount
    for number in numbers:
        if change.connection.execute(f"{sql} WHERE id = ?", (number,)).rowcount == 0:
            raise _gone(number)
    return len(numbers)


def drop(change: Change, number: int) -> None:
    """Have an item not be sent, and neither the files of a run that is not; raise NotFoundError when it is gone."""
    row = change.connection.execute("SELECT * FROM push_items WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise _gone(number)
    change.connection.execute("DELETE FROM push_items WHERE id = ?", (number,))
    if row["kind"] == "run":
        change.connection.execute(_DROP_FILES, {"run": row["run"]})


def add_earlier(change: Change, server: int | None) -> int:
    """Put everything of the record that neither waits nor is there into the queue; return how many were put there."""
    added = 0
    for sql in _ADD_EARLIER:
        waiting = change.connection.execute("SELECT count(*) FROM push_items").fetchone()[0]
        room = max(0, MOST_WAITING - _ROOM_FOR_NEW - waiting)
        added += change.connection.execute(sql, {"server": server, "room": room}).rowcount
    keep(change, left_out=0)
    return added


def counts(connection: sqlite3.Connection, server: int | None) -> dict[str, int]:
    """Return how many `units`, `runs` and `files` wait, how many are `stopped`, and `earlier_runs` that do neither."""
    counted = {"units": 0, "runs": 0, "files": 0, "stopped": 0}
    for row in connection.execute(_COUNTS):
        counted["stopped" if row["is_stopped"] else _COUNTED_AS[row["kind"]]] += row["number"]
    earlier = connection.execute(_EARLIER_RUNS, {"server": server}).fetchone()[0]
    return {**counted, "earlier_runs": max(0, earlier)}


def list_pending(connection: sqlite3.Connection, query: PendingQuery, page: Page) -> dict[str, Any]:
    """Return one page of what waits, what was refused first."""
    filters = Filters()
    if query.is_stopped is not None:
        filters.add("row.is_stopped = ?", int(query.is_stopped))
    order = Order("-row.is_stopped, -row.failures", "asc")
    return read_page(connection, "push_items", "push_items AS row", filters, order, page, _rows)


def remote_of(connection: sqlite3.Connection, server: int, kind: str, local: int, part: int = 0) -> str | None:
    """Return the name under which a server has something of the record; None when it has it not."""
    sql = "SELECT remote FROM push_sent WHERE server = ? AND kind = ? AND local = ? AND part = ?"
    row = connection.execute(sql, (server, kind, local, part)).fetchone()
    return None if row is None else str(row["remote"])


def note_remote(change: Change, server: int, kind: str, local: int, remote: str, part: int = 0) -> None:
    """Remember the name under which a server has something of the record."""
    sql = "INSERT INTO push_sent VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET remote = excluded.remote"
    change.connection.execute(sql, (server, kind, local, part, remote))


def local_of(connection: sqlite3.Connection, server: int, kind: str, remote: str) -> int | None:
    """Return what of the record a server's thing is; None when it is nothing that was sent from here."""
    sql = "SELECT local FROM push_sent WHERE server = ? AND kind = ? AND remote = ?"
    row = connection.execute(sql, (server, kind, remote)).fetchone()
    return None if row is None else int(row["local"])


def know_server(change: Change, address: str, organization: str) -> int:
    """Return the row of a server, which is another one for another organization, and remember it as the one in use."""
    who = (address, organization)
    change.connection.execute("INSERT OR IGNORE INTO push_servers (address, organization) VALUES (?, ?)", who)
    sql = "SELECT id FROM push_servers WHERE address = ? AND organization = ?"
    server: int = change.connection.execute(sql, who).fetchone()["id"]
    keep(change, server=server)
    return server


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [_pending(connection.execute(_ROW, (number,)).fetchone()) for number in numbers]


def _pending(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "serial_number": row["serial_number"],
        "run_id": row["run_id"],
        "procedure_name": row["procedure_name"],
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "file_name": row["file_name"],
        "is_stopped": bool(row["is_stopped"]),
        "reason": row["reason"],
        "remedy": row["remedy"],
    }


def _gone(number: int) -> NotFoundError:
    return NotFoundError(f"Nothing waits under the number {number}.", "It may have been sent.", "Load the list again.")
