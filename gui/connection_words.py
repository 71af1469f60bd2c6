"""How the connection stands, in a user's words: both hops, window to service and service to board."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from gui.moments import duration
from gui.unit import Unit, utc_s_of
from gui.words import sentences


@dataclass(frozen=True)
class Standing:
    """How it stands, told three ways, and what to do.

    Attributes:
        word: for the top bar, with its time where that matters: "Board lost, reconnecting (12 s)".
        icon: name in `gui.icons`.
        tone: "ok", "note", "warn" or "alarm".
        detail: what happened.
        remedy: what to do next; empty when nothing is needed.
        actions: keys of the actions that help, the fitting one first.
        since_utc_s: when it began, None when not known.
    """

    word: str
    icon: str
    tone: str
    detail: str = ""
    remedy: str = ""
    actions: tuple[str, ...] = ()
    since_utc_s: float | None = None

    @property
    def needs_attention(self) -> bool:
        """Whether a banner should say so."""
        return self.tone in ("warn", "alarm")


def _tr(text: str) -> str:
    return QCoreApplication.translate("connection", text)


# state: word, icon, tone, what happened, what to do, actions that help
_SERVICE: dict[str, tuple[str, str, str, str, str, tuple[str, ...]]] = {
    "starting": ("Starting the service", "working", "note", "The service is being started.", "", ()),
    "connecting": ("Connecting to the service", "working", "note", "The service has not answered yet.", "", ()),
    "silent": (
        "Service not answering",
        "disconnected",
        "alarm",
        "It is there but silent, so nothing is measured or regulated. The board switches its outputs off by itself: "
        "the heater after 3 s, light and stirrer after 15 s.",
        "It may come back by itself. If it does not, restart it.",
        ("restart_service", "choose_source"),
    ),
    "lost": (
        "Service lost, reconnecting",
        "disconnected",
        "alarm",
        "The service does not answer.",
        "The board switches its outputs off by itself. What is shown is the last known state.",
        ("restart_service", "choose_source"),
    ),
    "failed": (
        "Service not started",
        "alarm",
        "alarm",
        "The service could not be started.",
        "Press Restart service to try again.",
        ("restart_service", "choose_source"),
    ),
    "unreachable": (
        "Service not reached",
        "disconnected",
        "alarm",
        "Nothing answers at the address.",
        "Check address and network. It is tried again by itself.",
        ("restart_service", "choose_source"),
    ),
    "refused": (
        "Service refused",
        "refused",
        "alarm",
        "The service does not accept this window.",
        "Check address and token.",
        ("choose_source",),
    ),
}
_BOARD: dict[str, tuple[str, str, str, str, str, tuple[str, ...]]] = {
    "no_board": (
        "No board",
        "no-board",
        "warn",
        "No board is plugged in.",
        "Plug the board into a USB port, or work with a simulated one.",
        ("choose_source",),
    ),
    "found": ("Board found", "board", "note", "A board is plugged in and not used yet.", "", ("choose_source",)),
    "connecting": ("Connecting to the board", "working", "note", "The board is being asked who it is.", "", ()),
    "connected": ("Connected", "connected", "ok", "The board answers.", "", ()),
    "degraded": (
        "Degraded",
        "warning",
        "warn",
        "The link loses frames; readings may be missing.",
        "Check the USB cable, and plug the board in without a hub.",
        (),
    ),
    "wrong_firmware": (
        "Wrong firmware",
        "firmware",
        "alarm",
        "The board's firmware does not fit this program.",
        "Update the board's firmware.",
        ("choose_source",),
    ),
    "lost": (
        "Board lost, reconnecting",
        "disconnected",
        "alarm",
        "The board does not answer.",
        "Check that it is plugged in. The window reconnects by itself.",
        ("choose_source",),
    ),
    "refused": (
        "Board refused",
        "refused",
        "alarm",
        "The port of the board cannot be opened.",
        "Close the program that uses it, or choose another board.",
        ("choose_source",),
    ),
}
# What a lost board means for the culture, whatever it was lost by.
_LOST_MEANS = "The board switches its outputs off by itself."
_WITH_TIME = ("silent", "lost", "connecting", "starting")


def standing(unit: Unit, *, can_restart: bool = True) -> Standing:
    """Return how the connection stands; the hop to the service comes first, the board is only known through it."""
    if not unit.service.is_live:
        return _of_service(unit, can_restart)
    board = unit.board
    state = str(board.get("state") or ("connected" if board.get("link") in ("connected", "simulated") else "no_board"))
    word, icon, tone, detail, remedy, actions = _BOARD.get(
        state, (state.replace("_", " ").capitalize(), "note", "note", "", "", ())
    )
    since = utc_s_of(board["since"]) if board.get("since") else None
    if board.get("link") == "simulated" and state == "connected":
        word, icon, detail = "Simulated board", "simulated", "A simulated board stands in for a real one."
    word = _tr(word)
    if state in _WITH_TIME and since is not None:
        word = f"{word} ({duration(max(0.0, unit.utc_s() - since))})"
    what = str(board.get("detail") or "") or _tr(detail)
    if state == "lost":
        what = sentences(what, _tr(_LOST_MEANS))
    return Standing(word, icon, tone, what, str(board.get("remedy") or "") or _tr(remedy), actions, since)


def _of_service(unit: Unit, can_restart: bool) -> Standing:
    service = unit.service
    word, icon, tone, detail, remedy, actions = _SERVICE[service.state]
    word = _tr(word)
    if service.state in _WITH_TIME:
        word = f"{word} ({duration(service.age_s)})"
    if not can_restart:
        actions = tuple(key for key in actions if key != "restart_service")
    return Standing(
        word, icon, tone, service.detail or _tr(detail), service.remedy or _tr(remedy), actions, service.since_utc_s
    )
