"""The estimators of this unit."""

from __future__ import annotations

from typing import Any

from core.calibrations.catalogue import Catalogue
from core.calibrations.files import FoundFile
from core.estimators.estimator import FusedOdEstimator, read_estimator


class Estimators(Catalogue[FusedOdEstimator]):
    """Estimators by device and name, in `storage/estimators` of the data folder; one per device may be active."""

    kind = "estimator"
    plural = "estimators"

    def _read(self, data: Any, device: str) -> FusedOdEstimator:
        return read_estimator(data, device)

    def _name_of(self, thing: FusedOdEstimator) -> str:
        return thing.estimator_name

    def _answer(self, device: str, name: str, found: FoundFile[FusedOdEstimator]) -> dict[str, Any]:
        return {**super()._answer(device, name, found), "device": device}
