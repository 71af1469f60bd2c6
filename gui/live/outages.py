"""When no readings could come: the board or the service was lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gui.unit import Unit, utc_s_of

# The record and the window tell the same outage within this many seconds.
_SAME_S = 5.0
_BOARD_AWAY = ("lost", "no_board", "refused", "wrong_firmware", "connecting")


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
        """Read the unit's connection; return whether anything changed. Nothing is an outage before it was up once."""
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
        if not self._was_up or (under_way is not None and under_way.is_of_service == away.is_of_service):
            return False
        if under_way is not None:
            self.all.pop()
        self.all.append(away)
        return True

    def add(self, start_s: float, end_s: float, words: str) -> bool:
        """Note an outage that is over, told by the record; return whether it was not known yet."""
        for known in self.all:
            if known.start_s - _SAME_S < end_s and (known.end_s is None or start_s < known.end_s + _SAME_S):
                return False
        self.all = sorted([*self.all, Outage(start_s, end_s, words)], key=_start)
        return True

    def _away(self) -> Outage | None:
        now_s = self._unit.utc_s()
        if not self._unit.service.is_live:
            return Outage(now_s, None, "Service lost", is_of_service=True)
        board = self._unit.board
        if board.get("state") not in _BOARD_AWAY:
            return None
        since_s = utc_s_of(board["since"]) if board.get("since") else now_s
        return Outage(min(since_s, now_s), None, "Board lost")


def _start(outage: Outage) -> float:
    return outage.start_s
