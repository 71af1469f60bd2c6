"""Installing a plug-in: by name from a package index, from a file of this computer, or from the data folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QRadioButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.file_transfer import send
from gui.icons import show_icon
from gui.plugins.dialogs import PluginTaskDialog
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.file_choice import FileChoice
from gui.widgets.task_dialog import quiet

# Folders of the data folder where files and packages to install from are looked for.
FOLDERS = ("incoming", "plugins/incoming")
_BUILD_FILE = "pyproject.toml"
_MOST_FOLDERS = 30
_ENDINGS = (".py", ".whl", ".tar.gz")
_KIND = "Plug-in (*.py *.whl *.tar.gz)"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:==[A-Za-z0-9][A-Za-z0-9._+!-]*)?")
_INDEX = re.compile(r"https?://[^\s@?#/]+(?:/[^\s@?#]*)?")
_INDENT_PX = 26


def name_of_source(name: str) -> str:
    """Return the plug-in's name a file or folder stands for: `demo_plugin-0.2.0-py3-none-any.whl` is "demo_plugin"."""
    bare = name
    for ending in _ENDINGS:
        bare = bare.removesuffix(ending)
    bare = bare.split("-")[0] if bare != name and not name.endswith(".py") else bare
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("-._") or "plug-in"


class InstallDialog(PluginTaskDialog):
    """Asks what to install, and from where.

    Attributes:
        by_name, by_upload, by_source: the three ways.
        name, index: of a package; the index is the unit's own where it is empty.
        choose_button: asks for a file of this computer; `upload` is what was chosen.
        source: the files and packages found in the data folder.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget) -> None:
        words = self.tr(
            "A plug-in may do everything the service may do: install only what you trust. "
            "It is installed for this unit, and can be uninstalled again."
        )
        super().__init__(unit, client, self.tr("Install plug-in"), words, self.tr("Install"), parent, False)
        self.by_name = QRadioButton(self.tr("By name, from a package index"))
        self.by_upload = QRadioButton(self.tr("From a file on this computer"))
        self.by_source = QRadioButton(self.tr("From the unit’s data folder"))
        self.upload: Path | None = None
        self.files = FileChoice(self)
        self._make_fields()
        # Each way with what it asks for; while a task runs only the chosen one is shown, its log takes the room.
        self._ways: dict[QRadioButton, tuple[QWidget, ...]] = {
            self.by_name: (self.name, self.index),
            self.by_upload: (self.choose_button, self._chosen),
            self.by_source: (self.source, self._hint),
        }
        self._lay_out()
        self.by_name.setChecked(True)
        for way in (self.by_name, self.by_upload, self.by_source):
            way.toggled.connect(self._look)
        for field in (self.name, self.index):
            field.textChanged.connect(self._look)
        self.choose_button.clicked.connect(self._choose)
        self.name.setFocus()
        self._look()
        background.run(self._find_sources(), self, self._on_no_files)

    def _make_fields(self) -> None:
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name, such as “demo-plugin” or “demo-plugin==1.2”"))
        self.name.setAccessibleName(self.tr("Name of the plug-in"))
        self.index = QLineEdit()
        self.index.setPlaceholderText(self.tr("Index, such as https://pypi.org/simple; or the unit’s own"))
        self.index.setAccessibleName(self.tr("Address of the package index"))
        self.choose_button = QPushButton(self.tr("Choose file…"))
        show_icon(self.choose_button, "file")
        self._chosen = QLabel(self.tr("No file chosen"))
        theme.set_role(self._chosen, "quiet")
        self.source = QComboBox()
        self.source.setAccessibleName(self.tr("File or folder to install from"))
        self._hint = quiet("")

    def _lay_out(self) -> None:
        for way, parts in self._ways.items():
            row = QHBoxLayout() if way is self.by_upload else QVBoxLayout()
            row.setContentsMargins(_INDENT_PX, 0, 0, 0)
            row.setSpacing(theme.SPACE_PX)
            for part in parts:
                row.addWidget(part)
            if way is self.by_upload:
                row.addStretch(1)
            self.fields.addWidget(way)
            self.fields.addLayout(row)

    def doing(self) -> str:
        """Say what is being installed."""
        return self.tr("Installing {}").format(self._wanted_name())

    async def ask(self) -> dict[str, Any]:
        """Send the file, if it is one of this computer, and ask the service to install."""
        options = {}
        if self.by_upload.isChecked() and self.upload is not None:
            sent = await send(self.client, "/unit_api/plugins/upload", "file", self.upload, self.progress.show_bytes)
            options["source"] = str(sent["source"])
        elif self.by_source.isChecked():
            options["source"] = str(self.source.currentData())
        elif self.index.text().strip():
            options["index_url"] = self.index.text().strip()
        body = {"args": [self._wanted_name()], "options": options}
        accepted: dict[str, Any] = await self.client.post("/unit_api/plugins/install", body)
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what was installed, and whether it works."""
        version = f" {result['version']}" if result.get("version") else ""
        installed = self.tr("{} is installed.").format(f"{result.get('name')}{version}")
        if result.get("restart_required"):
            return installed + self.tr(" Restart the service to use it.")
        if result.get("state") == "failed":
            return installed + self.tr(" It could not be loaded: {}").format(result.get("reason"))
        return installed

    def set_fields_enabled(self, enabled: bool) -> None:
        """Let the fields be changed, or not."""
        for way, parts in self._ways.items():
            for part in (way, *parts):
                part.setEnabled(enabled)
                part.setVisible(enabled or way.isChecked())
        if enabled:
            self._look()

    def choose(self, path: Path) -> None:
        """Take a file of this computer."""
        self.upload = path
        self._chosen.setText(path.name)
        self._look()

    def _choose(self) -> None:
        self.files.ask_for_file(self.tr("Install a plug-in from a file"), _KIND, self.choose)

    def _wanted_name(self) -> str:
        if self.by_name.isChecked():
            return self.name.text().strip()
        if self.by_upload.isChecked():
            return name_of_source(self.upload.name if self.upload else "")
        return name_of_source(str(self.source.currentData()).rpartition("/")[2])

    def _look(self) -> None:
        by_name, by_upload = self.by_name.isChecked(), self.by_upload.isChecked()
        for field in (self.name, self.index):
            field.setEnabled(by_name)
        self.choose_button.setEnabled(by_upload)
        self.source.setEnabled(self.by_source.isChecked() and self.source.count() > 0)
        wrong = self._what_is_wrong() if by_name else ""
        has_source = self.upload is not None if by_upload else self.source.count() > 0
        self.act_button.setEnabled(bool(self.name.text().strip()) and not wrong if by_name else has_source)
        self.tell(wrong)

    def _what_is_wrong(self) -> str:
        name, index = self.name.text().strip(), self.index.text().strip()
        if name and _NAME.fullmatch(name) is None:
            return self.tr("A name has letters, digits, dots, underscores and hyphens; ==version may follow.")
        if index and _INDEX.fullmatch(index) is None:
            return self.tr("An index has an https:// address, without a password, ? or #.")
        return ""

    async def _find_sources(self) -> None:
        for folder in FOLDERS:
            listing = await self._listing(folder)
            for name in listing["files"]:
                if name.endswith(_ENDINGS):
                    self.source.addItem(f"{folder}/{name}", f"{folder}/{name}")
            for name in listing["dirs"][:_MOST_FOLDERS]:
                place = f"{folder}/{name}"
                if _BUILD_FILE in (await self._listing(place))["files"]:
                    self.source.addItem(self.tr("{} (folder)").format(place), place)
        if not self.source.count():
            self.source.setPlaceholderText(self.tr("Nothing to install found"))
        words = self.tr(
            "What is in the folder “{}” of the data folder: .py, .whl and .tar.gz files, and folders with a {}."
        )
        self._hint.setText(words.format(FOLDERS[0], _BUILD_FILE))
        self._look()

    async def _listing(self, folder: str) -> dict[str, list[str]]:
        """Return the names in a folder of the data folder; none where it is not there."""
        try:
            listing: dict[str, list[str]] = await self.client.get(f"/unit_api/system/path/{folder}")
        except ServiceTroubleError as trouble:
            if getattr(trouble, "status", 0) == 404:
                return {"files": [], "dirs": []}
            raise
        return listing

    def _on_no_files(self, trouble: ServiceTroubleError) -> None:
        self._hint.setText(self.tr("The data folder cannot be looked into. {}").format(trouble.cause))
