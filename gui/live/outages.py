"""What the window sees of the connection: since when the board or the service has been lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gui.board_reach import is_out_of_reach
from gui.unit import Unit, utc_s_of


@dataclass(frozen=True)
class Outage:
    """A span of UTC seconds without a board or a service; `end_s` is None while it lasts.

    Without the service only the window is blind: what was measured meanwhile is fetched when it is back.
    """

    start_s: float
    end_s: float | None
    words: str
    is_of_service: bool = False


class Outages:
    """Follows the unit's connection and remembers each outage since the window opened.

    Attributes:
        all: every outage, oldest first.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._was_up = False
        self.all: list[Outage] = []

    def look(self) -> bool:
        """Read the unit's connection; return whether anything changed. A first connecting is no outage."""
        away = self._away()
        under_way = self.all[-1] if self.all and self.all[-1].end_s is None else None
        if away is None:
            self._was_up = True
            if under_way is None:
                return False
            if under_way.is_of_service:
                self.all.pop()
            else:
                self.all[-1] = replace(under_way, end_s=self._unit.utc_s())
            return True
        was_up = self._was_up or self._unit.board.get("state") == "lost"
        if not was_up or (under_way is not None and under_way.is_of_service == away.is_of_service):
            return False
        if under_way is not None:
            self.all.pop()
        self.all.append(away)
        return True

    def _away(self) -> Outage | None:
        now_s = self._unit.utc_s()
        if not self._unit.service.is_live:
            return Outage(now_s, None, "Service lost", is_of_service=True)
        board = self._unit.board
        if not is_out_of_reach(board):
            return None
        since_s = utc_s_of(board["since"]) if board.get("since") else now_s
        return Outage(min(since_s, now_s), None, "Board lost")
