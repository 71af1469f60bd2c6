"""One line of the start form: an option's word, its input, its unit, and what is wrong with what was typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from gui import theme
from gui.jobs.capability import Argument, Option
from gui.jobs.numbers import NotANumberError, limits_text, number_of


class _Field(QWidget):
    """A label above an input, a caption below that turns into the error.

    Signals:
        changed: the input changed.
    """

    changed = Signal()
    input: QWidget

    def __init__(self, label: str, hint: str, required: bool) -> None:
        super().__init__()
        self.name = QLabel(f"{label} *" if required else label)
        self.note = QLabel(hint)
        self.note.setWordWrap(True)
        theme.set_role(self.note, "caption")
        self._hint = hint
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)

    def complain(self, words: str) -> None:
        """Say in place what is wrong; an empty text takes it back."""
        self.note.setText(words or self._hint)
        self.note.setVisible(bool(words or self._hint))
        theme.set_tone(self.note, "alarm" if words else "")

    @property
    def is_wrong(self) -> bool:
        """Whether something is said to be wrong with the input."""
        return bool(self.note.property("tone"))

    def _changed(self) -> None:
        self.complain("")
        self.changed.emit()


class OptionField(_Field):
    """The input of one option.

    An option without a default may be left empty: then the service takes what the configuration says.
    """

    def __init__(self, option: Option) -> None:
        super().__init__(option.label, _hint(option), option.required)
        self.option = option
        self.input: QLineEdit | QComboBox | QCheckBox
        if option.type == "boolean":
            self.input = self._boolean()
        else:
            self.input = self._line()
        self.input.setAccessibleName(f"{option.label} {option.unit}".strip())
        self.name.setBuddy(self.input)
        self._lay_out()

    def value(self) -> Any:
        """Return what was chosen, None when nothing was.

        Raises:
            ValueError: it does not fit; the text says why, and is shown in place.
        """
        try:
            return self._read()
        except ValueError as error:
            self.complain(str(error))
            raise

    def _read(self) -> Any:
        if isinstance(self.input, QCheckBox):
            return self.input.isChecked()
        if isinstance(self.input, QComboBox):
            return self.input.currentData()
        text = self.input.text().strip()
        if not text:
            if self.option.required:
                raise ValueError(self.tr("This is needed."))
            return None
        if self.option.multiple:
            return [part.strip() for part in text.split(",") if part.strip()]
        if not self.option.is_number:
            return text
        return number_of(text, whole=self.option.is_whole, limits=self.option.limits, measure=self.option.unit)

    def _boolean(self) -> QComboBox | QCheckBox:
        if self.option.default is not None:
            box = QCheckBox(self.option.label)
            box.setChecked(bool(self.option.default))
            box.toggled.connect(self._changed)
            self.name.hide()
            return box
        choice = QComboBox()
        for words, value in ((self.tr("As configured"), None), (self.tr("Yes"), True), (self.tr("No"), False)):
            choice.addItem(words, value)
        choice.currentIndexChanged.connect(self._changed)
        return choice

    def _line(self) -> QLineEdit:
        line = QLineEdit()
        default = self.option.default
        if isinstance(default, list):
            line.setText(", ".join(str(item) for item in default))
        elif default is not None:
            line.setText(f"{default:g}" if isinstance(default, float) else str(default))
        line.setPlaceholderText("" if self.option.required else self.tr("as configured"))
        line.textEdited.connect(self._changed)
        line.editingFinished.connect(self._check)
        return line

    def _check(self) -> None:
        if isinstance(self.input, QLineEdit) and self.input.text().strip():
            try:
                self._read()
            except NotANumberError as error:
                self.complain(str(error))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self.input, 1)
        if self.option.unit:
            measure = QLabel(self.option.unit)
            theme.set_role(measure, "unit")
            measure.setMinimumWidth(32)
            row.addWidget(measure)
        self.column.addWidget(self.name)
        self.column.addLayout(row)
        self.column.addWidget(self.note)
        self.complain("")


class ArgumentField(_Field):
    """The input of one positional argument: words divided by spaces where it takes many."""

    input: QLineEdit

    def __init__(self, argument: Argument) -> None:
        hint = self.tr("Words divided by spaces") if argument.takes_many else ""
        super().__init__(argument.label, hint, argument.required)
        self.argument = argument
        self.input = QLineEdit()
        self.input.setAccessibleName(argument.label)
        self.input.textEdited.connect(self._changed)
        self.name.setBuddy(self.input)
        for part in (self.name, self.input, self.note):
            self.column.addWidget(part)
        self.complain("")

    def values(self) -> list[str]:
        """Return the words; ValueError when one is needed and there is none."""
        text = self.input.text().strip()
        if not text and self.argument.required:
            words = self.tr("This is needed.")
            self.complain(words)
            raise ValueError(words)
        if self.argument.takes_many:
            return text.split()
        return [text] if text else []


def _hint(option: Option) -> str:
    limits = limits_text(option.limits, option.unit)
    help_text = option.help[:1].upper() + option.help[1:]
    return ". ".join(part for part in (help_text, limits[:1].upper() + limits[1:]) if part)
