"""Runs as they are changed and deleted after they were stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.traceability.attachments_store import link_uploads, remove_unused
from core.traceability.book import Change
from core.traceability.refs import find_by_id


def add_attachments(change: Change, uuid: str, attachments: Sequence[str]) -> str:
    """Add uploads to a run; return its id. Raise NotFoundError when the run or an upload is unknown."""
    row = find_by_id(change.connection, "runs", "run", uuid)
    link_uploads(change, "run", row["id"], attachments)
    return str(row["uuid"])


def merge_run_metadata(change: Change, uuid: str, metadata: dict[str, Any]) -> str:
    """Merge into a run's metadata; return its id. Raise NotFoundError when there is none."""
    row = find_by_id(change.connection, "runs", "run", uuid)
    change.merge_metadata("runs", row["id"], metadata)
    return str(row["uuid"])


def delete_runs(change: Change, uuids: Sequence[str]) -> list[str]:
    """Delete runs with their phases, measurements, log lines and attachments; return their ids.

    Units, parts and batches stay. Raises NotFoundError when one is unknown; none is deleted then.
    """
    runs = {row["id"]: row["uuid"] for row in (find_by_id(change.connection, "runs", "run", each) for each in uuids)}
    for number in runs:
        sql = "SELECT attachment FROM run_attachments WHERE run = ?"
        attachments = [row[0] for row in change.connection.execute(sql, (number,))]
        change.connection.execute("DELETE FROM runs WHERE id = ?", (number,))
        remove_unused(change, attachments)
    return list(runs.values())
