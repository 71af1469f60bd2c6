"""Making a new access token, which is shown once: whoever needs it copies it from here."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from gui import background
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.shown_once import ShownOnce


class TokenDialog(AskDialog):
    """Says whom a new token shuts out, makes it, and shows it.

    Attributes:
        token: shows it, once it is made.
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
        self.token = ShownOnce(
            self.tr("New token"), self.tr("Keep it now. Requests carry it as “Authorization: Bearer …”.")
        )
        self.fields.addWidget(self.token)
        self.act_button.clicked.connect(self._make)

    def _make(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        made: dict[str, Any] = await self._client.post("/unit_api/system/web_server/token")
        token = str(made["token"])
        self._client.use_token(token)
        self.token.show_secret(token)
        self.leave_only_closing()
