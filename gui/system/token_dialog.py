"""Making a new access token, which is shown once: whoever needs it copies it from here."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.widgets.ask_dialog import AskDialog


class TokenDialog(AskDialog):
    """Says whom a new token shuts out, makes it, and shows it.

    Attributes:
        token: shows it, once it is made.
        copy_button: puts it on the clipboard.
    """

    def __init__(self, client: ServiceClient, has_token: bool, parent: QWidget) -> None:
        shut_out = self.tr(
            "The token given out before is refused from then on: programs and windows on other computers must be told "
            "the new one. "
        )
        words = self.tr(
            "A token lets a program or a window on another computer do everything that can be done here. It is shown "
            "once and cannot be read again. Running jobs go on."
        )
        super().__init__(
            self.tr("Show a new token?"), (shut_out if has_token else "") + words, self.tr("Show new token"), parent,
            is_dangerous=has_token,
        )  # fmt: skip
        self.setMinimumWidth(520)
        self._client = client
        self.token = QLineEdit()
        self.token.setReadOnly(True)
        self.token.setAccessibleName(self.tr("New token"))
        self.token.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setAutoDefault(False)
        show_icon(self.copy_button, "copy")
        self.copy_button.clicked.connect(self._copy)
        self._shown = QWidget()
        row = QHBoxLayout(self._shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self.token, 1)
        row.addWidget(self.copy_button)
        self._shown.hide()
        self.note = QLabel(self.tr("Keep it now. Requests carry it as “Authorization: Bearer …”."))
        self.note.setWordWrap(True)
        theme.set_role(self.note, "caption")
        self.note.hide()
        self.fields.addWidget(self._shown)
        self.fields.addWidget(self.note)
        self.act_button.clicked.connect(self._make)

    def _make(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self._on_trouble)

    async def _ask(self) -> None:
        made: dict[str, Any] = await self._client.post("/unit_api/system/web_server/token")
        token = str(made["token"])
        self._client.use_token(token)
        self.token.setText(token)
        self.token.setCursorPosition(0)
        self._shown.show()
        self.note.show()
        self.act_button.hide()
        self.cancel_button.setText(self.tr("Close"))
        self.cancel_button.setDefault(True)
        self.copy_button.setFocus()
        self.fit()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.token.text())
        self.copy_button.setText(self.tr("Copied"))

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self.show_trouble(trouble)
