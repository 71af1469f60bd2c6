"""Installing and uninstalling plug-ins: each with the log of its task and a way to cancel it."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QRadioButton, QWidget

from gui import background
from gui.plugins.plugin import Plugin
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.task_dialog import TaskDialog, quiet

# Folders of the data folder where files to install from are looked for.
FOLDERS = ("incoming", "plugins/incoming")
_ENDINGS = (".py", ".whl", ".tar.gz")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:==[A-Za-z0-9][A-Za-z0-9._+!-]*)?")
# A package may bring many others over a slow network; the service gives up by itself before this.
_TIMEOUT_S = 900.0
_LOG_SOURCE = "plugins"
_LOG_PX = 120


def name_of_file(file_name: str) -> str:
    """Return the plug-in's name a file stands for: `demo_plugin-0.2.0-py3-none-any.whl` is "demo_plugin"."""
    bare = file_name
    for ending in _ENDINGS:
        bare = bare.removesuffix(ending)
    return bare if file_name.endswith(".py") else bare.split("-")[0]


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
        background.run(self.client.post(f"/unit_api/task_results/{self._task_id}/cancel"), self, self.show_trouble)

    def _on_line(self, item: dict[str, Any]) -> None:
        if item.get("source") == _LOG_SOURCE and not self.log.isHidden():
            self.log.appendPlainText(str(item.get("message", "")))


class InstallDialog(PluginTaskDialog):
    """Asks for a name, or for a file inside the data folder."""

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget) -> None:
        words = self.tr(
            "A plug-in may do everything the service may do: install only what you trust. "
            "It is installed for this unit, and can be uninstalled again."
        )
        super().__init__(unit, client, self.tr("Install plug-in"), words, self.tr("Install"), parent, False)
        self.by_name = QRadioButton(self.tr("By name, from the package index"))
        self.by_file = QRadioButton(self.tr("From a file in the data folder"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name, such as “demo-plugin” or “demo-plugin==1.2”"))
        self.name.setAccessibleName(self.tr("Name of the plug-in"))
        self.file = QComboBox()
        self.file.setAccessibleName(self.tr("File to install from"))
        self._hint = quiet("")
        for part in (self.by_name, self.name, self.by_file, self.file, self._hint):
            self.fields.addWidget(part)
        self.by_name.setChecked(True)
        self.by_name.toggled.connect(self._look)
        self.name.textChanged.connect(self._look)
        self.name.setFocus()
        self._look()
        background.run(self._find_files(), self, self._on_no_files)

    def doing(self) -> str:
        """Say what is being installed."""
        return self.tr("Installing {}").format(self._name_and_source()[0])

    async def ask(self) -> dict[str, Any]:
        """Ask the service to install."""
        name, source = self._name_and_source()
        options = {"source": source} if source else {}
        accepted: dict[str, Any] = await self.client.post(
            "/unit_api/plugins/install", {"args": [name], "options": options}
        )
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what was installed."""
        version = f" {result['version']}" if result.get("version") else ""
        restart = self.tr(" Restart the service to use it.") if result.get("restart_required") else ""
        return self.tr("{} is installed.").format(f"{result.get('name')}{version}") + restart

    def set_fields_enabled(self, enabled: bool) -> None:
        """Let the fields be changed, or not."""
        for part in (self.by_name, self.by_file, self.name, self.file):
            part.setEnabled(enabled)
        if enabled:
            self._look()

    def _name_and_source(self) -> tuple[str, str]:
        if self.by_name.isChecked():
            return self.name.text().strip(), ""
        source = str(self.file.currentData())
        return name_of_file(source.rpartition("/")[2]), source

    def _look(self) -> None:
        by_name = self.by_name.isChecked()
        self.name.setEnabled(by_name)
        self.file.setEnabled(not by_name and self.file.count() > 0)
        name = self.name.text().strip()
        fits = _NAME.fullmatch(name) is not None
        self.act_button.setEnabled(fits if by_name else self.file.count() > 0)
        wrong = self.tr("A name has letters, digits, dots, underscores and hyphens; ==version may follow.")
        self.tell(wrong if by_name and name and not fits else "")

    async def _find_files(self) -> None:
        for folder in FOLDERS:
            try:
                listing = await self.client.get(f"/unit_api/system/path/{folder}")
            except ServiceTroubleError as trouble:
                if getattr(trouble, "status", 0) == 404:
                    continue
                raise
            for name in listing["files"]:
                if name.endswith(_ENDINGS):
                    self.file.addItem(f"{folder}/{name}", f"{folder}/{name}")
        if not self.file.count():
            self.file.setPlaceholderText(self.tr("No file found"))
        words = self.tr(
            "Put a .py, .whl or .tar.gz file into the folder “{}” of the data folder, then open this again."
        )
        self._hint.setText(words.format(FOLDERS[0]))
        self._look()

    def _on_no_files(self, trouble: ServiceTroubleError) -> None:
        self._hint.setText(self.tr("The data folder cannot be looked into. {}").format(trouble.cause))


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
