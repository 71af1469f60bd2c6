"""A vial that can be dosed: a service on a simulated reactor whose pumps are calibrated, in bent time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bent_service import Told, bent_service, started, truth
from calibration_data import pump
from pump_calibrations import keep_calibration

from core.bus import DosingEvent, SettingChanged
from core.jobs.job import Job
from core.service import Service

PUMPS = {2: "media_pump", 3: "alt_media_pump", 4: "waste_pump"}
PERCENTS = tuple(f"{device}_percent" for device in PUMPS.values())


async def calibrate(service: Service) -> None:
    """Give each pump a calibration that fits it, as a careful user does."""
    reactor = service.board_link.simulation.reactor  # type: ignore[attr-defined]
    for channel, device in PUMPS.items():
        curve = {"type": "poly", "coefficients": [reactor.pumps[channel]._full_ml_per_s, 0.0]}
        await keep_calibration(service, device, pump("good", curve_data_=curve))


@contextlib.asynccontextmanager
async def vial(folder: Path, inoculum_od: float = 1.0, volume_ml: float = 15.0) -> AsyncIterator[tuple[Service, Told]]:
    """Run a service with calibrated pumps; the waste tube's tip is at 15 ml."""
    url = f"simulated:?volume_ml={volume_ml}&efflux_ml=15&inoculum_od={inoculum_od}"
    async with bent_service(folder, url) as (service, told):
        await calibrate(service)
        service.bus.listen(DosingEvent, told.events.append)
        yield service, told


async def rule(service: Service, name: str, **options: Any) -> Job:
    return await started(service, "dosing_automation", automation_name=name, **options)


def doses(told: Told, event: str) -> list[float]:
    return [dose.volume_change_ml for dose in told.of(DosingEvent) if dose.event == event]


def pumping(service: Service) -> bool:
    state = truth(service)
    return any(state[name] > 0 for name in PERCENTS)


def counted_ml(service: Service, job: Job) -> float:
    return service.bioreactor.values(job.context.experiment)["current_volume_ml"]


def event_names(told: Told) -> list[str]:
    changes = [event for event in told.of(SettingChanged) if event.setting == "latest_event" and event.value]
    return [event.value["event_name"] for event in changes]
