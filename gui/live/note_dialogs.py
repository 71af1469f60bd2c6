"""The dialogs that write, change and delete a note."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from gui import theme
from gui.live.utc_text import utc_text
from gui.moments import exact
from gui.person import person
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog

_LONGEST_TEXT = 2000
_LONGEST_SHOWN = 120
_TEXT_PX = 96


def notes_path(experiment: str) -> str:
    """Return the path of an experiment's notes in the API."""
    return f"/unit_api/experiments/{quote(experiment, safe='')}/annotations"


class _NoteText(AskDialog):
    """What writing and changing a note have in common: a field, and its limits."""

    def __init__(self, title: str, words: str, act: str, text: str, parent: QWidget) -> None:
        super().__init__(title, words, act, parent)
        self.text = QPlainTextEdit(text)
        self.text.setAccessibleName(self.tr("Note"))
        self.text.setPlaceholderText(self.tr("What happened, what was done"))
        self.text.setFixedHeight(_TEXT_PX)
        self.text.setTabChangesFocus(True)
        self.fields.addWidget(self.text)
        self.text.textChanged.connect(self._look)
        self.act_button.clicked.connect(self._send)
        self.text.setFocus()
        self._look()

    @property
    def written(self) -> str:
        """The text as it is to be kept."""
        return self.text.toPlainText().strip()

    def _look(self) -> None:
        is_long = len(self.written) > _LONGEST_TEXT
        self.act_button.setEnabled(bool(self.written) and not is_long)
        self.tell(self.tr("A note has at most {} characters.").format(_LONGEST_TEXT) if is_long else "")

    def _send(self) -> None:
        self.carry_out(self._ask_service())

    async def _ask_service(self) -> None:
        raise NotImplementedError


class AddNoteDialog(_NoteText):
    """Asks for a note about a moment.

    Attributes:
        text: the field.
    """

    def __init__(self, client: ServiceClient, experiment: str, utc_s: float, parent: QWidget) -> None:
        words = self.tr("At {}. It stays with the experiment.").format(exact(datetime.fromtimestamp(utc_s, UTC)))
        super().__init__(self.tr("Add note"), words, self.tr("Add note"), "", parent)
        self._client = client
        self._experiment = experiment
        self._utc_s = utc_s

    async def _ask_service(self) -> None:
        body: dict[str, Any] = {"text": self.written, "t": utc_text(self._utc_s)}
        if who := person():
            body["who"] = who
        await self._client.post(notes_path(self._experiment), body)


class ChangeNoteDialog(_NoteText):
    """Asks for another text of a note.

    Signals:
        deletion_asked: the API's item of the note that is to be deleted instead.

    Attributes:
        text: the field.
        delete_button: asks for the deletion.
    """

    deletion_asked = Signal(dict)

    def __init__(self, client: ServiceClient, note: dict[str, Any], parent: QWidget) -> None:
        when, noted = (exact(datetime.fromisoformat(note[at])) for at in ("t", "recorded_at"))
        words = self.tr("At {when}. Noted by {who}, {noted}.").format(when=when, who=note["who"], noted=noted)
        super().__init__(self.tr("Change note"), words, self.tr("Save"), note["text"], parent)
        self._client = client
        self._note = note
        self.delete_button = QPushButton(self.tr("Delete this note…"))
        theme.set_role(self.delete_button, "link")
        self.delete_button.clicked.connect(self._ask_deletion)
        self.under_fields.addWidget(self.delete_button)

    def _ask_deletion(self) -> None:
        self.deletion_asked.emit(self._note)
        self.reject()

    async def _ask_service(self) -> None:
        await self._client.patch(f"{notes_path(self._note['experiment'])}/{self._note['id']}", {"text": self.written})


class DeleteNoteDialog(AskDialog):
    """Asks whether a note is to be deleted."""

    def __init__(self, client: ServiceClient, note: dict[str, Any], parent: QWidget) -> None:
        text = note["text"] if len(note["text"]) <= _LONGEST_SHOWN else f"{note['text'][:_LONGEST_SHOWN]}…"
        words = self.tr("“{}” is gone for good then.").format(text)
        super().__init__(self.tr("Delete note"), words, self.tr("Delete note"), parent, is_dangerous=True)
        self._client = client
        self._path = f"{notes_path(note['experiment'])}/{note['id']}"
        self.act_button.clicked.connect(self._send)

    def _send(self) -> None:
        self.carry_out(self._client.delete(self._path))
