"""The unit's one vial: the greatest volume it can hold by what its pumps moved, whatever experiment that was for.

Each experiment counts its own liquids and begins with a configured volume; the vial does not empty itself when a new
one begins. This count does not begin anew either: it goes on until a person says what is in the vial.
"""

from __future__ import annotations

import logging

from core.bioreactor.accounting import ADD, REMOVE_WASTE
from core.clock import Clock, timestamp
from core.records.values import ValueStore

_STORE, _KEY, _WASTE_AHEAD, _PIECES = "vial", "greatest", "waste_ahead", "vial_pieces"
_log = logging.getLogger(__name__)


class Vial:
    """Counts for the unit.

    Attributes:
        doubt: why nobody knows what is in the vial; None where it is known.
    """

    def __init__(self, store: ValueStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        kept = store.get(_STORE, _KEY, {})
        self._greatest_ml: float | None = kept.get("ml")
        self._said_s: float | None = kept.get("said_s")
        self.doubt: str | None = kept.get("doubt")
        self._count_what_was_cut_off()

    @property
    def greatest_ml(self) -> float | None:
        """The greatest volume in millilitres; None as long as nothing was pumped and nobody said anything."""
        return self._greatest_ml

    @property
    def said_at(self) -> str | None:
        """When a person last said what is in it."""
        return None if self._said_s is None else timestamp(self._said_s)

    def say(self, volume_ml: float) -> None:
        """Take a person's word for what is in the vial."""
        self._said_s, self.doubt = self._clock.utc_s(), None
        self._keep(volume_ml)

    def count(self, variables: dict[str, float], event: str, volume_change_ml: float, capacity_ml: float) -> None:
        """Count a dose as its experiment does.

        Args:
            variables: of the experiment, before the dose.
            event: `add_...` or `remove_waste`; another is no dose.
            volume_change_ml: positive for waste too; negative takes back what was announced too much.
            capacity_ml: what is above it is not in the vial any more.
        """
        held_ml = variables["current_volume_ml"] if self._greatest_ml is None else self._greatest_ml
        if event.startswith(ADD):
            held_ml = min(max(held_ml + volume_change_ml, 0.0), capacity_ml)
        elif event == REMOVE_WASTE and volume_change_ml < 0:
            # It was announced and did not move; perhaps it had been taken for air, then this is a little too high.
            held_ml = min(held_ml - volume_change_ml, capacity_ml)
        elif event == REMOVE_WASTE and held_ml > variables["efflux_tube_volume_ml"]:
            held_ml = min(max(held_ml - volume_change_ml, variables["efflux_tube_volume_ml"]), capacity_ml)
        self._keep(held_ml)

    def keep_piece(self, pump: str, volume_ml: float) -> None:
        """A pump is about to run for a while that nobody can cut short if the service dies; it is not told yet.

        Args:
            pump: which one.
            volume_ml: what it moves at most beyond what has been told.
        """
        self._store.set(_PIECES, pump, volume_ml)
        self._store.commit_soon()

    async def piece_kept(self) -> None:
        """Wait until the disk has what was kept: only then the pump may run."""
        await self._store.committed()

    def piece_over(self, pump: str) -> None:
        """What the pump moved has been told."""
        self._store.remove(_PIECES, pump)

    def others_ml(self, pump: str) -> float:
        """Return what inflows other than `pump` may still add if the service dies now."""
        return sum(float(self._store.get(_PIECES, each)) for each in self._store.keys(_PIECES) if each != pump)

    def keep_waste_ahead(self, volume_ml: float) -> None:
        """Waste is about to be told before it moves: of a service that dies now, this much stays in the vial."""
        self._store.set(_STORE, _WASTE_AHEAD, volume_ml)

    def waste_moved(self) -> None:
        """What was told of waste has moved, or was taken back."""
        self._store.remove(_STORE, _WASTE_AHEAD)

    def counts_were_imported(self, at_least_ml: float) -> None:
        """Take it that the vial is as it was, which the counts of an imported archive do not know."""
        self.doubt = (
            "The records were imported: they may count another vial, or this one at another time. Set "
            "current_volume_ml to what is in it."
        )
        self._keep(max(self._greatest_ml or 0.0, at_least_ml))

    def _keep(self, volume_ml: float) -> None:
        self._greatest_ml = volume_ml
        self._store.set(_STORE, _KEY, {"ml": volume_ml, "said_s": self._said_s, "doubt": self.doubt})

    def _count_what_was_cut_off(self) -> None:
        """Take what was under way when the service died for pumped: the board ended it, perhaps at its very end."""
        pumps = self._store.keys(_PIECES)
        waste_ml = float(self._store.get(_STORE, _WASTE_AHEAD, 0.0))
        most_ml = sum(float(self._store.get(_PIECES, pump)) for pump in pumps)
        if pumps:
            self.doubt = (
                f"A pump was running when the service ended: up to {most_ml:.2f} ml may be in the vial that no "
                "experiment counts. Set current_volume_ml to what is in it."
            )
            _log.warning("%s", self.doubt)
        if pumps or waste_ml:
            # In this order: should this service die too, it may be counted twice, but never not at all.
            self._keep((self._greatest_ml or 0.0) + most_ml + waste_ml)
            self.waste_moved()
        for pump in pumps:
            self._store.remove(_PIECES, pump)
