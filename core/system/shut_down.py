"""The state after "shut down": everything is off and the link closed, while the service stays up to answer."""

from __future__ import annotations

from collections.abc import Callable

from core.board_link import BoardLink
from core.errors import UnavailableError
from core.jobs.runner import JobRunner


class ShutDownState:
    """Whether the unit has been shut down, and the way back.

    Attributes:
        board_url: the board that was used before, None when there was none or the unit is not shut down.
    """

    def __init__(self, jobs: JobRunner, board_link: BoardLink) -> None:
        self._jobs = jobs
        self._board_link = board_link
        self._allow_starts: Callable[[], None] | None = None
        self.board_url: str | None = None

    async def enter(self, board_url: str | None) -> None:
        """Refuse to start jobs from now on, and let go of the board at `board_url`, which switches itself off first."""
        if self._allow_starts is None:
            remedy = "Restart the unit (system/reboot), or choose a board again."
            self._allow_starts = self._jobs.refuse_starts(UnavailableError("The unit is shut down.", remedy=remedy))
            self.board_url = board_url
        await self._board_link.open(None)

    def leave(self) -> None:
        """Start jobs again, those of the unit at once: a board was chosen again."""
        if self._allow_starts is not None:
            self._allow_starts()
            self._allow_starts = None
            self.board_url = None
            self._jobs.start_long_running()
