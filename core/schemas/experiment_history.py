"""What happened in an experiment: runs of jobs, events of automations, and a few numbers that sum it up."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class RunOption(BaseModel):
    """A value a job was started with."""

    name: str
    value: Any
    default: Any = Field(description="What it would have been if nobody had said.")
    is_default: bool


class SettingChange(BaseModel):
    """A setting that was changed while the job ran."""

    t: str
    setting: str
    before: Any
    value: Any


class Run(BaseModel):
    """One run of a job."""

    job_id: int
    job_name: str
    automation_name: str = Field(description='Of an automation: its rule; "" otherwise.')
    label: str = Field(description='The job\'s name for people; "" for runs of before it was kept.')
    experiment: str
    job_source: str = Field(description="Who or what started it: user, a job's name, experiment_profile, ...")
    started_at: str
    ended_at: str | None = Field(description="null while it runs.")
    state: str = Field(description="init, ready, sleeping; disconnected when it ended well, lost when it crashed.")
    options: list[RunOption] | None = Field(description="null for runs of before they were kept.")
    arguments: list[str]
    setting_changes: list[SettingChange] = Field(description="In order of time.")
    setting_changes_left_out: dict[str, int] = Field(
        description="Settings that changed too often to list, as those a job adjusts by itself, and how often."
    )


class RunPage(BaseModel):
    """Runs, newest first."""

    runs: list[Run]
    next_before_id: int | None


class AutomationEventItem(BaseModel):
    """What a rule did."""

    id: int
    t: str
    job_id: int
    job_name: str
    event_name: str | None
    message: str | None
    data: dict[str, Any] | None


class AutomationEventPage(BaseModel):
    """Events, newest first."""

    events: list[AutomationEventItem]
    next_before_id: int | None


class CurveSummary(BaseModel):
    """A series in two numbers."""

    points: int
    mean: float
    greatest: float = Field(description="Highest mean of ten minutes.")
    greatest_at: str = Field(description="First reading of those ten minutes.")


class ExperimentSummary(BaseModel):
    """An experiment in a few numbers."""

    experiment: str
    duration_s: float
    curves: dict[str, CurveSummary] = Field(description="By series: optical densities, growth_rate, temperature.")
    volumes_ml: dict[str, float] = Field(description="Moved in all: media_ml, alt_media_ml, waste_ml.")
    doubling_time_h: float | None = Field(description="At the greatest growth rate; null when nothing grew.")
