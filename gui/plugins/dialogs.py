"""Tasks about plug-ins, with their log and a way to cancel them; uninstalling is one."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gui import background
from gui.plugins.plugin import Plugin
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.task_dialog import TaskDialog

# A package may bring many others over a slow network; the service gives up by itself before this.
_TIMEOUT_S = 900.0
_LOG_SOURCE = "plugins"
_LOG_PX = 120


class PluginTaskDialog(TaskDialog):
    """A task about plug-ins: shows its log while it runs, and can be cancelled.

    Attributes:
        log: what the task has said so far.
    """

    def __init__(
        self, unit: Unit, client: ServiceClient, title: str, words: str, act: str, parent: QWidget, is_dangerous: bool
    ) -> None:
        super().__init__(client, title, words, act, parent, is_dangerous=is_dangerous, timeout_s=_TIMEOUT_S)
        self._task_id = ""
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setAccessibleName(self.tr("Log of the task"))
        self.log.setTabChangesFocus(True)
        self.log.setFixedHeight(_LOG_PX)
        self.log.hide()
        self.under_fields.insertWidget(0, self.log)
        self.progress.cancelled.connect(self.cancel_task)
        unit.log.connect(self._on_line)

    def begin(self) -> None:
        """Start the task with an empty log."""
        self.log.clear()
        self.log.show()
        super().begin()

    def on_accepted(self, accepted: dict[str, Any]) -> None:
        """Offer to cancel the task."""
        self._task_id = str(accepted.get("task_id", ""))
        self.progress.cancel_button.setEnabled(True)
        self.progress.begin(self.doing(), can_cancel=bool(self._task_id))

    def cancel_task(self) -> None:
        """Ask the service to give the task up; it ends as failed, and nothing is left half done."""
        self.progress.cancel_button.setEnabled(False)
        cancelling = self.client.post(f"/unit_api/task_results/{self._task_id}/cancel")
        background.run(cancelling, self, self._on_not_cancelled)

    def _on_not_cancelled(self, trouble: ServiceTroubleError) -> None:
        """Say why it goes on; a task that is over tells how it went by itself."""
        if getattr(trouble, "status", 0) != 409:
            self.progress.cancel_button.setEnabled(True)
            self.show_trouble(trouble)
            self.act_button.setEnabled(False)

    def _on_line(self, item: dict[str, Any]) -> None:
        if item.get("source") == _LOG_SOURCE and not self.log.isHidden():
            self.log.appendPlainText(str(item.get("message", "")))


class UninstallDialog(PluginTaskDialog):
    """Says what is lost, then uninstalls."""

    def __init__(self, unit: Unit, client: ServiceClient, plugin: Plugin, parent: QWidget) -> None:
        title = self.tr("Uninstall {}?").format(plugin.name)
        words = plugin.consequences({str(row["job_name"]) for row in unit.jobs})
        super().__init__(unit, client, title, words, self.tr("Uninstall"), parent, True)
        self._plugin = plugin

    def doing(self) -> str:
        """Say what is being uninstalled."""
        return self.tr("Uninstalling {}").format(self._plugin.name)

    async def ask(self) -> dict[str, Any]:
        """Ask the service to uninstall."""
        accepted: dict[str, Any] = await self.client.post("/unit_api/plugins/uninstall", {"args": [self._plugin.name]})
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what is gone."""
        restart = self.tr(" Restart the service to be rid of what it added.") if result.get("restart_required") else ""
        return self.tr("{} is uninstalled.").format(self._plugin.name) + restart
