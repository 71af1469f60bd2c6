"""The board: which ones there are, which one is used, and the hand on a simulated one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body


class FoundBoardItem(BaseModel):
    """A board that is plugged in."""

    url: str = Field(description="Where it is; what PATCH /unit_api/board takes.")
    description: str
    serial_number: str | None
    problem: str | None = Field(description="Why it cannot be used now.")
    remedy: str | None = Field(description="What to do about the problem.")


class BoardItem(BaseModel):
    """The board in use and the state of the link to it."""

    link: Literal["connected", "simulated", "disconnected"]
    state: str = Field(description="no_board, found, connecting, connected, degraded, wrong_firmware, lost or refused.")
    since: str = Field(description="When this state began.")
    detail: str = Field(description="What happened.")
    remedy: str = Field(description="What to do next; empty when nothing is needed.")
    url: str | None
    is_simulated: bool
    board_name: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None
    round_trip_ms: float | None = None
    frames_lost: int = 0
    commands_repeated: int = 0
    heater_celsius: float | None = None
    supply_v: float | None = None
    faults: list[str] = []


class ChooseBoard(Body):
    """Which board to use from now on."""

    url: str = Field(
        description='"simulated:", a serial port, "socket://host:port", "replay:FILE", or "" for none.',
        max_length=1000,
        pattern=r"^[^\x00-\x1f\x7f]*$",
    )


class SimulationTruth(BaseModel):
    """The model's present state behind the readings, by name with unit."""

    truth: dict[str, float]


class Misbehave(Body):
    """A line the simulated board obeys, such as `unplug 5`, `drop 0.1`, `stall`, `heal`."""

    command: str


class Misbehaved(BaseModel):
    """What was done."""

    answer: str
