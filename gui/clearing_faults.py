"""Having the board forget its faults, and telling what came of it: a cause that is still there comes back."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from gui.service_client import ServiceClient
from gui.toast import toaster_for


async def clear_faults(client: ServiceClient, parent: QWidget) -> None:
    """Ask for it, and tell on the window of `parent` how the board is since."""
    board = await client.post("/unit_api/board/clear_faults")
    toaster = toaster_for(parent)
    if toaster is None:
        return
    if board.get("faults"):
        words = _tr("Its cause is still there, so the board reported it again at once.")
        toaster.show(_tr("The fault came back"), words, "warn")
    else:
        toaster.show(_tr("Fault cleared"), _tr("What it had switched off can be used again."), "ok")


def _tr(text: str) -> str:
    return QCoreApplication.translate("ClearingFaults", text)
