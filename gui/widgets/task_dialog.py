"""A question whose answer is a task of the service: what will happen, then how far it is, then how it went."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.progress_line import ProgressLine


class TaskDialog(AskDialog):
    """Subclasses say what is asked of the service (`request`) and how its result reads (`outcome`).

    Closing the dialog while the task runs does not end the task: how it went is told by a toast then.

    Args:
        client: who is asked.
        title, words, act, parent, is_dangerous: as of every question.
        timeout_s: how long the task may take, in seconds.
        rides_out_restart: whether the service goes down meanwhile and its next instance ends the task.

    Signals:
        succeeded: the task is over; carries its result.

    Attributes:
        progress: how far it is.
        result_words: how it went, once it did.
    """

    succeeded = Signal(dict)

    def __init__(
        self,
        client: ServiceClient,
        title: str,
        words: str,
        act: str,
        parent: QWidget,
        *,
        is_dangerous: bool = False,
        timeout_s: float = 40.0,
        rides_out_restart: bool = False,
    ) -> None:
        super().__init__(title, words, act, parent, is_dangerous=is_dangerous)
        self.setMinimumWidth(520)
        self.client = client
        self._timeout_s = timeout_s
        self._rides_out_restart = rides_out_restart
        self._is_running = False
        self.progress = ProgressLine()
        self.result_words = QLabel()
        self.result_words.setWordWrap(True)
        self.result_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        picture = QLabel()
        show_icon(picture, "ok", "ok")
        self._result = QWidget()
        row = QHBoxLayout(self._result)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.result_words, 1)
        self._result.hide()
        self.under_fields.addWidget(self.progress)
        self.under_fields.addWidget(self._result)
        self.act_button.clicked.connect(self.begin)

    def doing(self) -> str:
        """Say what is being done: "Restarting"."""
        raise NotImplementedError

    async def ask(self) -> dict[str, Any]:
        """Ask the service; return its accepting answer."""
        raise NotImplementedError

    def outcome(self, result: dict[str, Any]) -> str:
        """Say how it went."""
        raise NotImplementedError

    def set_fields_enabled(self, enabled: bool) -> None:
        """Let the fields be changed, or not; dialogs with fields say how."""

    def begin(self) -> None:
        """Start the task."""
        if self._is_running:
            return
        self._is_running = True
        self.tell("")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.set_fields_enabled(False)
        self.act_button.setEnabled(False)
        self.cancel_button.setText(self.tr("Close"))
        self.progress.begin(self.doing(), can_cancel=False)
        self.fit()
        background.run(self._run(), self, self._on_trouble)

    async def _run(self) -> None:
        accepted = await self.ask()
        self.on_accepted(accepted)
        result = await self.client.result_of(accepted, self._timeout_s, rides_out_restart=self._rides_out_restart)
        self._end()
        words = self.outcome(result)
        self.succeeded.emit(result)
        if self.isVisible():
            self.result_words.setText(words)
            self._result.show()
            self.act_button.hide()
            self.cancel_button.setDefault(True)
            self.cancel_button.setFocus()
            self.fit()
        else:
            self._toast(words)

    def on_accepted(self, accepted: dict[str, Any]) -> None:
        """Take note of the accepting answer; dialogs that can cancel keep the task's id."""

    def _end(self) -> None:
        self._is_running = False
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.progress.end()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._end()
        if self.isVisible():
            self.set_fields_enabled(True)
            self.cancel_button.setText(self.tr("Cancel"))
            self.show_trouble(trouble)
            return
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show_trouble(trouble)
        self.deleteLater()

    def _toast(self, words: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(words, "", "ok")
        self.deleteLater()


def quiet(text: str) -> QLabel:
    """Return a small explanation under a field."""
    label = QLabel(text)
    label.setWordWrap(True)
    theme.set_role(label, "caption")
    return label
