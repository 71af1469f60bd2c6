"""Whether the board can be reached, as far as the window knows."""

from __future__ import annotations

from typing import Any

_OUT_OF_REACH = ("lost", "no_board", "refused", "wrong_firmware", "connecting", "found")


def is_out_of_reach(board: dict[str, Any]) -> bool:
    """Tell of the API's board object whether no job can use the board now; an unknown state is not one of those."""
    return board.get("state") in _OUT_OF_REACH
