"""The route that reads the log out of the records."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.app_state import ServiceHere
from core.clock import timestamp
from core.logs import LEVELS
from core.schemas.errors import errors
from core.schemas.logs import Level, LogPage
from core.times import utc_seconds_in_query

router = APIRouter(prefix="/unit_api", tags=["logs"])

_LEVEL_NAMES = {number: name for name, number in LEVELS.items()}
_COLUMNS = ("id", "timestamp", "level", "source", "task", "message", "experiment")
_READ = """
SELECT id, utc_s, level, source, task, message, experiment FROM logs
WHERE level >= :level AND id < :before AND utc_s BETWEEN :low AND :high
AND (:experiment IS NULL OR experiment = :experiment) AND (:source IS NULL OR source = :source)
AND (:task IS NULL OR task = :task) ORDER BY id DESC LIMIT :most
"""
_LARGEST_ID = 2**63 - 1


@router.get("/logs", response_model=LogPage, responses=errors(400))
async def logs(
    service: ServiceHere,
    experiment: str | None = None,
    source: str | None = None,
    task: str | None = None,
    min_level: Level = "INFO",
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before_id: Annotated[int, Query(ge=0, le=_LARGEST_ID)] = _LARGEST_ID,
) -> dict[str, Any]:
    """Return log lines, newest first; ask on with `before_id` = `next_before_id`."""
    wanted = {
        "level": LEVELS[min_level],
        "before": before_id,
        "low": 0.0 if from_ is None else utc_seconds_in_query(from_, "from"),
        "high": 1e15 if to is None else utc_seconds_in_query(to, "to"),
        "experiment": experiment,
        "source": source,
        "task": task,
        "most": limit + 1,
    }

    def read(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        return connection.execute(_READ, wanted).fetchall()

    rows = await service.records.read(read)
    items = [_item(row, service.unit) for row in rows[:limit]]
    return {"logs": items, "next_before_id": items[-1]["id"] if len(rows) > limit else None}


def _item(row: tuple[Any, ...], unit: str) -> dict[str, Any]:
    item = dict(zip(_COLUMNS, row, strict=True))
    return {**item, "timestamp": timestamp(row[1]), "level": _LEVEL_NAMES.get(row[2], "INFO"), "pioreactor_unit": unit}
