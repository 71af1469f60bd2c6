"""Log lines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

Level = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"]


class LogItem(BaseModel):
    """One line."""

    id: int
    timestamp: str
    level: Level
    source: str
    task: str
    message: str
    experiment: str | None
    pioreactor_unit: str


class LogPage(BaseModel):
    """Lines, newest first."""

    logs: list[LogItem]
    next_before_id: int | None
