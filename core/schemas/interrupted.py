"""Jobs that a former service was running when it ended."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body


class InterruptedJobItem(BaseModel):
    """A job that was cut off."""

    job_name: str
    automation_name: str = Field(description="Which rule it hosted; empty when none.")
    label: str
    experiment: str
    job_source: str
    options: dict[str, Any] = Field(description="What it was started with; it is started with the same again.")
    settings: dict[str, Any] = Field(description="Its settings as they were last; they go before the options.")
    state: Literal["ready", "sleeping"] = Field(description="What it was; a job that slept sleeps again.")
    started_at: str
    ended_at: str = Field(description="When it was cut off; of a killed service its last sign of life.")
    was_killed: bool = Field(description="The service did not end in good order.")


class Interrupted(BaseModel):
    """What was cut off, and nobody has decided about."""

    rule: Literal["ask", "always", "never"] = Field(description="What section [safety] says: resume_after_restart.")
    is_resuming: bool = Field(description="Jobs are being resumed now.")
    ended_at: str | None = Field(description="When the last of them was cut off; null when there is none.")
    was_killed: bool
    volume_doubt: str | None = Field(description="Why nobody knows what is in the vial; null where it is known.")
    jobs: list[InterruptedJobItem]


class ChooseInterrupted(Body):
    """Which interrupted jobs are meant."""

    jobs: list[str] | None = Field(
        default=None, description="Names of jobs; all when left out.", examples=[["stirring"]]
    )
