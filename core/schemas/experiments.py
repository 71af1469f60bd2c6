"""Experiments and their time series."""

from __future__ import annotations

from pydantic import BaseModel, Field

from core.schemas.bodies import Body


class ExperimentItem(BaseModel):
    """An experiment."""

    experiment: str = Field(description="Its name.")
    description: str | None
    tags: list[str]
    created_at: str
    ended_at: str | None
    is_active: bool = Field(description="At most one experiment is.")


class SeriesSummary(BaseModel):
    """What is recorded of one series."""

    series: str
    unit: str = Field(description='Unit of its values, "" for a plain number.')
    points: int
    first: str | None
    last: str | None


class ExperimentDetail(ExperimentItem):
    """An experiment and what is recorded of it."""

    series: list[SeriesSummary]


class NewExperiment(Body):
    """An experiment to create; it becomes the active one."""

    experiment: str = Field(description="1 to 200 characters, none of # $ % + / \\ or control characters.")
    description: str | None = None
    tags: list[str] = Field(default_factory=list)


class ExperimentChange(Body):
    """What to change; what is left out stays."""

    description: str | None = None
    tags: list[str] | None = None


class ExperimentEnd(Body):
    """How to end an experiment."""

    stop_jobs: bool = Field(default=False, description="Stop the jobs of the experiment that still run.")


class Gap(BaseModel):
    """The curve must not be bridged after this moment."""

    t: float = Field(description="UTC, seconds since 1970.")
    reason: str


class TimeSeries(BaseModel):
    """A series in at most `points` points."""

    experiment: str
    pioreactor_unit: str
    series: str
    unit: str
    from_: str | None = Field(alias="from")
    to: str | None
    raw_count: int = Field(description="Readings in the span.")
    decimated: bool = Field(description="Whether each point stands for a bucket of readings.")
    bucket_s: float | None
    columns: list[str] = Field(description="t, value; or t, min, max when decimated. t is UTC, seconds since 1970.")
    data: list[list[float]] = Field(description="One list for each column, all of one length.")
    gaps: list[Gap]
