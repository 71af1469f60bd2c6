"""One live setting of a running job: its value, an input where it can be changed, and how a change went."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from gui import background, theme
from gui.jobs.capability import Setting
from gui.jobs.inputs import NumberInput
from gui.jobs.numbers import NotANumberError, digits_of, limits_text, number_of, short
from gui.jobs.setting_text import setting_label, setting_text
from gui.service_client import ServiceClient, ServiceTroubleError

_NUMBERS = ("float", "integer")
_TEXTS = ("string", "text")
_TAKEN_SHOWN_MS = 2500


class SettingField(QWidget):
    """A setting's word and value.

    A settable one has an input instead: it shows the present value, "setting…" while a change is on its way, then that
    it was taken, or the reason why not with the present value back in place. Escape takes back what is being typed.
    """

    def __init__(self, job_name: str, setting: Setting, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self._job_name = job_name
        self._client = client
        self._value: Any = None
        self._wanted: Any = None
        self._pending = False
        self._words, self._label = "–", setting.label
        self.name = QLabel(setting.label)
        self.value_label = QLabel("–")
        self.value_label.setFont(theme.value_font(13))
        self.input = self._make_input()
        self.note = QLabel()
        theme.set_role(self.note, "caption")
        self.note.setWordWrap(True)
        self._forget = QTimer(self, singleShot=True, interval=_TAKEN_SHOWN_MS)
        self._forget.timeout.connect(self._hint)
        self._lay_out()
        self._hint()

    @property
    def is_pending(self) -> bool:
        """Whether a change is on its way."""
        return self._pending

    def show_value(self, value: Any) -> None:
        """Show the present value; what is being typed or is on its way is left alone."""
        self._value = value
        self._show_in_words()
        if not self._pending and not self._is_being_typed():
            self._show_in_input()

    def _show_in_words(self) -> None:
        if self.input is None:
            self._words = setting_text(self.setting, self._value)
            self._label = setting_label(self.setting, self._value)
            self.value_label.setToolTip(self._words)
            self.value_label.setAccessibleName(f"{self._label}: {self._words}")
            self.name.setToolTip(self._label)
            self._fit_words()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut what does not fit, with the mark that says so; the tooltip has all of it."""
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        if self.input is None:
            for label, words in ((self.value_label, self._words), (self.name, self._label)):
                label.setText(label.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, self.width()))

    def _make_input(self) -> NumberInput | QCheckBox | QComboBox | QLineEdit | None:
        if not self.setting.is_settable:
            return None
        if self.setting.choices:
            choice = QComboBox()
            for value, words in self.setting.choices:
                choice.addItem(words, value)
            choice.activated.connect(self._on_chosen)
            return choice
        if self.setting.datatype == "boolean":
            box = QCheckBox(self.tr("On"))
            box.clicked.connect(self._on_clicked)
            return box
        if self.setting.datatype in _NUMBERS:
            number = NumberInput(self.setting.limits, whole=self.setting.datatype == "integer")
            number.setFixedWidth(104)
            number.valueChanged.connect(self._on_number)
            number.refused.connect(self._on_no_number)
            number.lineEdit().textEdited.connect(self._hint)
            return number
        if self.setting.datatype in _TEXTS:
            line = QLineEdit()
            line.editingFinished.connect(self._on_text)
            return line
        return None

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.value_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(self.name, "caption")
        column.addWidget(self.name)
        column.addWidget(self.value_label)
        column.addWidget(self.note)
        if self.input is None:
            self.note.hide()
            column.addStretch(1)
            return
        self.value_label.hide()
        self.name.setBuddy(self.input)
        self.input.setAccessibleName(f"{self.setting.label} {self.setting.unit}".strip())
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.input)
        unit = QLabel(self.setting.unit)
        theme.set_role(unit, "unit")
        row.addWidget(unit)
        row.addStretch(1)
        column.insertLayout(1, row)

    def _is_being_typed(self) -> bool:
        if isinstance(self.input, NumberInput):
            return self.input.is_being_typed
        return isinstance(self.input, QLineEdit) and self.input.isModified()

    def _show_in_input(self) -> None:
        if self.input is None or self._value is None:
            return
        with QSignalBlocker(self.input):
            if isinstance(self.input, QCheckBox):
                self.input.setChecked(bool(self._value))
            elif isinstance(self.input, NumberInput):
                if isinstance(self._value, int | float):
                    self._show_number(self.input, float(self._value))
            elif isinstance(self.input, QComboBox):
                self.input.setCurrentIndex(self.input.findData(self._value))
            else:
                self.input.setText(str(self._value))
                self.input.setModified(False)

    def _show_number(self, number: NumberInput, value: float) -> None:
        """Show the digits that matter; all of them when it is what the user asked for."""
        digits = digits_of(self.setting.unit)
        number.setValue(value if digits is None or value == self._wanted else round(value, digits))
        number.lineEdit().setModified(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take back with Escape what is being typed."""
        if event.key() == Qt.Key.Key_Escape and self._is_being_typed():
            self._show_in_input()
            self._hint()
        else:
            super().keyPressEvent(event)

    def _on_no_number(self, typed: str) -> None:
        try:
            number_of(typed, whole=False, limits=self.setting.limits, measure=self.setting.unit)
        except NotANumberError as error:
            self._say(f"{typed}: {error}" if typed else str(error), "alarm")

    def _on_clicked(self, wanted: bool) -> None:
        self._send(wanted)

    def _on_chosen(self, index: int) -> None:
        if isinstance(self.input, QComboBox):
            self._send(self.input.itemData(index))

    def _on_number(self, wanted: float) -> None:
        self._send(int(wanted) if self.setting.datatype == "integer" else wanted)

    def _on_text(self) -> None:
        if isinstance(self.input, QLineEdit) and self.input.isModified():
            self._send(self.input.text())

    def _send(self, wanted: Any) -> None:
        if wanted == self._value or self.input is None:
            return
        self._pending = True
        self._wanted = wanted
        self._say(self.tr("setting…"), "note")
        background.run(self._change(wanted), self, self._on_refused)

    async def _change(self, wanted: Any) -> None:
        path = f"/unit_api/jobs/settings/job_name/{self._job_name}"
        await self._client.patch(path, {"settings": {self.setting.name: wanted}})
        # What the job made of it, which may be a limit instead of what was asked.
        answer = await self._client.get(path)
        self._pending = False
        self._value = answer["settings"].get(self.setting.name, self._value)
        self._show_in_words()
        self._show_in_input()
        is_as_wanted = self._value == wanted
        taken = self.tr("taken") if is_as_wanted else self.tr("limited to {v}").format(v=self._present())
        self._say(taken, "ok" if is_as_wanted else "warn")
        self._forget.start()

    def _present(self) -> str:
        if isinstance(self._value, int | float) and not isinstance(self._value, bool):
            return f"{short(self._value)} {self.setting.unit}".strip()
        return setting_text(self.setting, self._value)

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        self._pending = False
        self._show_in_input()
        why = trouble.cause if trouble.cause != trouble.error else ""
        self._say(" ".join(part for part in (trouble.error, why) if part), "alarm")

    def _say(self, words: str, tone: str) -> None:
        self._forget.stop()
        self.note.setText(words)
        theme.set_tone(self.note, tone)

    def _hint(self) -> None:
        self._say(limits_text(self.setting.limits, self.setting.unit) or " ", "")
