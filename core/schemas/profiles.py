"""Experiment profiles: files, what is wrong in them, their course, and their runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body

Scalar = bool | int | float | str
RunStateWord = Literal["running", "paused", "complete", "stopped", "interrupted", "failed"]


class ProfileProblem(BaseModel):
    """One thing that is wrong in a profile's text, or doubtful."""

    severity: Literal["error", "warning"] = Field(description="An error keeps the profile from running.")
    line: int = Field(description="Counted from 1.")
    column: int = Field(description="Counted from 1.")
    message: str
    remedy: str = Field(description="What to do; may be empty.")


class ProfileItem(BaseModel):
    """A profile, own or example."""

    name: str = Field(description="File name, such as `batch_growth.yaml`.")
    experiment_profile_name: str = Field(description="What it calls itself; empty when that cannot be told.")
    description: str
    author: str
    is_example: bool = Field(description="It ships with the program and cannot be changed.")
    errors: int = Field(description="How many errors keep it from running.")
    warnings: int
    modified_at: str | None = Field(description="null for an example.")
    version: str = Field(description="Changes with the text.")


class PlannedAction(BaseModel):
    """One action of the course; hours from the beginning, or from the moment its surrounding action fires."""

    action: Literal["start", "update", "pause", "resume", "stop", "log", "repeat", "when"]
    hours: float
    line: int
    text: str = Field(description="What it does, in short.")
    is_conditional: bool = Field(description="It has an `if` that is not simply true.")
    every_hours: float | None = Field(default=None, description="Of a repeat.")
    max_hours: float | None = Field(default=None, description="Of a repeat; null goes on for ever.")
    actions: list[PlannedAction] = Field(default=[], description="Inside a repeat or when.")


class PlannedJob(BaseModel):
    """What is to happen to one job of this unit."""

    job_name: str
    label: str = Field(description="Name for people.")
    description: str
    line: int
    actions: list[PlannedAction]


class ProfileCourse(BaseModel):
    """A profile's course as far as it is known beforehand."""

    jobs: list[PlannedJob]
    last_hours: float = Field(description="When the last action that is known beforehand is due.")
    has_end: bool = Field(description="Everything it starts is stopped at a known time.")


class ValidateProfile(Body):
    """A profile's text to check."""

    text: str
    inputs: dict[str, Scalar] = Field(default={}, description="Values instead of the profile's own.")


class ProfileCheck(BaseModel):
    """What is wrong in a text, and the course it describes."""

    valid: bool = Field(description="It has no errors and can run.")
    problems: list[ProfileProblem] = Field(description="In the order of their lines.")
    experiment_profile_name: str
    description: str
    author: str
    inputs: dict[str, Scalar]
    course: ProfileCourse


class ProfileText(ProfileItem):
    """A profile with its text."""

    text: str


class WriteProfile(Body):
    """A text to keep as a profile."""

    text: str
    expected_version: str | None = Field(
        default=None, description="Version of the text it replaces, empty for none; left out it replaces anything."
    )
    even_with_errors: bool = Field(default=False, description="Keep a text that cannot run yet.")


class RunProfile(Body):
    """What to run."""

    profile: str = Field(description="File name.")
    experiment: str | None = Field(default=None, description="Left out: the active one, or a new one.")
    inputs: dict[str, Scalar] = Field(default={}, description="Values instead of the profile's own.")


class ProfileRunItem(BaseModel):
    """A run of a profile. Hours count from its beginning, without its pauses."""

    run_id: str
    profile: str
    experiment_profile_name: str
    experiment: str
    inputs: dict[str, Any]
    label: str = Field(description="What the profile calls this unit; may be empty.")
    state: RunStateWord = Field(description="The last four are final. interrupted: the service ended meanwhile.")
    reason: str = Field(description="Why it ended, when it did not end by itself.")
    started_at: str
    ended_at: str | None
    hours: float
    actions_done: int
    actions_total: int = Field(description="As many as are known so far; repeats and whens add to them.")
    actions_failed: int
    next_action: str
    next_hours: float | None
    next_line: int | None
    last_action: str


class ProfileRunLine(BaseModel):
    """What became of one action of a run."""

    timestamp: str
    hours: float
    line: int
    job_name: str
    action: str
    outcome: Literal["done", "skipped", "failed"]
    message: str


class ProfileRunDetail(ProfileRunItem):
    """A run, the text it ran by, and its newest thousand lines."""

    text: str
    lines: list[ProfileRunLine]
