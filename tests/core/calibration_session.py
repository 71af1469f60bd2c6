"""A guided calibration over HTTP, on a service whose time jumps: long runs take no time."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bent_service import EPOCH_UTC_S
from running_services import Served, serving

from core.schemas.calibration_sessions import SessionAndStep
from core.service import ServiceOptions

SESSIONS = "/calibrations/sessions"


@dataclass
class Guided:
    """One session, as its user sees it."""

    served: Served
    view: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.view["session"]["session_id"])

    @property
    def step_id(self) -> str:
        assert self.view["step"]["step_id"] == self.view["session"]["step_id"]
        return str(self.view["step"]["step_id"])

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = self.view["session"]["result"]
        assert self.view["step"]["metadata"]["result"] == result
        return result

    async def send(self, status: int = 200, /, **inputs: Any) -> dict[str, Any]:
        """Answer the present step; a refusal must leave the session as it is."""
        path = f"{SESSIONS}/{self.id}"
        body = await self.served.json("POST", f"{path}/inputs", status, json={"inputs": inputs}, timeout=None)
        if status == 200:
            SessionAndStep.model_validate(body)
            self.view = body
        else:
            assert body["error_info"]["status"] == status
            assert await self.served.json("GET", path) == self.view
        return dict(body)

    async def walk(self, *expected: str, **inputs: Any) -> None:
        """Send the same inputs until each of the expected steps has come, in order."""
        for step_id in expected:
            await self.send(**inputs)
            assert self.step_id == step_id


async def begin(served: Served, target_device: str, protocol_name: str) -> Guided:
    """Begin a session."""
    request = {"target_device": target_device, "protocol_name": protocol_name}
    return Guided(served, await served.json("POST", SESSIONS, 201, json=request))


@contextlib.asynccontextmanager
async def bent_unit(folder: Path, board: str | None = "simulated:") -> AsyncIterator[Served]:
    """Run a service with a simulated board, and a client of it, in time that jumps."""
    options = ServiceOptions(folder, board, epoch_utc_s=EPOCH_UTC_S, speed=math.inf)
    async with serving(options) as served:
        if served.service.board_link.current is not None:
            await served.service.board_link.current.wait_until_usable(10)
        yield served


def truth(served: Served) -> dict[str, float]:
    return served.service.board_link.simulation.truth()


def misbehave(served: Served, command: str) -> None:
    served.service.board_link.simulation.misbehave(command)


async def until_on(served: Served, output: str) -> None:
    """Let bent time pass until an output is on."""
    async with asyncio.timeout(60):
        while truth(served)[output] == 0:  # noqa: ASYNC110 - it is bent time that passes
            await asyncio.sleep(0.05)


def place(served: Served, od: float) -> None:
    """Put a vial with a suspension of this density into the simulated unit."""
    board: Any = served.service.board_link.simulation
    board.reactor.advance(board.now_us())
    board.reactor.culture.biomass_od = od
    board.reactor.culture.suspended = 1.0
