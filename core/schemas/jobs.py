"""Jobs: what is known, what runs, starting, stopping, and the settings of running jobs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.bodies import Body


class RunJob(Body):
    """How to start a job; everything is optional."""

    options: dict[str, Any] = Field(default={}, description="Option name (`-` and `_` are equal) to value.")
    args: list[str] = Field(default=[], description="Sub-command and positional arguments.")
    env: dict[str, str] = Field(default={}, description="EXPERIMENT and JOB_SOURCE are read; the rest is ignored.")
    config_overrides: list[Annotated[list[str], Field(min_length=3, max_length=3)]] = Field(
        default=[], description="Section, key and value, for this run only."
    )


class StopJobs(Body):
    """Which jobs to stop: at least one filter; several are combined with *and*. Empty text means not given."""

    job_name: str | None = None
    experiment: str | None = None
    job_source: str | None = None
    job_id: int | Annotated[str, Field(pattern=r"^[0-9]*$", max_length=18)] | None = None


class ChangeSettings(Body):
    """New values for settings of a running job: all are taken, or none."""

    settings: dict[str, Any] = Field(min_length=1)


class JobItem(BaseModel):
    """One start of a job."""

    job_id: int = Field(description="Never used again.")
    job_name: str
    experiment: str
    job_source: str
    unit: str
    started_at: str
    ended_at: str | None = Field(description="null while it runs.")


class RunningJobItem(JobItem):
    """A job that runs."""

    is_running: Literal[0, 1]
    leader: str
    pid: int
    is_long_running_job: Literal[0, 1]


class PublishedSettings(BaseModel):
    """The settings of a running job that have a value, `$state` always."""

    settings: dict[str, Any]


class Success(BaseModel):
    """It is done."""

    status: Literal["success"]


class OptionEntry(BaseModel):
    """An option of a job. `min` and `max` are inclusive."""

    model_config = ConfigDict(extra="allow")

    name: str
    long_flag: str
    help: str
    required: bool
    multiple: bool
    default: Any
    type: str
    label: str = Field(description="Name for people.")
    first: bool = Field(description="Matters most; shown before the others.")


class ArgumentEntry(BaseModel):
    """A positional argument; `nargs` -1 is any number."""

    name: str
    nargs: int
    required: bool
    type: str


class SettingEntry(BaseModel):
    """A published setting. `unit`, `min`, `max` and `persist` are there when they apply."""

    model_config = ConfigDict(extra="allow")

    datatype: str
    settable: bool
    label: str = Field(description="Name for people.")


class Capability(BaseModel):
    """A job this unit knows, with everything it can be asked and what it publishes."""

    job_name: str
    automation_name: str = Field("", description="Of an automation: the value of the option `automation_name`.")
    help: str
    arguments: list[ArgumentEntry]
    options: list[OptionEntry]
    published_settings: dict[str, SettingEntry]
    cli_example: str
    group: Literal["measure", "stir and heat", "dose", "light", "check"]
    label: str = Field(description="Name for people.")
    is_long_running_job: Literal[0, 1]
