"""What the dosing rules share: which pumps must be calibrated, how a dose is given, and when none may be given.

A dose goes in by small parts with a pause for mixing after each, then waste is taken out: first as much as went in,
then a multiple of it more. The waste tube's height sets the level; the rest of what the waste pump takes is air.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from core.automations.automation import AUTOMATION_SETTINGS, AutomationEvent, EventName
from core.automations.runs import RunningAutomation
from core.automations.timed import SKIP_FIRST_RUN
from core.plugins.api import (
    ALT_MEDIA,
    BIOREACTOR_VARIABLES,
    MEDIA,
    WASTE,
    BadRequestError,
    BioreactorChanged,
    Config,
    Dosed,
    DosingEvent,
    JobState,
    Option,
    Pump,
    PumpRun,
    ReferenceJumped,
    Setting,
    StartPlace,
    not_calibrated,
    pwm_channel,
)

_SECTION = "dosing_automation.config"
START_VARIABLES = ("alt_media_fraction", "current_volume_ml", "efflux_tube_volume_ml")
DOSING_OPTIONS = (
    SKIP_FIRST_RUN,
    Option(
        "current_volume_ml",
        "float",
        help="what is in the vial now; left as it is known when empty",
        unit="mL",
        minimum=0,
        label="Volume in the vial",
    ),
    Option(
        "efflux_tube_volume_ml",
        "float",
        help="volume at which the tip of the waste tube touches the surface",
        unit="mL",
        minimum=0,
        label="Volume at the waste tube",
    ),
    Option(
        "alt_media_fraction",
        "float",
        help="0 is all medium, 1 is all alternative medium",
        minimum=0,
        maximum=1,
        label="Share of alternative medium in the vial",
    ),
)
DOSING_SETTINGS = {
    **AUTOMATION_SETTINGS,
    "duration": Setting("float", unit="min", label="Time between runs"),
}
_NEARLY_FULL = 0.95
_WARN_EVERY_S = 10.0
_LOOK_AWAKE_EVERY_S = 5.0
_BEFORE_EXTRA_WASTE_S = 0.05
_TOLERANCE_ML = 1e-9
_SHORT_ML = 1e-3
_STOP_WITHIN_S = 3.0
# Alarms of this job.
_FULL, _DOUBT = "full", "doubt"
_WHEN_FULL = "Look whether the waste tube is free, correct the volume if the count is wrong, then wake the job."


class DosingAutomation(RunningAutomation):
    """Base of the dosing rules.

    Attributes:
        pumps: what the rule doses with; each must be calibrated.
        amounts: options and settings in millilitres, or of another unit, that must be above 0.
    """

    pumps: ClassVar[tuple[Pump, ...]] = ()
    amounts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._pause_s = config.number(_SECTION, "pause_between_subdoses_seconds")
        self._extra_waste = config.number(_SECTION, "waste_removal_multiplier")
        self._most_at_once_ml = config.number(_SECTION, "max_subdose")
        for key, value in (("max_subdose", self._most_at_once_ml), ("waste_removal_multiplier", self._extra_waste)):
            if not value > 0:
                raise config.refuse(_SECTION, key, "above 0")
        self._pumping: asyncio.Task[Dosed] | None = None
        self._is_resting = False
        self._warned_s = float("-inf")
        self._refuse_no_amount({name: self.options[name] for name in self.amounts})

    def check_start(self, place: StartPlace) -> None:
        """Refuse volumes and shares that the vial cannot have."""
        for name in START_VARIABLES:
            value = self.options[name]
            low, high = BIOREACTOR_VARIABLES[name].limits(place.model)
            if value is not None and not low <= value <= high:
                raise BadRequestError(
                    f"{name} must be {low:g} to {high:g}, not {value:g}.",
                    cause=f"A {place.model.display_name} holds {place.model.reactor_capacity_ml:g} ml.",
                    remedy="Choose a value inside the range.",
                    fields=[name],
                )

    def calibrations_needed(self) -> tuple[str, ...]:
        """The pumps of the rule."""
        return tuple(pump.device for pump in self.pumps)

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse amounts that are none."""
        super().check_settings(values)
        self._refuse_no_amount({name: value for name, value in values.items() if name in self.amounts})

    async def set_up(self) -> None:
        """Look whether the pumps can be used, take the vial's volume as given, and begin."""
        calibrations = self.context.parts.calibrations
        missing = [pump for pump in self.pumps if calibrations.active(pump.device) is None]
        if missing:
            raise not_calibrated(*missing)
        for pump in self.pumps:
            pwm_channel(self.config, pump.role)
        given = {name: self.options[name] for name in START_VARIABLES if self.options[name] is not None}
        if given:
            self.context.parts.bioreactor.change(self.context.experiment, given)
        for name in self.amounts:
            self.publish(name, self.options[name])
        if self.pumps and self.context.settings_of("stirring") is None:
            self.log.warning("Stirring is off: what is dosed will not be mixed. Start stirring too.")
        self.listen(BioreactorChanged, self._hear_volume)
        self.listen(ReferenceJumped, self._hear_doubt)
        await super().set_up()

    async def on_ready_to_sleeping(self) -> None:
        """Stop the pump that runs, at once; the rest of the dose waits until the job is woken."""
        self._is_resting = True
        await self._stop_pumping()

    async def on_sleeping_to_ready(self) -> None:
        """Go on with a dose that was begun."""
        self._is_resting = False
        self.alarms.end_all()

    async def on_disconnected(self) -> None:
        """Stop the pump that runs."""
        await self._stop_pumping()

    @property
    def volume_ml(self) -> float:
        """What is in the vial, by the count of what was pumped."""
        return self.context.parts.bioreactor.liquids(self.context.experiment).current_volume_ml

    @property
    def fill_ml(self) -> float:
        """The greatest volume that can be in the vial, also by what was pumped for other experiments."""
        return self.context.parts.bioreactor.fill_ml(self.context.experiment)

    async def dose(self, **asked_ml: float) -> dict[str, float]:
        """Exchange liquid; return what has moved, by the same names.

        Args:
            asked_ml: `waste_ml`, `media_ml`, `alt_media_ml`, or `<x>_ml` where the rule has `add_<x>_to_bioreactor`.

        Raises:
            ValueError: a name or a volume makes no sense, or less would go out than comes in.
            ServiceError, BoardError: a pump could not do it; nothing more is pumped then.
        """
        self._check_volumes(asked_ml)
        moved = dict.fromkeys(asked_ml, 0.0)
        self.tell(AutomationEvent(EventName.DOSING_STARTED, data=dict(asked_ml)))
        try:
            await self._dose_in_parts(asked_ml, moved)
        finally:
            self.tell(
                AutomationEvent(EventName.DOSING_STOPPED, data={name: round(ml, 6) for name, ml in moved.items()})
            )
        if asked_ml.get("waste_ml", 0.0) - moved.get("waste_ml", 0.0) > _SHORT_ML:
            self.log.warning("Only %g of %g ml of waste were removed.", moved["waste_ml"], asked_ml["waste_ml"])
        return moved

    async def add_media_to_bioreactor(self, volume_ml: float) -> float:
        """Add medium; return the millilitres moved."""
        return await self._pump(MEDIA, volume_ml)

    async def add_alt_media_to_bioreactor(self, volume_ml: float) -> float:
        """Add alt-medium; return the millilitres moved."""
        return await self._pump(ALT_MEDIA, volume_ml)

    async def add_in_parts(self, name: str, volume_ml: float, moved: dict[str, float]) -> bool:
        """Add liquid in parts of at most `max_subdose`, without removing any; False when the vial would be full."""
        if volume_ml > self._most_at_once_ml:
            first = await self.add_in_parts(name, volume_ml / 2, moved)
            return first and await self.add_in_parts(name, volume_ml / 2, moved)
        return await self._add(name, volume_ml, moved)

    def would_fill(self, volume_ml: float) -> bool:
        """Whether adding this much would fill the vial to its limit."""
        return self.fill_ml + volume_ml >= self.context.parts.models.current.reactor_max_fill_volume_ml

    async def fall_asleep(self) -> None:
        """Go to sleep until a person wakes the job; a run under way waits meanwhile."""
        if self.state is JobState.READY:
            await self.change({"$state": JobState.SLEEPING.value})

    async def _dose_in_parts(self, asked_ml: dict[str, float], moved: dict[str, float]) -> bool:
        inflow_ml = {name: ml for name, ml in asked_ml.items() if name != "waste_ml"}
        if sum(inflow_ml.values()) > self._most_at_once_ml:
            half = {name: ml / 2 for name, ml in asked_ml.items()}
            return await self._dose_in_parts(half, moved) and await self._dose_in_parts(half, moved)
        for name, ml in inflow_ml.items():
            if ml > 0 and not await self._add(name, ml, moved):
                return False
        waste_ml = asked_ml.get("waste_ml", 0.0)
        if waste_ml > 0:
            await self._until_awake()
            moved["waste_ml"] += await self._pump(WASTE, waste_ml)
            await self.sleep(_BEFORE_EXTRA_WASTE_S)
            await self._until_awake()
            await self._pump(WASTE, waste_ml * self._extra_waste)
        return True

    async def _add(self, name: str, ml: float, moved: dict[str, float]) -> bool:
        await self._until_awake()
        if self.would_fill(ml):
            self.log.error("%g ml more would fill the vial, which holds %.2f ml: no dose.", ml, self.fill_ml)
            what = f"Dosing stopped: {ml:.3g} mL more would have filled the vial, which held {self.fill_ml:.2f} mL."
            self.alarms.begin(_FULL, what, _WHEN_FULL, signal="volume")
            await self.fall_asleep()
            return False
        add: Callable[[float], Awaitable[float]] = getattr(self, f"add_{name.removesuffix('_ml')}_to_bioreactor")
        moved[name] += await add(ml)
        await self.sleep(self._pause_s)
        return True

    async def _pump(self, pump: Pump, volume_ml: float) -> float:
        """Run a pump for a volume; return what it moved, which is less when the job is put to sleep meanwhile."""
        told: list[float] = []

        def count(event: DosingEvent) -> None:
            if (event.experiment, event.event, event.source) == (self.context.experiment, pump.event, self.source):
                told.append(event.volume_change_ml)

        run = PumpRun(self, pump, self.source)
        stop_counting = self.context.bus.listen(DosingEvent, count)
        self._pumping = asyncio.create_task(run.add_ml(volume_ml), name="dose")
        try:
            dosed = await self._pumping
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.is_ending or (task is not None and task.cancelling()):
                raise
            return sum(told)  # cut off because the job was put to sleep
        finally:
            self._pumping = None
            stop_counting()
        if dosed.error is not None:
            raise dosed.error
        return dosed.moved_ml

    async def _stop_pumping(self) -> None:
        pumping = self._pumping
        if pumping is not None:
            pumping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait((pumping,), timeout=_STOP_WITHIN_S)

    async def _until_awake(self) -> None:
        while self._is_resting:
            await self.sleep(_LOOK_AWAKE_EVERY_S)

    def _check_volumes(self, asked_ml: dict[str, float]) -> None:
        for name, ml in asked_ml.items():
            if not name.endswith("_ml"):
                raise ValueError(f"{name} is no volume in ml")
            if not ml >= 0:
                raise ValueError(f"{name} must be 0 or more, not {ml:g}")
            if name != "waste_ml" and not hasattr(self, f"add_{name.removesuffix('_ml')}_to_bioreactor"):
                raise ValueError(f"there is no way to add {name}: add_{name.removesuffix('_ml')}_to_bioreactor")
        inflow_ml = sum(ml for name, ml in asked_ml.items() if name != "waste_ml")
        if asked_ml.get("waste_ml", 0.0) < inflow_ml - _TOLERANCE_ML:
            raise ValueError(f"{inflow_ml:g} ml would come in and less go out: the vial would fill up")

    def _hear_volume(self, event: BioreactorChanged) -> None:
        """Warn of a vial that gets full, and stop dosing when it is."""
        if event.values.get("current_volume_ml") is None or event.experiment != self.context.experiment:
            return
        if self.state is not JobState.READY:
            return
        volume_ml = self.fill_ml
        most_ml = self.context.parts.models.current.reactor_max_fill_volume_ml
        now_s = self.clock.monotonic_s()
        if volume_ml >= most_ml:
            self.log.error("The vial holds %.2f ml, %g ml at most are allowed: dosing stops.", volume_ml, most_ml)
            what = f"Dosing stopped: the vial held {volume_ml:.2f} mL, and {most_ml:g} mL at most are allowed."
            self.alarms.begin(_FULL, what, _WHEN_FULL, signal="volume")
            self.spawn(self.fall_asleep())
        elif volume_ml >= _NEARLY_FULL * most_ml and now_s - self._warned_s >= _WARN_EVERY_S:
            self._warned_s = now_s
            self.log.warning("The vial is nearly full: %.2f ml of %g ml.", volume_ml, most_ml)

    def _hear_doubt(self, event: ReferenceJumped) -> None:
        """Dose no more by densities that may be wrong."""
        if event.experiment == self.context.experiment and self.state is JobState.READY:
            message = (
                "the light of OD readings is not steady: dosing stops. Look whether the infrared LED and its photodiode"
                " sit firmly, then wake this job."
            )
            self.tell(AutomationEvent(EventName.ERROR, message))
            what = "Dosing stopped: the light of OD readings was not steady, so densities are doubtful."
            remedy = "Look whether the infrared LED and its photodiode sit firmly, then wake the job."
            self.alarms.begin(_DOUBT, what, remedy, signal="optical_density")
            self.spawn(self.fall_asleep())

    def _refuse_no_amount(self, amounts: dict[str, float]) -> None:
        wrong = [name for name, value in amounts.items() if value is not None and not value > 0]
        if wrong:
            raise BadRequestError(
                f"{', '.join(wrong)} must be above 0.", remedy="Choose a value above 0.", fields=wrong
            )
