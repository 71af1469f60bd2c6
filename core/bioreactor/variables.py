"""The variables of a bioreactor: their limits, and where the configuration says what they begin with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.reactor_models import ReactorModel

CONFIG_SECTION = "bioreactor"


@dataclass(frozen=True)
class Variable:
    """One variable.

    Attributes:
        config_key: key of section [bioreactor] with its first value.
        most: its greatest value; None where the vial's capacity is.
    """

    config_key: str
    most: float | None

    def limits(self, model: ReactorModel) -> tuple[float, float]:
        """Return the least and the greatest value in a vial of this model."""
        return 0.0, model.reactor_capacity_ml if self.most is None else self.most


VARIABLES: dict[str, Variable] = {
    "current_volume_ml": Variable("initial_volume_ml", None),
    "efflux_tube_volume_ml": Variable("efflux_tube_volume_ml", None),
    "alt_media_fraction": Variable("initial_alt_media_fraction", 1.0),
    "cumulative_media_added_ml": Variable("initial_cumulative_media_added_ml", math.inf),
    "cumulative_alt_media_added_ml": Variable("initial_cumulative_alt_media_added_ml", math.inf),
    "cumulative_waste_removed_ml": Variable("initial_cumulative_waste_removed_ml", math.inf),
}
