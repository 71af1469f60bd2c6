"""The form that starts a job, made from what the job declares."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.jobs.capability import Capability, in_sentence
from gui.jobs.option_field import ArgumentField, OptionField
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError

_SHOWN_FIRST = 3


class StartForm(QFrame):
    """Options of one job with their defaults, and its start button.

    Signals:
        started: the job runs.
        closed: the user is done with the form.
    """

    started = Signal()
    closed = Signal()

    def __init__(self, capability: Capability, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.capability = capability
        self._client = client
        self.fields = [OptionField(option) for option in capability.options]
        self.arguments = [ArgumentField(argument) for argument in capability.arguments]
        self.start = QPushButton(self.tr("Start {name}").format(name=in_sentence(capability.label)))
        theme.set_role(self.start, "primary")
        self.close_button = QPushButton(self.tr("Cancel"))
        theme.set_role(self.close_button, "quiet")
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_tone(self.trouble, "alarm")
        self.trouble.hide()
        self.more = QPushButton(self.tr("More options"))
        self.more.setCheckable(True)
        theme.set_role(self.more, "quiet")
        show_icon(self.more, "more")
        self._rest = QWidget()
        self._lay_out()
        self.start.clicked.connect(self._on_start)
        self.close_button.clicked.connect(self.closed)
        self.more.toggled.connect(self._on_more)

    def _lay_out(self) -> None:
        title = QLabel(self.capability.label)
        theme.set_role(title, "heading")
        words = QLabel(self.capability.help)
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(2, 0, 8, 0)
        inside.setSpacing(12)
        first, rest = self._divided()
        for field in (*self.arguments, *first):
            inside.addWidget(field)
        folded = QVBoxLayout(self._rest)
        folded.setContentsMargins(0, 0, 0, 0)
        folded.setSpacing(12)
        for field in rest:
            folded.addWidget(field)
        inside.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addWidget(self._rest)
        self.more.setVisible(bool(rest))
        self._rest.hide()
        inside.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(holder)
        area.viewport().setAutoFillBackground(False)
        holder.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(title)
        column.addWidget(words)
        column.addWidget(area, 1)
        column.addWidget(self.trouble)
        column.addWidget(self.start)
        column.addWidget(self.close_button)
        for field in self.fields:
            field.input.installEventFilter(self)
        for argument in self.arguments:
            argument.input.installEventFilter(self)

    def _divided(self) -> tuple[list[OptionField], list[OptionField]]:
        """Return the fields people change first, and the others."""
        first = [field for field in self.fields if field.option.is_first or field.option.required]
        if not first:
            first = self.fields[:_SHOWN_FIRST]
        return first, [field for field in self.fields if field not in first]

    def focus_first(self) -> None:
        """Put the keyboard into the first input, or onto the start button."""
        inputs = [field.input for field in (*self.arguments, *self._divided()[0])]
        target: QWidget = inputs[0] if inputs else self.start
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Start with Enter in any input."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self._on_start()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def body(self) -> dict[str, Any]:
        """Return the request that starts the job; ValueError when an input does not fit, which is told in place."""
        options: dict[str, Any] = {}
        faults = 0
        for field in self.fields:
            try:
                value = field.value()
            except ValueError:
                faults += 1
                continue
            if value is not None and value != field.option.default:
                options[field.option.name] = value
        args = list(self.capability.run_args)
        for argument in self.arguments:
            try:
                args += argument.values()
            except ValueError:
                faults += 1
        if faults:
            raise ValueError(self.tr("Correct what is marked, then start."))
        if self.capability.automation_name:
            options["automation_name"] = self.capability.automation_name
        return {"options": options, "args": args}

    def _on_start(self) -> None:
        if not self.start.isEnabled():
            return
        try:
            body = self.body()
        except ValueError as error:
            if any(field.is_wrong and not field.isVisibleTo(self) for field in self.fields):
                self.more.setChecked(True)
            self._show_trouble(str(error))
            return
        self.trouble.hide()
        self.start.setEnabled(False)
        self.start.setText(self.tr("Starting…"))
        background.run(self._start(body), self, self._on_trouble)

    async def _start(self, body: dict[str, Any]) -> None:
        await self._client.run_task(f"/unit_api/jobs/run/job_name/{self.capability.run_name}", body)
        self._offer_start()
        self.started.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._offer_start()
        parts = [trouble.error] + [part for part in (trouble.cause, trouble.remedy) if part and part != trouble.error]
        self._show_trouble(" ".join(parts))
        named = trouble.info.get("fields", []) if isinstance(trouble, ServiceRefusedError) else []
        for field in self.fields:
            if field.option.name in named:
                field.complain(trouble.cause)
                self.more.setChecked(self.more.isChecked() or field in self._divided()[1])

    def _offer_start(self) -> None:
        self.start.setEnabled(True)
        self.start.setText(self.tr("Start {name}").format(name=in_sentence(self.capability.label)))

    def _show_trouble(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.show()

    def _on_more(self, wanted: bool) -> None:
        self._rest.setVisible(wanted)
        self.more.setText(self.tr("Fewer options") if wanted else self.tr("More options"))
        show_icon(self.more, "less" if wanted else "more")
