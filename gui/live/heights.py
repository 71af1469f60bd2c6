"""How high the panes are at least: generous where there is room, close together in a small window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TITLE_PX, _TIGHT_TITLE_PX = 22, 18
# The least height of a pane for each share of the stack: a lane stays readable, optical density stays tall.
_SHARE_PX, _TIGHT_SHARE_PX = 21, 10
_TIME_AXIS_PX = 48
# Each pane but the lowest has a line where others have their time axis.
_LINE_PX = 1


@dataclass(frozen=True)
class Heights:
    """Height of a pane's title, least height of a pane for each share of the stack, and of the whole, in pixels."""

    title_px: int
    share_px: int
    whole_px: int


def room_for(stretches: Sequence[float], height_px: int) -> Heights:
    """Return the heights for panes with these shares in a stack of `height_px`."""
    wide = _heights(stretches, _TITLE_PX, _SHARE_PX)
    return wide if wide.whole_px <= height_px else _heights(stretches, _TIGHT_TITLE_PX, _TIGHT_SHARE_PX)


def _heights(stretches: Sequence[float], title_px: int, share_px: int) -> Heights:
    return Heights(
        title_px, share_px, round(len(stretches) * (title_px + _LINE_PX) + sum(stretches) * share_px) + _TIME_AXIS_PX
    )
