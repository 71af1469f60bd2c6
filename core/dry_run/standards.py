"""Standards of the model's optics: a calibration of optical density that fits the photodiodes of a rehearsal.

A unit's own calibration fits its own photodiodes, and no others. What goes by calibrated density would be held at
another density in a rehearsal, so known densities are put into simulated vials and read, as a user would do.
"""

from __future__ import annotations

import asyncio
import math
import shutil
from pathlib import Path
from typing import Any

from core.bus import ReadingTaken
from core.calibrations.fits import fit_akima
from core.jobs.runner import StartRequest
from core.records.records import LIVE_ONLY_PREFIX
from core.service import ServiceOptions, running_service

DEVICES = ("od45", "od90", "od135")
_DENSITIES_OD = (0.0, 0.05, 0.15, 0.5, 1.0, 2.0, 4.0, 8.0)
_INTERVAL_S = 5.0
# The first readings are still tuned; the culture has not begun to grow by the last.
_READINGS = 4
_READS_FOR_S = 40.0
_CONNECTS_WITHIN_S = 30.0

# Photodiode channel to densities and volts.
Points = dict[str, tuple[list[float], list[float]]]


async def read_standards(config_file: Path, folder: Path, epoch_utc_s: float | None) -> Points:
    """Return what each photodiode reads at each density; writes into `folder`."""
    points: Points = {}
    for number, density_od in enumerate(_DENSITIES_OD):
        unit = folder / f"standard-{number}"
        await asyncio.to_thread(_copy_config, config_file, unit)
        for channel, volts in (await _read(unit, density_od, epoch_utc_s)).items():
            densities_od, readings_v = points.setdefault(channel, ([], []))
            densities_od.append(density_od)
            readings_v.append(volts)
    return points


def fitted(data: dict[str, Any], points: Points) -> dict[str, Any] | None:
    """Return a calibration of optical density with the curve of the model's, None when its photodiode read nothing."""
    densities_od, readings_v = points.get(str(data.get("pd_channel")), ([], []))
    if len(densities_od) < len(_DENSITIES_OD):
        return None
    curve = fit_akima(densities_od, readings_v)
    return {**data, "curve_data_": curve.model_dump(), "recorded_data": {"x": densities_od, "y": readings_v}}


def _copy_config(config_file: Path, unit: Path) -> None:
    unit.mkdir(parents=True)
    shutil.copy(config_file, unit / "config.ini")


async def _read(unit: Path, density_od: float, epoch_utc_s: float | None) -> dict[str, float]:
    """Return the volts of each photodiode, by channel, in a vial of one density."""
    options = ServiceOptions(
        unit, f"simulated:?inoculum_od={density_od}", speed=math.inf, epoch_utc_s=epoch_utc_s, plugins=False,
        tasks_path=unit / "tasks.sqlite",
    )  # fmt: skip
    read: dict[str, list[float]] = {}

    def keep(event: ReadingTaken) -> None:
        if event.series.startswith("od") and event.series[2:].isdigit():
            read.setdefault(event.series[2:], []).append(event.value)

    async with running_service(options) as service:
        if service.board_link.current is not None:
            await service.board_link.current.wait_until_usable(_CONNECTS_WITHIN_S)
        service.bus.listen(ReadingTaken, keep)
        where = f"{LIVE_ONLY_PREFIX}standards"
        service.jobs.start(StartRequest("od_reading", {"interval": _INTERVAL_S}, experiment=where))
        await asyncio.sleep(_READS_FOR_S)
    return {
        channel: sum(values[-_READINGS:]) / _READINGS for channel, values in read.items() if len(values) > _READINGS
    }
