"""Recorded doses and changes of light."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DoseItem(BaseModel):
    """A dose: events of one kind and cause that followed each other closely, put together."""

    id: int = Field(description="Number of its first event, never another's.")
    t: str = Field(description="When its first event was told.")
    until: str = Field(description="When its last event was told.")
    event: str = Field(examples=["add_media", "add_alt_media", "remove_waste"])
    volume_change: float = Field(description="In ml; positive for waste too, negative where too much was announced.")
    source_of_event: str = Field(description="Who dosed.", examples=["dosing_automation:chemostat"])
    doses: int = Field(description="How many doses these are; more than 1 when put together over a longer time.")


class DosingEvents(BaseModel):
    """Doses of an experiment, oldest first."""

    experiment: str
    pioreactor_unit: str
    has_older: bool = Field(description="There are older ones in the span: ask again with `to` = `t` of the first.")
    events: list[DoseItem]


class LedEventItem(BaseModel):
    """A change of light."""

    id: int
    t: str
    channel: str = Field(examples=["A"])
    intensity: float = Field(description="In percent.")
    source_of_event: str = Field(description="Who lit it, or why it went off.", examples=["led_intensity"])


class LedEvents(BaseModel):
    """Changes of light of an experiment, oldest first."""

    experiment: str
    pioreactor_unit: str
    has_older: bool = Field(description="There are older ones in the span: ask again with `to` = `t` of the first.")
    events: list[LedEventItem]
