"""The program's icon in the system's tray: while the window is hidden, and while alarms wait."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from gui.icons import app_icon


class Tray(QObject):
    """Shown as long as there is a reason to.

    Args:
        parent: what the icon goes with.
        window: its menu's owner.
        actions: shown in the icon's menu below "Open Vialdesk".

    Signals:
        opened: the person wants to see the window.
    """

    opened = Signal()

    def __init__(self, parent: QObject, window: QWidget, actions: list[QAction]) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None
        self._reasons: dict[str, str] = {}
        self._menu = QMenu(window)
        self._menu.addAction(self.tr("Open Vialdesk")).triggered.connect(self.opened)
        for action in actions:
            self._menu.addAction(action)

    @staticmethod
    def is_available() -> bool:
        """Whether the system has a tray now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_because(self, reason: str, words: str) -> None:
        """Show the icon until `reason` is gone; `words` are its tooltip."""
        self._reasons[reason] = words
        self._show()

    def reason_gone(self, reason: str) -> None:
        """Hide the icon when there is no other reason."""
        if self._reasons.pop(reason, None) is not None:
            self._show()

    def hide(self) -> None:
        """Hide the icon, whatever the reasons."""
        self._reasons.clear()
        self._show()

    def notify(self, title: str, text: str) -> None:
        """Have the system show a notification; nothing happens where it cannot."""
        if self._icon is not None and self._icon.isVisible():
            self._icon.showMessage(title, text, QSystemTrayIcon.MessageIcon.Critical)

    def _show(self) -> None:
        if not self._reasons:
            if self._icon is not None:
                self._icon.hide()
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(app_icon(), self)
            self._icon.setContextMenu(self._menu)
            self._icon.activated.connect(self.opened)
            self._icon.messageClicked.connect(self.opened)
        self._icon.setToolTip("\n".join(self._reasons.values()))
        self._icon.show()
