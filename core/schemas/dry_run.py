"""What a dry run shows."""

from __future__ import annotations

from pydantic import BaseModel, Field

from core.schemas.bodies import Body
from core.schemas.profiles import ProfileProblem, ProfileRunLine, Scalar


class DryRun(Body):
    """How to rehearse a profile."""

    text: str | None = Field(default=None, description="A text that is not kept yet; left out: the profile's own.")
    hours: float | None = Field(
        default=None, gt=0, le=744, description="Left out: to the profile's end, or a day where it has none."
    )
    inputs: dict[str, Scalar] = Field(default={}, description="Values instead of the profile's own.")
    experiment: str | None = Field(
        default=None, description="Whose volumes the vial begins with; left out: the configured ones."
    )
    inoculum_od: float = Field(default=0.05, gt=0, le=20, description="Density of the simulated culture at first.")


class DryRunCurves(BaseModel):
    """What is expected, as lists of one length; null where there is nothing."""

    hours: list[float]
    od: list[float | None] = Field(description="Density of the simulated culture, OD600.")
    normalized_od: list[float | None] = Field(description="As growth rate sees it: 1 is the density at its start.")
    growth_rate: list[float | None] = Field(description="As it would be measured, per hour.")
    temperature: list[float | None] = Field(description="Of the culture, °C.")
    volume_ml: list[float | None] = Field(description="In the vial.")


class DryRunBottle(BaseModel):
    """What one bottle gives or gets."""

    bottle: str = Field(examples=["media"])
    ml: float = Field(description="Liquid that moves: what it must hold at least.")
    doses: int


class DryRunLogLine(BaseModel):
    """A line of the log."""

    hours: float
    level: str
    task: str
    message: str
    times: int = Field(description="How often the same was said.")


class DryRunJob(BaseModel):
    """When a job ran."""

    job_name: str
    from_hours: float
    to_hours: float | None = Field(description="null: it was still running at the end.")
    state: str


class DryRunResult(BaseModel):
    """What would happen, and what it would take."""

    profile: str
    valid: bool = Field(description="Without errors; otherwise nothing was rehearsed.")
    problems: list[ProfileProblem]
    hours: float = Field(description="How long was rehearsed.")
    is_complete: bool = Field(description="The profile came to its end within that time.")
    curves: DryRunCurves
    bottles: list[DryRunBottle]
    most_volume_ml: float
    final_od: float | None
    jobs: list[DryRunJob] = Field(description="The newest thousand.")
    actions: list[ProfileRunLine] = Field(description="The newest thousand.")
    log: list[DryRunLogLine] = Field(description="Warnings, errors and notices; the first five hundred.")
    assumptions: list[str] = Field(description="What the simulated unit takes for granted.")
