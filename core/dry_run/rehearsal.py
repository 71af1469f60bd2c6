"""The rehearsal itself: a simulated unit is set up like the real one, and runs the profile in bent time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from core.bioreactor.variables import CONFIG_SECTION
from core.config import Config, ConfigError
from core.disk_room import refuse_no_room
from core.dry_run.observation import Observation
from core.dry_run.plan import LONGEST_HOURS, USUAL_HOURS, DryRunPlan
from core.dry_run.standards import DEVICES, Points, fitted, read_standards
from core.dry_run.unit_copy import CopiedUnit, copy_unit
from core.profiles.course import course_of
from core.profiles.profile import Profile
from core.profiles.profiles import Checked
from core.profiles.runs import RunRequest
from core.service import Service, ServiceOptions, running_service
from core.unit_name import unit_name

# The model's pumps at full duty, from device/simulator/README.md; every real pump is a little different.
_PUMP_ML_PER_S = 0.0911
_PUMPS = ("media_pump", "alt_media_pump", "waste_pump")
_EXPERIMENT = "dry run"
_CONNECTS_WITHIN_S = 30.0
_SAMPLES = 480
_LEAST_STEP_S = 10.0
_ASSUMPTIONS = (
    "The culture is a model: a fast strain that grows from 2 to 45 °C, best at 34 °C, with 1.0 per hour at best, up to"
    " OD 8, after half an hour of lag. The alternative medium holds a drug that halves growth at full strength.",
    "The room has 26.5 °C, pumps move what they are calibrated for, within a few percent, and nothing breaks.",
    "Photodiodes, stirrer and heater are those of the model. Calibrations of optical density are fitted to them; an"
    " estimator of fused optical density is not, so that what goes by it says little.",
)

Progress = Callable[[float, float, str], None]


async def rehearse(plan: DryRunPlan, epoch_utc_s: float | None, progress: Progress) -> dict[str, Any]:
    """Return a `DryRunResult`; runs on a loop whose time is bent.

    Args:
        plan: what to rehearse.
        epoch_utc_s: UTC at the beginning, None for now.
        progress: called with hours done, hours in all, and a word for what is done.

    Raises:
        OSError: the unit's files cannot be read, or the work folder not written.
    """
    config = Config.load(Path(plan.data_dir))
    unit = unit_name(config)
    copied = await asyncio.to_thread(
        copy_unit, Path(plan.data_dir), Path(plan.work_dir) / "unit", unit, plan.experiment
    )
    options = ServiceOptions(
        copied.folder,
        _board(plan, config, copied),
        speed=math.inf,
        epoch_utc_s=epoch_utc_s,
        plugins=False,
        tasks_path=Path(plan.work_dir) / "tasks.sqlite",
    )
    progress(0.0, plan.hours or 0.0, "setting up")
    points: Points = {}
    if any(device in copied.active.get("calibrations", {}) for device in DEVICES):
        points = await read_standards(copied.folder / "config.ini", Path(plan.work_dir), epoch_utc_s)
    async with running_service(options) as service:
        return await _Rehearsal(plan, service, copied, progress, points).go()


def _board(plan: DryRunPlan, config: Config, copied: CopiedUnit) -> str:
    """Return the address of a simulated board whose vial holds what the real one does."""
    setup = {"inoculum_od": plan.inoculum_od}
    for name, variable, key in (
        ("volume_ml", "current_volume_ml", "initial_volume_ml"),
        ("efflux_ml", "efflux_tube_volume_ml", "efflux_tube_volume_ml"),
    ):
        try:
            setup[name] = float(copied.volumes.get(variable, config.number(CONFIG_SECTION, key)))
        except ConfigError:
            continue
    return f"simulated:?{urlencode(setup)}"


def _pump(data: dict[str, Any]) -> dict[str, Any]:
    """Return a pump's calibration with the curve of the model's pumps."""
    line = {"type": "poly", "coefficients": [_PUMP_ML_PER_S, 0.0]}
    return {**data, "curve_data_": line, "recorded_data": {"x": [], "y": []}, "dc": 100.0}


class _Rehearsal:
    """One rehearsal on a running simulated unit."""

    def __init__(
        self, plan: DryRunPlan, service: Service, copied: CopiedUnit, progress: Progress, points: Points
    ) -> None:
        self._points = points
        self._plan = plan
        self._service = service
        self._copied = copied
        self._progress = progress

    async def go(self) -> dict[str, Any]:
        """Set the unit up, run the profile and return the result."""
        service = self._service
        board = service.board_link.current
        assert board is not None and board.simulation is not None  # noqa: S101, PT018 - nothing real may ever move
        await board.wait_until_usable(_CONNECTS_WITHIN_S)
        await self._calibrate()
        checked = await service.profiles.check(self._plan.text, self._plan.inputs)
        if checked.profile is None or not checked.is_valid:
            return self._result(checked, Observation(service), is_complete=False, actions=[])
        hours, note = self._horizon(checked.profile)
        service.experiments.create(_EXPERIMENT, None, [])
        if self._copied.volumes:
            volumes = dict(self._copied.volumes)
            if "current_volume_ml" in volumes:
                capacity_ml = service.models.current.reactor_capacity_ml
                volumes["current_volume_ml"] = min(volumes["current_volume_ml"], capacity_ml)
            service.bioreactor.change(_EXPERIMENT, volumes)
        observation = Observation(service)
        request = RunRequest(
            checked.profile, self._plan.text, self._plan.profile, self._plan.inputs, _EXPERIMENT, run_id="dry-run"
        )
        run = service.profiles.runs.begin(request)
        await self._let_time_pass(observation, hours)
        is_complete = run.is_over
        _, _, lines = await service.profiles.runs.records.get(run.run_id)
        result = self._result(checked, observation, is_complete=is_complete, actions=[line.item() for line in lines])
        if note:
            result["assumptions"].insert(0, note)
        return result

    async def _calibrate(self) -> None:
        """Use the calibrations the unit uses; those of pumps and photodiodes become such as fit the model's."""
        service = self._service
        for catalogue in (service.calibrations, service.estimators):
            name = "calibrations" if catalogue is service.calibrations else "estimators"
            await catalogue.load()
            for device, chosen in self._copied.active.get(name, {}).items():
                if catalogue.has(device, chosen):
                    await catalogue.activate(device, chosen)
        for device in (*_PUMPS, *DEVICES):
            active = service.calibrations.active(device)
            if active is None:
                continue
            item = service.calibrations.item(device, active.name)
            data = {key: value for key, value in item.items() if key in active.mapping()}
            changed = fitted(data, self._points) if device in DEVICES else _pump(data)
            if changed is not None:
                await service.calibrations.save(device, changed, set_active=True, overwrite=True)

    def _horizon(self, profile: Profile) -> tuple[float, str]:
        """Return how many hours are rehearsed, and what a person has to know of that."""
        course = course_of(profile, self._service.unit, self._service.jobs.registry)
        last_hours, has_end = float(course["last_hours"]), bool(course["has_end"])
        if self._plan.hours is not None:
            return min(self._plan.hours, LONGEST_HOURS), ""
        if has_end:
            if last_hours > LONGEST_HOURS:
                return (
                    LONGEST_HOURS,
                    f"Only the first {LONGEST_HOURS:g} h were rehearsed, the longest that is possible.",
                )
            # What is due last takes a moment.
            return last_hours + 1 / 60, ""
        hours = min(max(USUAL_HOURS, last_hours), LONGEST_HOURS)
        return hours, f"The profile has no end of its own; its first {hours:g} h were rehearsed."

    async def _let_time_pass(self, observation: Observation, hours: float) -> None:
        """Go on to the horizon, or to the end of the profile when nothing it started runs on.

        Raises OSError where the disk has no more room than the real records need.
        """
        runs = self._service.profiles.runs
        step_s = max(hours * 3600.0 / _SAMPLES, _LEAST_STEP_S)
        while (left_s := (hours - observation.hours) * 3600.0) > 1e-6:
            await asyncio.sleep(min(step_s, left_s))
            observation.sample()
            refuse_no_room(Path(self._plan.work_dir))
            self._progress(round(observation.hours, 4), round(hours, 4), "rehearsing")
            if runs.current is None and all(entry.row.is_long_running for entry in self._service.jobs.running):
                return

    def _result(
        self, checked: Checked, observation: Observation, *, is_complete: bool, actions: list[dict[str, Any]]
    ) -> dict[str, Any]:
        od = observation.curves["od"]
        return {
            "profile": self._plan.profile,
            "valid": checked.is_valid,
            "problems": [problem.item() for problem in checked.problems.in_order()],
            "hours": round(observation.hours, 5),
            "is_complete": is_complete,
            "curves": observation.curves,
            "bottles": observation.bottles(),
            "most_volume_ml": round(observation.most_volume_ml, 3),
            "final_od": od[-1] if od else None,
            "jobs": observation.jobs(),
            "actions": actions,
            "log": observation.log(),
            "assumptions": list(_ASSUMPTIONS),
        }
