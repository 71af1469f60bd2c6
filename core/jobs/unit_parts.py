"""What a unit has besides its board, for jobs to ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.bioreactor.bioreactors import Bioreactors
from core.calibrations.calibrations import Calibrations
from core.estimators.estimators import Estimators
from core.reactor_models import ReactorModel, ReactorModels
from core.records.values import ValueStore


@dataclass(frozen=True)
class UnitParts:
    """The parts of the service that jobs may use.

    Attributes:
        models: the reactor models; `models.current` is this unit's.
        calibrations: `calibrations.active("media_pump")` is the one in use, None when there is none.
        estimators: likewise, of fused optical density.
        bioreactor: what is in the vial, by the count of what was pumped.
        data_dir: the data folder.
    """

    models: ReactorModels
    calibrations: Calibrations
    estimators: Estimators
    bioreactor: Bioreactors
    data_dir: Path


@dataclass(frozen=True)
class StartPlace:
    """Where a job is about to start, for its last checks before anything happens.

    Attributes:
        experiment: the experiment it would run in, None when a new one would be made for it.
        model: the reactor model to check against: the unit's, or the one the request named.
        running: names of the jobs that run.
        store: values kept for good, by store name and key.
    """

    parts: UnitParts
    experiment: str | None
    model: ReactorModel
    running: frozenset[str]
    store: ValueStore
