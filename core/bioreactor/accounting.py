"""The count of liquids: what each dose does to the volume, to the share of alt-medium, and to the totals.

Nothing here is measured. A dose is taken to move what it announces; the waste tube takes liquid down to its tip (the
efflux level) and air below that, therefore removing more than there is above the tip changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

ADD = "add_"
ADD_MEDIA, ADD_ALT_MEDIA, REMOVE_WASTE = "add_media", "add_alt_media", "remove_waste"

# Shares this near to 0 or 1, and totals this near to 0, are taken for it: sums of slices are not exact.
_SNAP = 1e-12
_LEAST_TOTAL_ML = 1e-9


@dataclass(frozen=True)
class Liquids:
    """What is in the vial, and what has passed since the experiment began; volumes in millilitres.

    Attributes:
        efflux_tube_volume_ml: the volume at which the waste tube's tip just touches the surface.
        alt_media_fraction: share of the liquid that came as alt-medium, 0 to 1.
    """

    current_volume_ml: float
    efflux_tube_volume_ml: float
    alt_media_fraction: float
    cumulative_media_added_ml: float
    cumulative_alt_media_added_ml: float
    cumulative_waste_removed_ml: float


def after_dose(liquids: Liquids, event: str, volume_change_ml: float) -> Liquids:
    """Return the liquids after a dose; a negative change takes back what was announced too much.

    Args:
        liquids: what there was before.
        event: `add_media`, `add_alt_media`, another `add_...` (which changes the volume alone), or `remove_waste`.
        volume_change_ml: positive for what is removed too.

    Raises:
        ValueError: the event is not known.
    """
    change_ml, volume_ml = volume_change_ml, liquids.current_volume_ml
    if event == REMOVE_WASTE:
        efflux_ml = liquids.efflux_tube_volume_ml
        kept_ml = volume_ml if volume_ml <= efflux_ml else max(volume_ml - change_ml, efflux_ml)
        removed_ml = _total(liquids.cumulative_waste_removed_ml + change_ml)
        return replace(liquids, current_volume_ml=kept_ml, cumulative_waste_removed_ml=removed_ml)
    if not event.startswith(ADD) or event == ADD:
        raise ValueError(f"{event!r} is no dosing event: add_... or {REMOVE_WASTE}")
    filled = replace(liquids, current_volume_ml=max(volume_ml + change_ml, 0.0))
    if event == ADD_MEDIA:
        return replace(
            filled,
            alt_media_fraction=_mixed(liquids, change_ml, 0.0),
            cumulative_media_added_ml=_total(liquids.cumulative_media_added_ml + change_ml),
        )
    if event == ADD_ALT_MEDIA:
        return replace(
            filled,
            alt_media_fraction=_mixed(liquids, change_ml, 1.0),
            cumulative_alt_media_added_ml=_total(liquids.cumulative_alt_media_added_ml + change_ml),
        )
    return filled


def _mixed(liquids: Liquids, added_ml: float, added_fraction: float) -> float:
    """Return the share of alt-medium when `added_ml` of that share have been mixed in."""
    before, volume_ml = liquids.alt_media_fraction, liquids.current_volume_ml
    if volume_ml + added_ml <= 0:
        return before
    fraction = (before * volume_ml + added_fraction * added_ml) / (volume_ml + added_ml)
    if abs(fraction) < _SNAP:
        return 0.0
    return 1.0 if abs(fraction - 1) < _SNAP else fraction


def _total(total_ml: float) -> float:
    return 0.0 if abs(total_ml) < _LEAST_TOTAL_ML else total_ml
