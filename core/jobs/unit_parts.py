"""What a unit has besides its board, for jobs to ask."""

from __future__ import annotations

from dataclasses import dataclass

from core.reactor_models import ReactorModel, ReactorModels


@dataclass(frozen=True)
class UnitParts:
    """The parts of the service that jobs may use.

    Attributes:
        models: the reactor models; `models.current` is this unit's.
    """

    models: ReactorModels


@dataclass(frozen=True)
class StartPlace:
    """Where a job is about to start, for its last checks before anything happens.

    Attributes:
        experiment: the experiment it would run in, None when a new one would be made for it.
        model: the reactor model to check against: the unit's, or the one the request named.
    """

    parts: UnitParts
    experiment: str | None
    model: ReactorModel
