"""Seven days of a turbidostat with all its jobs in bent time."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from pathlib import Path

from core.bent_loop import BentLoop
from core.jobs.runner import StartRequest
from core.service import Service, ServiceOptions, running_service
from tests.bench.figures import Figure

WEEK_S = 7 * 24 * 3600.0
EPOCH_UTC_S = 1_900_000_000.0
TARGET_OD = 0.25
_SETTLED_AFTER_S = 2 * 3600.0
_LOOK_EVERY_S = 600.0
_PUMP = {
    "calibration_type": "simple_peristaltic_pump",
    "calibration_name": "bench",
    "calibrated_on_pioreactor_unit": "bench",
    "created_at": "2030-01-01T00:00:00.000Z",
    "curve_data_": {"type": "poly", "coefficients": [0.0911, 0.0]},
    "recorded_data": {"x": [6.0, 12.0], "y": [0.55, 1.09]},
    "hz": 200.0,
    "dc": 100.0,
    "voltage": 5.0,
}


def measure() -> list[Figure]:
    """Return the wall-clock and processor time of the week, and how far the culture was from its target."""
    with (
        tempfile.TemporaryDirectory(prefix="vialdesk-week-") as folder,
        asyncio.Runner(loop_factory=lambda: BentLoop(math.inf)) as runner,
    ):
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        farthest = runner.run(_live(Path(folder)))
        took_s, took_cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return [
        Figure("seven days of a turbidostat with all jobs", took_s, "s", 60),
        Figure("the same, processor time", took_cpu_s, "s"),
        Figure("biomass, farthest from its mean", 100 * farthest, "%", 5),
    ]


async def _live(folder: Path) -> float:
    """Live a week; return how far, as a fraction, biomass went from its mean after the first hours."""
    url = "simulated:?volume_ml=15&efflux_ml=15&inoculum_od=1.1"
    options = ServiceOptions(folder, url, seed=7, speed=math.inf, epoch_utc_s=EPOCH_UTC_S)
    async with running_service(options) as service:
        board = service.board_link.current
        assert board is not None
        await board.wait_until_usable(timeout_s=10)
        for pump in ("media_pump", "waste_pump"):
            await service.calibrations.save(pump, _PUMP, set_active=True)
        await _start(service, "stirring")
        await _start(service, "od_reading")
        await _start(service, "growth_rate_calculating")
        await _start(service, "temperature_automation", automation_name="thermostat", target_temperature=30)
        turbidostat = {"exchange_volume_ml": 0.5, "target_biomass": TARGET_OD, "biomass_signal": "od"}
        await _start(service, "dosing_automation", automation_name="turbidostat", **turbidostat)
        biomass = []
        for moment in range(round(WEEK_S / _LOOK_EVERY_S)):
            await asyncio.sleep(_LOOK_EVERY_S)
            if moment * _LOOK_EVERY_S > _SETTLED_AFTER_S:
                biomass.append(service.board_link.simulation.truth()["biomass_od"])
    mean = sum(biomass) / len(biomass)
    return max(abs(value / mean - 1) for value in biomass)


async def _start(service: Service, job_name: str, **options: object) -> None:
    await service.jobs.until_started(service.jobs.start(StartRequest(job_name, options)))
