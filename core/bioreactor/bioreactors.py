"""The bioreactor variables of every experiment: kept for good, counted on with every dose, and told to whoever asks."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from core.bioreactor.accounting import Liquids, after_dose
from core.bioreactor.variables import CONFIG_SECTION, VARIABLES
from core.bioreactor.vial import Vial
from core.bus import BioreactorChanged, Bus, DosingEvent, ExperimentChanged, ReadingTaken
from core.clock import Clock
from core.config import Config
from core.errors import BadRequestError
from core.reactor_models import ReactorModel, ReactorModels
from core.records.records import LIVE_ONLY_PREFIX
from core.records.values import ValueStore

_log = logging.getLogger(__name__)

_STORE = "bioreactor"
# Doses of a pump's calibration go into a measuring cylinder, not into the vial; they belong to no experiment. Whoever
# calls doses of an experiment so has them counted all the same: an inflow that is not counted never ends as full.
CALIBRATION_SOURCE = "pump_calibration"
_LEAST_TIME_APART_S = 1e-6
# By less than this the counts of unit and experiment differ through sums alone.
_SAME_ML = 1e-6
_VOLUME = "current_volume_ml"
_RECORDED = (_VOLUME, "alt_media_fraction")


class Bioreactors:
    """Six variables for each experiment, and one count for the vial they all use.

    Values live in the records, as one object for each experiment so that no half of a dose is ever kept; those of
    live-only experiments are forgotten with the service.

    Args:
        active: returns the active experiment: its volume is what a person says of the vial.

    Attributes:
        vial: what can be in the vial.
    """

    def __init__(
        self,
        store: ValueStore,
        config: Config,
        models: ReactorModels,
        bus: Bus,
        clock: Clock,
        active: Callable[[], str | None],
    ) -> None:
        self.vial = Vial(store, clock)
        self._active = active
        self._store = store
        self._config = config
        self._models = models
        self._bus = bus
        self._clock = clock
        self._live_only: dict[str, dict[str, float]] = {}
        self._last_s: dict[str, float] = {}
        self._warned: set[tuple[str, str]] = set()
        self._begun: set[str] = set()
        bus.listen(DosingEvent, self._on_dose)
        bus.listen(ExperimentChanged, self._on_experiment)

    def values(self, experiment: str | None) -> dict[str, float]:
        """Return the six variables of an experiment, the configured first values where nothing else is known.

        A value that this reactor model cannot have (the model was changed) is moved to the nearest limit, and told.

        Raises:
            ConfigError: section [bioreactor] or [reactor] cannot be used.
        """
        known = self._known(experiment) if experiment is not None else {}
        model = self._models.current
        return {name: self._within(model, experiment, name, known.get(name)) for name in VARIABLES}

    def liquids(self, experiment: str | None) -> Liquids:
        """Return the variables as the count of liquids uses them; raises as `values`."""
        return Liquids(**self.values(experiment))

    def fill_ml(self, experiment: str | None) -> float:
        """Return the greatest volume that can be in the vial: what checks against over-filling go by.

        That is the experiment's count, or the vial's where more was pumped since somebody said what is in it: for other
        experiments, or by a run that the end of a service cut off. Raises as `values`.
        """
        counted_ml = self.values(experiment)[_VOLUME]
        return counted_ml if self.vial.greatest_ml is None else max(counted_ml, self.vial.greatest_ml)

    def why_fuller(self, experiment: str | None) -> str:
        """Say why the vial may hold more than the experiment's count; empty where it does not."""
        counted_ml, fill_ml = self.values(experiment)[_VOLUME], self.fill_ml(experiment)
        if fill_ml <= counted_ml + _SAME_ML:
            return ""
        return self.vial.doubt or (
            f"This experiment counts {counted_ml:.3f} ml, but the pumps filled the vial to {fill_ml:.3f} ml, for other "
            "experiments too, since somebody said what is in it."
        )

    def change(self, experiment: str, wanted: dict[str, float]) -> None:
        """Set variables of an experiment: all that are given, or none when one is refused.

        Raises:
            BadRequestError: an unknown variable, or a value outside its limits.
            ConfigError: as `values`.
        """
        if unknown := [name for name in wanted if name not in VARIABLES]:
            raise BadRequestError(
                f"There is no bioreactor variable {', '.join(map(repr, unknown))}.",
                remedy="Use the names in `known`.",
                fields=unknown,
                known=list(VARIABLES),
            )
        if not wanted:
            raise BadRequestError("There is no variable to change.", fields=["values"], known=list(VARIABLES))
        for name, value in wanted.items():
            self._refuse_outside(name, value)
        if _VOLUME in wanted and self._active() in (experiment, None):
            self.vial.say(float(wanted[_VOLUME]))
        before = self.values(experiment)
        values = before | {name: float(value) for name, value in wanted.items()}
        changed = {name: value for name, value in values.items() if before[name] != value}
        self._keep(experiment, values, changed, self._clock.utc_s())

    def count_in_vial(self, experiment: str, event: str, volume_change_ml: float) -> None:
        """Count for the vial alone what has moved; of its experiment the whole was told before. Raises as `values`."""
        capacity_ml = self._models.current.reactor_capacity_ml
        self.vial.count(self.values(experiment), event, volume_change_ml, capacity_ml)

    def _known(self, experiment: str) -> dict[str, float]:
        if experiment in self._live_only:
            return self._live_only[experiment]
        stored = self._store.get(_STORE, experiment, {})
        return stored if isinstance(stored, dict) else {}

    def _within(self, model: ReactorModel, experiment: str | None, name: str, value: Any) -> float:
        variable = VARIABLES[name]
        if not isinstance(value, int | float):
            value = self._config.number(CONFIG_SECTION, variable.config_key)
        low, high = variable.limits(model)
        if not low <= value <= high and (str(experiment), name) not in self._warned:
            self._warned.add((str(experiment), name))
            what = "%s of %r is %g, which this reactor model cannot have; it is taken as %g. Correct it, or the model."
            _log.warning(what, name, experiment, value, min(max(value, low), high))
        return min(max(float(value), low), high)

    def _refuse_outside(self, name: str, value: float) -> None:
        model = self._models.current
        low, high = VARIABLES[name].limits(model)
        if not low <= value <= high:
            upper = "" if high == float("inf") else f" to {high:g}"
            raise BadRequestError(
                f"{name} must be {low:g}{upper or ' or more'}, not {value:g}.",
                cause=f"A {model.display_name} holds {model.reactor_capacity_ml:g} ml.",
                remedy="Choose a value inside the range.",
                fields=[name],
            )

    def _on_dose(self, event: DosingEvent) -> None:
        if event.source != CALIBRATION_SOURCE or not event.experiment.startswith(LIVE_ONLY_PREFIX):
            try:
                self._count(event)
            except (ValueError, BadRequestError) as error:
                what = "%g ml of %s are not counted: %s The volume shown is no longer that of the vial; correct it."
                _log.warning(what, event.volume_change_ml, event.event, error)

    def _on_experiment(self, event: ExperimentChanged) -> None:
        """Tell, when an experiment begins, that the vial may be fuller than it begins with."""
        name = event.experiment["experiment"]
        if not event.experiment["is_active"] or name in self._begun:
            return
        self._begun.add(name)
        why = "" if self._known(name) else self.why_fuller(name)
        if why:
            _log.warning("%s begins. %s With another vial, set current_volume_ml to what is in it.", name, why)

    def _count(self, event: DosingEvent) -> None:
        if not math.isfinite(event.volume_change_ml):
            raise ValueError("that is no volume.")
        before = self.values(event.experiment)
        if event.in_vial:
            self.vial.count(before, event.event, event.volume_change_ml, self._models.current.reactor_capacity_ml)
        counted = vars(after_dose(Liquids(**before), event.event, event.volume_change_ml))
        changed = {name: value for name, value in counted.items() if before[name] != value}
        for name, value in changed.items():
            self._refuse_outside(name, value)
        self._keep(event.experiment, {**counted}, changed, event.utc_s)

    def _keep(self, experiment: str, values: dict[str, float], changed: dict[str, float], utc_s: float) -> None:
        if experiment.startswith(LIVE_ONLY_PREFIX):
            self._live_only[experiment] = values
        else:
            self._store.set(_STORE, experiment, values)
        if changed:
            self._bus.publish(BioreactorChanged(utc_s, experiment, changed))
        # Two changes can fall on one moment, of which a series keeps one reading.
        utc_s = self._last_s[experiment] = max(utc_s, self._last_s.get(experiment, 0.0) + _LEAST_TIME_APART_S)
        for name in _RECORDED:
            if name in changed:
                self._bus.publish(ReadingTaken(utc_s, experiment, name, values[name]))
