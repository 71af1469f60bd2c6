"""What to work with: a board plugged in here, a simulated one, or a service elsewhere. Asked at the first start."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.attachment import Attachment, Source, boards_found
from gui.icons import icon
from gui.service_client import ServiceTroubleError, is_loopback
from gui.words import sentences

_LOOK_AGAIN_MS = 1500
_SIMULATED = Source("simulated")
_ELSEWHERE = Source("service")


class SourceDialog(QDialog):
    """Lists what can be worked with; the boards are looked for again while it is open.

    Args:
        attachment: asked for the boards, and told the choice.
        is_first: at the first start it welcomes; later it says what is changed.
    """

    def __init__(self, attachment: Attachment, parent: QWidget, *, is_first: bool) -> None:
        super().__init__(parent)
        self._attachment = attachment
        self._boards: list[dict[str, Any]] = []
        self._is_chosen = False
        self.setWindowTitle(self.tr("Welcome to Vialdesk") if is_first else self.tr("Choose board"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._make_fields()
        self._lay_out(is_first)
        self._prefill()
        self._list_choices()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look_for_boards)
        self._timer.start(_LOOK_AGAIN_MS)
        attachment.unit.snapshot_loaded.connect(self._look_for_boards)
        self._look_for_boards()

    def _make_fields(self) -> None:
        self.choices = QListWidget()
        self.choices.setAccessibleName(self.tr("What to work with"))
        self.choices.setMinimumHeight(190)
        self.choices.currentItemChanged.connect(self._on_choice)
        self.choices.itemDoubleClicked.connect(self._use)
        self.explanation = QLabel()
        self.explanation.setWordWrap(True)
        theme.set_role(self.explanation, "quiet")
        self.address = QLineEdit()
        self.address.setPlaceholderText("http://192.168.1.20:4999")
        self.address.setAccessibleName(self.tr("Address of the service"))
        self.token = QLineEdit()
        self.token.setPlaceholderText(self.tr("Token, when the service asks for one"))
        self.token.setAccessibleName(self.tr("Token"))
        self.token.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
        self.address.textChanged.connect(self._look)
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        theme.set_tone(self.trouble, "alarm")
        self.use_button = QPushButton()
        theme.set_role(self.use_button, "primary")
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(self._use)

    def _lay_out(self, is_first: bool) -> None:
        heading = QLabel(self.tr("What do you want to work with?"))
        theme.set_role(heading, "title")
        words = QLabel(
            self.tr("It is remembered, and can be changed at any time under Menu, Choose board…")
            if is_first
            else self.tr("Jobs that use the present board must be stopped first.")
        )
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        cancel = QPushButton(self.tr("Later") if is_first else self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.use_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        parts = (heading, words, self.choices, self.explanation, self.address, self.token, self.trouble)
        for part in parts:
            column.addWidget(part)
        column.addLayout(buttons)

    def _prefill(self) -> None:
        if self._attachment.source.kind == "service":
            self.address.setText(self._attachment.source.url)
            self.token.setText(self._attachment.source.token)

    @property
    def chosen(self) -> Source:
        """What is chosen in the list now."""
        item = self.choices.currentItem()
        source: Source = item.data(Qt.ItemDataRole.UserRole) if item is not None else _SIMULATED
        if source.kind == "service":
            return Source("service", self.address.text().strip().rstrip("/"), self.token.text().strip())
        return source

    def _look_for_boards(self) -> None:
        if self._attachment.unit.service.is_live:
            background.run(self._ask_for_boards(), self, self._on_no_list)

    async def _ask_for_boards(self) -> None:
        found = await boards_found(self._attachment.client)
        if found != self._boards:
            self._boards = found
            self._list_choices()

    def _on_no_list(self, trouble: ServiceTroubleError) -> None:
        """The list stays as it is; why shows in the window's connection state, and it is asked again."""

    def _list_choices(self) -> None:
        kept = self.chosen if self._is_chosen else self._attachment.source
        with QSignalBlocker(self.choices):
            self.choices.clear()
            for board in self._boards:
                url = str(board["url"])
                text = str(board.get("description") or url)
                note = str(board.get("problem") or "") or " · ".join(
                    part for part in (url, str(board.get("serial_number") or "")) if part
                )
                self._add(f"{text}\n{note}", "warning" if board.get("problem") else "board", Source("board", url))
            self._add(
                self.tr("Simulated board\nA culture, optics, heat and a stir bar, calculated"), "simulated", _SIMULATED
            )
            self._add(self.tr("A running service\nHere or on the network, by its address"), "service", _ELSEWHERE)
            self.choices.setCurrentRow(self._row_of(kept))
        self._show_choice()

    def _add(self, text: str, icon_name: str, source: Source) -> None:
        item = QListWidgetItem(icon(icon_name, "accent"), text)
        item.setData(Qt.ItemDataRole.UserRole, source)
        self.choices.addItem(item)

    def _row_of(self, wanted: Source) -> int:
        """Return the row of what is wanted; else of the first board without a problem, else of the simulated one."""
        usable = {board["url"] for board in self._boards if not board.get("problem")}
        best = len(self._boards)
        for row in reversed(range(self.choices.count())):
            source: Source = self.choices.item(row).data(Qt.ItemDataRole.UserRole)
            if source.kind == wanted.kind and (source.kind != "board" or source.url == wanted.url):
                return row
            if source.url in usable:
                best = row
        return best

    def _on_choice(self) -> None:
        self._is_chosen = True
        self._show_choice()

    def _show_choice(self) -> None:
        source = self.chosen
        for field in (self.address, self.token):
            field.setVisible(source.kind == "service")
        board = next((board for board in self._boards if board["url"] == source.url), {})
        self.explanation.setText(
            {
                "simulated": self.tr(
                    "Everything works as with a real board. Nothing is plugged in, nothing can break."
                ),
                "service": self.tr("Jobs run there, and go on when this window is closed."),
            }.get(source.kind, str(board.get("remedy") or self.tr("Jobs run on this computer, on that board.")))
        )
        self._tell("")
        self._look()

    def _look(self) -> None:
        source = self.chosen
        self.use_button.setText(
            {"simulated": self.tr("Use simulated board"), "service": self.tr("Attach to service")}.get(
                source.kind, self.tr("Use this board")
            )
        )
        fault = _address_fault(source) if source.kind == "service" else ""
        self.use_button.setEnabled(not fault)
        if self.address.text():
            self._tell(fault)

    def _use(self) -> None:
        if self.use_button.isEnabled():
            self.use_button.setEnabled(False)
            background.run(self._ask(self.chosen), self, self._on_refused)

    async def _ask(self, source: Source) -> None:
        await self._attachment.choose(source)
        self.accept()

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        self._tell(sentences(trouble.error, trouble.remedy))
        self.use_button.setEnabled(True)

    def _tell(self, trouble: str) -> None:
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))


def _address_fault(source: Source) -> str:
    if not source.url.startswith(("http://", "https://")) or len(source.url) < 10:
        return "The address starts with http:// and names a host and a port, such as http://192.168.1.20:4999."
    if not is_loopback(source.url) and not source.token:
        return "A service on the network asks for its token."
    return ""
