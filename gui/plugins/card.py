"""One plug-in: name, version, author, what it adds, how loading it went, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from gui import theme
from gui.icons import show_icon
from gui.plugins.plugin import Plugin
from gui.widgets.state_badge import StateBadge


class PluginCard(QFrame):
    """Shows a plug-in.

    Signals:
        source_asked, uninstall_asked: carry the plug-in.
    """

    source_asked = Signal(object)
    uninstall_asked = Signal(object)

    def __init__(self, plugin: Plugin) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.plugin = plugin
        self.state = StateBadge()
        self.state.show_state(*plugin.state_look)
        self.trouble = QLabel(plugin.reason or "")
        self.trouble.setVisible(bool(plugin.reason))
        theme.set_tone(self.trouble, "alarm" if plugin.state == "failed" else "warn")
        self.source_button = QPushButton(self.tr("View source"))
        self.source_button.setAccessibleName(self.tr("View source of {}").format(plugin.name))
        self.source_button.setVisible(plugin.file_name is not None)
        show_icon(self.source_button, "code")
        self.uninstall_button = QPushButton(self.tr("Uninstall…"))
        self.uninstall_button.setAccessibleName(self.tr("Uninstall {}…").format(plugin.name))
        theme.set_role(self.uninstall_button, "danger")
        self.source_button.clicked.connect(self._on_source)
        self.uninstall_button.clicked.connect(self._on_uninstall)
        self._lay_out()

    def _lay_out(self) -> None:
        plugin = self.plugin
        name = QLabel(plugin.name)
        theme.set_role(name, "heading")
        version = QLabel(plugin.version or self.tr("no version"))
        theme.set_role(version, "quiet")
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(name)
        head.addWidget(version)
        head.addStretch(1)
        head.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE_PX)
        buttons.addWidget(self._origin(), 1)
        buttons.addWidget(self.source_button)
        buttons.addWidget(self.uninstall_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        if plugin.description:
            column.addWidget(_words(plugin.description))
        nothing = [self.tr("It adds nothing.")] if plugin.state == "loaded" else []
        for line in plugin.what_it_adds() or nothing:
            column.addWidget(_words(line, "quiet"))
        self.trouble.setWordWrap(True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.trouble)
        if plugin.restart_required:
            restart = _words(self.tr("Restart the service to use what is installed now."))
            theme.set_tone(restart, "note")
            column.addWidget(restart)
        column.addLayout(buttons)

    def _origin(self) -> QLabel:
        plugin = self.plugin
        author = self.tr("by {}").format(plugin.author) if plugin.author else self.tr("author not named")
        source = self.tr("file {}").format(plugin.source) if plugin.file_name else self.tr("installed package")
        parts = [author, source, *([plugin.homepage] if plugin.homepage else [])]
        return _words(" · ".join(parts), "caption")

    def set_live(self, is_live: bool) -> None:
        """Offer what asks the service only while it answers."""
        self.source_button.setEnabled(is_live)
        self.uninstall_button.setEnabled(is_live)

    def _on_source(self) -> None:
        self.source_asked.emit(self.plugin)

    def _on_uninstall(self) -> None:
        self.uninstall_asked.emit(self.plugin)


def _words(text: str, role: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        theme.set_role(label, role)
    return label
