"""Requests that are accepted now and done later."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from core.schemas.errors import ErrorInfo


class Accepted(BaseModel):
    """A 202: the work has begun; ask `result_url_path` for its result."""

    unit: str
    task_id: str = Field(description="A UUID.")
    result_url_path: str
    status: Literal["accepted"]


class TaskUnderWay(BaseModel):
    """A task that is not over."""

    task_id: str
    result_url_path: str
    status: Literal["pending", "running"]


class TaskOver(BaseModel):
    """A task that is over: `result` when complete, `error` and `error_info` when failed."""

    task_id: str
    result_url_path: str
    status: Literal["complete", "failed"]
    result: dict[str, Any] | None = None
    error: str | None = None
    error_info: ErrorInfo | None = None


class InProgress(BaseModel):
    """A 202 that queued nothing: an exclusive operation is under way; ask again after `retry_after_s`."""

    status: Literal["in_progress"]
    lock: str = Field(description="Which operation is in the way.", examples=["power-lock"])
    retry_after_s: float = Field(ge=0)
