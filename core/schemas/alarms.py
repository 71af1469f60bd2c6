"""Alarms and their limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.bodies import Body

Severity = Literal["note", "warning", "alarm"]


class AlarmItem(BaseModel):
    """Something a person must know of. It is shown until its condition is over and somebody has acknowledged it."""

    id: int = Field(description="Never used again.")
    key: str = Field(description="What it is about, exactly; at most one open alarm has it.")
    signal: str = Field(description='What it is about: a signal of the limits, or "board", "job", "records", ...')
    severity: Severity
    state: Literal["active_unacknowledged", "active_acknowledged", "cleared_unacknowledged", "cleared_acknowledged"] = (
        Field(description="As in ANSI/ISA-18.2 and IEC 62682; the last one is over.")
    )
    message: str = Field(description="What happened, and why.")
    remedy: str = Field(description="What to do next; may be empty.")
    value: float | None = Field(description="What was measured when it was raised last, in the signal's unit.")
    limit: float | None = Field(description="The limit that it went beyond.")
    experiment: str | None
    raised_at: str = Field(description="When its condition began first.")
    last_raised_at: str = Field(description="When its condition began last.")
    times: int = Field(description="How often its condition began while the alarm was open.", ge=1)
    cleared_at: str | None = Field(description="When its condition was over; null while it lasts.")
    acknowledged_at: str | None
    acknowledged_by: str | None


class AlarmPage(BaseModel):
    """Alarms, newest first."""

    alarms: list[AlarmItem]
    next_before_id: int | None = Field(description="Ask on with this as before_id; null at the end.")


class Acknowledge(Body):
    """Who has seen an alarm."""

    who: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="", description="A person's name; the address the request came from when left out."
    )


class AcknowledgeAll(Acknowledge):
    """Who has seen which alarms."""

    ids: list[int] | None = Field(
        default=None, description="The alarms seen; all that are open when left out. Others are passed over."
    )


class LimitValues(BaseModel):
    """When a signal raises an alarm."""

    low: float | None = Field(description="In the signal's unit; null for none.")
    high: float | None = Field(description="In the signal's unit; null for none.")
    severity: Severity
    delay_s: float = Field(description="How long it must hold before an alarm is raised.")
    enabled: bool


class LimitItem(LimitValues):
    """The limit of a signal, and what it is about."""

    signal: str
    label: str
    unit: str
    meaning: str = Field(description="What is watched.")
    has_limits: bool = Field(description="Whether it has low and high limits; otherwise only delay_s counts.")
    is_deviation: bool = Field(description="Whether its limits are distances from a target.")
    hysteresis: float = Field(description="How far a value must come back inside for the condition to be over.")
    default: LimitValues


class Limits(BaseModel):
    """The limits in force."""

    limits: list[LimitItem]


_Bound = Annotated[float, Field(ge=-1e6, le=1e6)]


class LimitChange(Body):
    """What to change of a limit; what is left out stays."""

    low: _Bound | None = Field(default=None, description="In the signal's unit; null for none.")
    high: _Bound | None = Field(default=None, description="In the signal's unit; null for none.")
    severity: Severity = "warning"
    delay_s: float = Field(default=0.0, ge=0, le=86400, description="How long it must hold, in seconds.")
    enabled: bool = True


class LimitChanges(Body):
    """Limits to change by signal; null gives a signal its default back."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    temperature: LimitChange | None = None
    heater_board: LimitChange | None = None
    optical_density: LimitChange | None = None
    growth_rate: LimitChange | None = None
    stirring: LimitChange | None = None
    volume: LimitChange | None = None
    link: LimitChange | None = None
    readings: LimitChange | None = None


class ChangeLimits(Body):
    """New limits: all are taken, or none."""

    limits: LimitChanges
