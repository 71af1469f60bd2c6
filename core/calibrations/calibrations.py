"""The calibrations of this unit."""

from __future__ import annotations

from typing import Any

from core.calibrations.calibration import Calibration, check_fits, read_calibration
from core.calibrations.catalogue import Catalogue


class Calibrations(Catalogue[Calibration]):
    """Calibrations by device and name, in `storage/calibrations` of the data folder; one per device may be active."""

    kind = "calibration"
    plural = "calibrations"

    def _read(self, data: Any, device: str) -> Calibration:
        calibration = read_calibration(data)
        check_fits(calibration, device)
        return calibration

    def _name_of(self, thing: Calibration) -> str:
        return thing.calibration_name
