"""The Plugins page: one card for each installed plug-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.plugins.card import PluginCard
from gui.plugins.dialogs import UninstallDialog
from gui.plugins.install_dialog import InstallDialog
from gui.plugins.plugin import Plugin, read_plugins
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.system.operations import OperationDialog, reboot
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.place import Place
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled
from gui.widgets.text_dialog import TextDialog

_INSTALLED = "/unit_api/plugins/installed"
_WIDEST_PX = 980
# While one is being loaded, how that went is asked again.
_LOOK_AGAIN_MS = 700


class PluginsPage(QWidget):
    """What is installed; installing, uninstalling, reading the source.

    Attributes:
        cards: one for each plug-in, in order.
        place: the cards, or why there are none.
        restart_hint: shown while what is installed is not what runs.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self.cards: list[PluginCard] = []
        self._plugins: tuple[Plugin, ...] | None = None
        # Whether something of a plug-in that was uninstalled runs on.
        self._leftovers = False
        self.install_button = QPushButton(self.tr("Install plug-in…"))
        theme.set_role(self.install_button, "primary")
        self.install_button.clicked.connect(self.ask_install)
        self._lay_out()
        self._again = QTimer(self, singleShot=True)
        self._again.setInterval(_LOOK_AGAIN_MS)
        self._again.timeout.connect(self.load)
        self.place.acted.connect(self._on_place_acted)
        unit.snapshot_loaded.connect(self._on_snapshot)
        unit.connection_changed.connect(self._on_connection)
        unit.plugin_changed.connect(self._on_plugin_changed)
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _lay_out(self) -> None:
        self.restart_hint = self._make_hint()
        self._column = QVBoxLayout()
        self._column.setSpacing(12)
        holder = QWidget()
        holder.setMaximumWidth(_WIDEST_PX)
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        inside.setSpacing(12)
        inside.addLayout(self._column)
        inside.addStretch(1)
        self.place = Place(scrolled(holder))
        self.place.fill(self, self.restart_hint, scrolls=True)

    def _make_hint(self) -> QFrame:
        hint = QFrame()
        theme.set_role(hint, "card")
        hint.setMaximumWidth(_WIDEST_PX)
        picture = QLabel()
        show_icon(picture, "refresh", "note")
        self._why_restart = QLabel()
        self._why_restart.setWordWrap(True)
        self.restart_button = QPushButton(self.tr("Restart…"))
        self.restart_button.clicked.connect(self._on_restart)
        row = QHBoxLayout(hint)
        row.setContentsMargins(16, 8, 12, 8)
        row.addWidget(picture)
        row.addWidget(self._why_restart, 1)
        row.addWidget(self.restart_button)
        hint.hide()
        return hint

    def page_actions(self) -> list[QWidget]:
        """Return the button beside the page's title."""
        return [self.install_button]

    def load(self) -> None:
        """Ask the service what is installed."""
        if self._plugins is None:
            self.place.explain("working", self.tr("Loading the plug-ins"), self.tr("Asking the service."))
        background.run(self._load(), self, self._on_trouble)

    async def _load(self) -> None:
        self._plugins = read_plugins(await self._client.get(_INSTALLED))
        self._show()
        if any(plugin.state == "loading" for plugin in self._plugins):
            self._again.start()

    def _show(self) -> None:
        for card in self.cards:
            card.hide()
            card.deleteLater()
        self.cards = [PluginCard(plugin) for plugin in self._plugins or ()]
        for card in self.cards:
            card.source_asked.connect(self.show_source)
            card.uninstall_asked.connect(self.ask_uninstall)
            self._column.addWidget(card)
        self._show_restart_hint()
        if self.cards:
            self.place.show_content()
        else:
            self.place.explain(
                "plugin",
                self.tr("No plug-in installed"),
                self.tr("Plug-ins add jobs, automations, charts and routes to this unit."),
                self.tr("Install plug-in…"),
            )
        self._on_connection()

    def ask_install(self) -> None:
        """Ask what to install."""
        dialog = InstallDialog(self._unit, self._client, self)
        dialog.succeeded.connect(self.load)
        dialog.open()

    def ask_uninstall(self, plugin: Plugin) -> None:
        """Ask whether a plug-in is to go."""
        dialog = UninstallDialog(self._unit, self._client, plugin, self)
        dialog.succeeded.connect(self._on_uninstalled)
        dialog.open()

    def _on_uninstalled(self, result: dict[str, Any]) -> None:
        self._leftovers = self._leftovers or bool(result.get("restart_required"))
        self.load()

    def _on_plugin_changed(self) -> None:
        if self._unit.service.is_live:
            self._again.start()

    def _on_snapshot(self) -> None:
        self._leftovers = False  # told by a service that has been started anew, as far as the window can know
        self.load()

    def _show_restart_hint(self) -> None:
        """Offer a restart where what is installed is not what runs."""
        if any(card.plugin.restart_required for card in self.cards):
            why = self.tr("What is installed is not what runs. Restart the service to use it; running jobs end then.")
        else:
            why = self.tr("Parts of what was uninstalled stay until the service restarts; running jobs end then.")
        self._why_restart.setText(why)
        self.restart_hint.setVisible(self._leftovers or any(card.plugin.restart_required for card in self.cards))

    def show_source(self, plugin: Plugin) -> None:
        """Show the text of a plug-in's file."""
        background.run(self._show_source(plugin), self)

    async def _show_source(self, plugin: Plugin) -> None:
        text, is_whole = await self._client.text(f"{_INSTALLED}/{quote(plugin.file_name or '', safe='')}")
        note = "" if is_whole else self.tr("Only the beginning is shown.")
        TextDialog(plugin.source, text, note, self).open()

    def _on_restart(self) -> None:
        OperationDialog(self._client, reboot(self._unit), self).open()

    def _on_place_acted(self) -> None:
        if self._plugins is None:
            self.load()
        else:
            self.ask_install()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.install_button.setEnabled(is_live)
        self.restart_button.setEnabled(is_live)
        self.place.offer(is_live)
        for card in self.cards:
            card.set_live(is_live)
        if self._plugins is None and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if self._plugins is None:
            self.place.explain_trouble(trouble)
        elif self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)
