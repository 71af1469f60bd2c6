"""The form that starts a job, made from what the job declares; of an automation, the choice of its rule comes first."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QRadioButton, QScrollArea, QVBoxLayout, QWidget

from gui import background, theme
from gui.jobs.capability import Capability, in_sentence
from gui.jobs.family import Family
from gui.jobs.form_fields import FormFields
from gui.jobs.option_field import ArgumentField, OptionField
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.widgets.scrolled import scrolled
from gui.words import device_title, listing, sentences

_NOT_CALIBRATED = "no active calibration"
_DEVICE = re.compile(r"\b\w+_pump\b")
# More do not fit on the start button.
_MOST_LETTERS = 28


class StartForm(QFrame):
    """Options of one job with their defaults, and its start button.

    Signals:
        started: the job runs.
        closed: the user is done with the form.
        calibrations_asked: the user wants to see the calibrations, of which one is missing.

    Attributes:
        rules: the button of each rule to choose from; empty without a choice.
        inputs: the fields of the job or of the rule chosen.
    """

    started = Signal()
    closed = Signal()
    calibrations_asked = Signal()

    def __init__(self, family: Family, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.family = family
        self._client = client
        self.rules = [QRadioButton(rule.label) for rule in family.rules] if family.has_rules else []
        self._rule_help = QLabel()
        self.inputs = FormFields(family.rules[0])
        self.start = QPushButton()
        theme.set_role(self.start, "primary")
        self.close_button = QPushButton(self.tr("Cancel"))
        theme.set_role(self.close_button, "quiet")
        self.to_calibrations = QPushButton(self.tr("Open Calibrations"))
        self.to_calibrations.hide()
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_tone(self.trouble, "alarm")
        self.trouble.hide()
        self._lay_out()
        self._use(self.inputs)
        self.start.clicked.connect(self._on_start)
        self.close_button.clicked.connect(self.closed)
        self.to_calibrations.clicked.connect(self.calibrations_asked)
        for button in self.rules:
            button.toggled.connect(self._on_rule)

    @property
    def capability(self) -> Capability:
        """The job, or the rule chosen."""
        return self.inputs.capability

    @property
    def fields(self) -> list[OptionField]:
        """The inputs of the options."""
        return self.inputs.fields

    @property
    def arguments(self) -> list[ArgumentField]:
        """The inputs of the positional arguments."""
        return self.inputs.arguments

    @property
    def more(self) -> QPushButton:
        """The button that unfolds the rest of the options."""
        return self.inputs.more

    def _lay_out(self) -> None:
        title = QLabel(self.family.title)
        words = QLabel(self.family.help)
        for label in (title, words):
            label.setWordWrap(True)
        for label, role in ((title, "heading"), (words, "quiet"), (self._rule_help, "caption")):
            theme.set_role(label, role)
        self._rule_help.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        for widget in (title, words):
            column.addWidget(widget)
        column.addWidget(self._scrolled(), 1)
        for part in (self.trouble, self.to_calibrations):
            column.addWidget(part)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.close_button)
        column.addLayout(buttons)

    def _scrolled(self) -> QScrollArea:
        holder = QWidget()
        self._inside = QVBoxLayout(holder)
        self._inside.setContentsMargins(2, 0, 8, 0)
        self._inside.setSpacing(2)
        for button, rule in zip(self.rules, self.family.rules, strict=False):
            button.setToolTip(rule.help)
            button.installEventFilter(self)
            self._inside.addWidget(button)
        self._inside.addWidget(self._rule_help)
        self._rule_help.setVisible(bool(self.rules))
        if self.rules:
            self.rules[0].setChecked(True)
            self._inside.addSpacing(10)
        self._inside.addWidget(self.inputs)
        self._inside.addStretch(1)
        return scrolled(holder)

    def choose_rule(self, automation_name: str) -> None:
        """Choose one of the rules."""
        for button, rule in zip(self.rules, self.family.rules, strict=False):
            if rule.automation_name == automation_name:
                button.setChecked(True)

    def focus_first(self) -> None:
        """Put the keyboard to the choice of rules, into the first input, or onto the start button."""
        chosen = [button for button in self.rules if button.isChecked()]
        target: QWidget = [*chosen, *self.inputs.inputs, self.start][0]
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
        return self.inputs.body()

    def _on_rule(self, is_chosen: bool) -> None:
        if not is_chosen:
            return
        chosen = next(rule for button, rule in zip(self.rules, self.family.rules, strict=True) if button.isChecked())
        before, self.inputs = self.inputs, FormFields(chosen)
        self._inside.replaceWidget(before, self.inputs)
        before.hide()
        before.deleteLater()
        self._use(self.inputs)

    def _use(self, inputs: FormFields) -> None:
        for shown in inputs.inputs:
            shown.installEventFilter(self)
        inputs.changed.connect(self._forget_trouble)
        self._rule_help.setText(inputs.capability.help)
        self._forget_trouble()
        self._offer_start()

    def _on_start(self) -> None:
        if not self.start.isEnabled():
            return
        self._forget_trouble()
        try:
            body = self.body()
        except ValueError as error:
            self.inputs.show_faults()
            self._show_trouble(str(error))
            self._focus_fault()
            return
        self._set_busy()
        background.run(self._start(body), self, self._on_trouble)

    async def _start(self, body: dict[str, Any]) -> None:
        await self._client.run_task(f"/unit_api/jobs/run/job_name/{self.capability.run_name}", body)
        self._offer_start()
        self.started.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._offer_start()
        is_uncalibrated = _NOT_CALIBRATED in trouble.error
        why = trouble.cause if trouble.cause != trouble.error else ""
        words = sentences(trouble.error, why, trouble.remedy)
        self._show_trouble(self._uncalibrated_words(trouble.error) if is_uncalibrated else words)
        self.to_calibrations.setVisible(is_uncalibrated)
        named = trouble.info.get("fields", []) if isinstance(trouble, ServiceRefusedError) else []
        self.inputs.complain(named, trouble.cause)
        self._focus_fault()

    def _focus_fault(self) -> None:
        """Put the keyboard where something is to be corrected, onto the way there, or back onto the start button."""
        otherwise = self.start if self.to_calibrations.isHidden() else self.to_calibrations
        target = next(iter(self.inputs.faults), otherwise)
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _uncalibrated_words(self, error: str) -> str:
        devices = [in_sentence(device_title(name)) for name in _DEVICE.findall(error)]
        what = self.tr("Not calibrated: {devices}.").format(devices=listing(devices))
        return sentences(what, self.tr("Calibrate first, or make a calibration the active one, then start again"))

    def _set_busy(self) -> None:
        self.start.setEnabled(False)
        self.start.setText(self.tr("Starting…"))
        for button in self.rules:
            button.setEnabled(False)

    def _offer_start(self) -> None:
        self.start.setEnabled(True)
        self.start.setText(self._start_words())
        for button in self.rules:
            button.setEnabled(True)

    def _start_words(self) -> str:
        if self.capability.is_action or self.capability.run_args:
            words = self.capability.label
        else:
            name = self.family.title if self.family.has_rules else self.capability.label
            words = self.tr("Start {name}").format(name=in_sentence(name))
        # The whole name stands above, as the form's title.
        return words if len(words) <= _MOST_LETTERS else self.tr("Start")

    def _show_trouble(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.show()

    def _forget_trouble(self) -> None:
        self.trouble.hide()
        self.to_calibrations.hide()
