"""What can be done to the unit as a whole; each says beforehand what will happen, and afterwards how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.task_dialog import TaskDialog
from gui.words import job_title, listing

_RESTART_WITHIN_S = 90.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("system", text)


@dataclass(frozen=True)
class Operation:
    """One of them.

    Attributes:
        title: the question.
        words: what will happen.
        act: the button's text.
        doing: what is said while it goes on.
        path: the route.
        outcome: makes words of the task's result.
        body: what is sent.
        is_dangerous: whether a running culture is disturbed.
        timeout_s: how long it may take, in seconds.
        rides_out_restart: whether the service goes down meanwhile.
    """

    title: str
    words: str
    act: str
    doing: str
    path: str
    outcome: Callable[[dict[str, Any]], str]
    body: dict[str, Any] = field(default_factory=dict)
    is_dangerous: bool = False
    timeout_s: float = 40.0
    rides_out_restart: bool = False


class OperationDialog(TaskDialog):
    """Asks, does it, and tells how it went."""

    def __init__(self, client: ServiceClient, operation: Operation, parent: QWidget) -> None:
        super().__init__(
            client,
            operation.title,
            operation.words,
            operation.act,
            parent,
            is_dangerous=operation.is_dangerous,
            timeout_s=operation.timeout_s,
            rides_out_restart=operation.rides_out_restart,
        )
        self._operation = operation

    def doing(self) -> str:
        """Say what is being done."""
        return self._operation.doing

    async def ask(self) -> dict[str, Any]:
        """Ask the service for it."""
        accepted: dict[str, Any] = await self.client.post(self._operation.path, self._operation.body)
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say how it went."""
        return self._operation.outcome(result)


def running_words(unit: Unit) -> str:
    """Name the jobs that running now would be stopped."""
    names = sorted({job_title(str(row["job_name"])) for row in unit.stoppable_jobs()})
    return (
        _tr("{} is stopped. ").format(listing(names))
        if len(names) == 1
        else (_tr("{} are stopped. ").format(listing(names)) if names else "")
    )


def reboot(unit: Unit) -> Operation:
    """Restart board and service."""
    words = running_words(unit) + _tr(
        "All outputs go off, then the board and the service restart at the same address. "
        "The window reconnects by itself. This computer is not restarted unless it belongs to the unit alone."
    )
    return Operation(
        _tr("Restart board and service?"), words, _tr("Restart"), _tr("Restarting"), "/unit_api/system/reboot",
        _restarted, is_dangerous=True, timeout_s=_RESTART_WITHIN_S, rides_out_restart=True,
    )  # fmt: skip


def shut_down(unit: Unit) -> Operation:
    """Make everything safe and let go of the board."""
    words = running_words(unit) + _tr(
        "Pumps, heater, light and stirring go off, and the board is let go: it can be unplugged then. "
        "Nothing can be started until the unit is restarted or a board is chosen again. What was recorded stays."
    )
    return Operation(
        _tr("Shut down?"), words, _tr("Shut down"), _tr("Shutting down"), "/unit_api/system/shutdown",
        _shut_down, is_dangerous=True, timeout_s=60.0,
    )  # fmt: skip


def restart_web_server() -> Operation:
    """Close and open the HTTP listener."""
    words = _tr(
        "All connections are closed for a moment, this window's too, and opened again at the same address. "
        "Running jobs go on."
    )
    return Operation(
        _tr("Restart the web server?"), words, _tr("Restart web server"), _tr("Restarting the web server"),
        "/unit_api/system/web_server/restart", lambda result: _tr("The web server answers again."),
        rides_out_restart=True,
    )  # fmt: skip


def repair() -> Operation:
    """Check and mend folders and databases."""
    words = _tr("Folders, permissions and databases are checked, and mended where possible. Running jobs go on.")
    return Operation(
        _tr("Check and repair?"), words, _tr("Check and repair"), _tr("Checking"), "/unit_api/system/repair",
        _repaired, timeout_s=120.0,
    )  # fmt: skip


def compare_clocks(utc_time: str) -> Operation:
    """Tell the unit this computer's time, and learn how far its clock is off."""
    words = _tr(
        "The unit is told the time of this computer and says how far its own clock is off. The computer the service "
        "runs on keeps its clock, unless it belongs to the unit alone."
    )
    return Operation(
        _tr("Compare the clocks?"), words, _tr("Compare"), _tr("Comparing"),
        "/unit_api/system/utc_clock", _clocks_compared, {"utc_clock_time": utc_time},
    )  # fmt: skip


def _restarted(result: dict[str, Any]) -> str:
    board = _tr("No board was connected.") if result.get("board") == "not connected" else _tr("The board restarted.")
    host = _tr(" The computer restarts too.") if result.get("host") == "rebooting" else ""
    return _tr("The service runs again. ") + board + host


def _shut_down(result: dict[str, Any]) -> str:
    stopped = len(result.get("stopped") or [])
    jobs = _tr("1 job was stopped. ") if stopped == 1 else _tr("{} jobs were stopped. ").format(stopped)
    board = (
        _tr("No board was connected.")
        if result.get("board") == "not connected"
        else _tr("All outputs are off; the board can be unplugged.")
    )
    return (jobs if stopped else "") + board


def _repaired(result: dict[str, Any]) -> str:
    checked = _tr("{} things checked").format(result.get("checked", 0))
    mended, problems = result.get("repaired") or [], result.get("problems") or []
    parts = [checked, _tr("mended: {}").format(", ".join(mended)) if mended else _tr("nothing to mend")]
    if problems:
        parts.append(_tr("left: {}").format("; ".join(map(str, problems))))
    return ", ".join(parts) + "."


def _clocks_compared(result: dict[str, Any]) -> str:
    board = _tr("The board's clock is set.") if result.get("board_clock_set") else _tr("The board keeps no clock.")
    offset_s = float(result.get("host_offset_s") or 0.0)
    direction = _tr("ahead of") if offset_s >= 0 else _tr("behind")
    return board + _tr(" The service's computer is {:.3g} s {} this one.").format(abs(offset_s), direction)
