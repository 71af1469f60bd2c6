"""Removing a file of the data folder, after saying what that means."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from gui.file_transfer import size_words
from gui.service_client import ServiceClient
from gui.widgets.task_dialog import TaskDialog

# Beginnings of paths, the longest first, with what the loss of a file there means.
_MEANS = (
    ("storage/calibrations/", "The calibration is no longer there; if it is active, its device has none afterwards."),
    (
        "storage/estimators/",
        "The estimator is no longer there; if it is active, no fused optical density is estimated.",
    ),
    ("plugins/", "The plug-in is no longer there after the next restart of the service."),
    ("config.ini", "The shipped settings are used from the next start of the service on."),
    ("unit_config.ini", "This unit's own settings are gone; jobs use the shared ones from their next start on."),
)


def consequence(path: str) -> str:
    """Say what it means that the file at `path` (relative to the data folder) is gone."""
    for beginning, means in _MEANS:
        if path.startswith(beginning):
            return QCoreApplication.translate("data_folder", means)
    return ""


class RemoveDialog(TaskDialog):
    """Asks whether a file is to be removed, and removes it."""

    def __init__(self, client: ServiceClient, path: str, parent: QWidget) -> None:
        name = path.rpartition("/")[2]
        words = self.tr("{} is deleted from the unit; this cannot be undone. Save a copy first if in doubt.").format(
            path
        )
        means = consequence(path)
        super().__init__(
            client,
            self.tr("Remove {}?").format(name),
            f"{words} {means}".strip(),
            self.tr("Remove file"),
            parent,
            is_dangerous=True,
        )
        self._path = path

    def doing(self) -> str:
        """Say what is being removed."""
        return self.tr("Removing {}").format(self._path)

    async def ask(self) -> dict[str, Any]:
        """Ask the service to remove it."""
        accepted: dict[str, Any] = await self.client.post("/unit_api/system/remove_file", {"filepath": self._path})
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what is gone."""
        return self.tr("{} is removed ({}).").format(result.get("removed"), size_words(result.get("size_bytes") or 0))
