"""One line of the start form: an option's word, its input, its unit, and what is wrong with what was typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.jobs.capability import Argument, Option
from gui.jobs.numbers import NotANumberError, limits_text
from gui.jobs.option_inputs import OptionInput, default_text, is_default, make_input, put_default, value_of


class _Field(QWidget):
    """A label above an input, a caption below that turns into the error.

    Signals:
        changed: the input changed.
    """

    changed = Signal()
    input: QWidget

    def __init__(self, label: str, hint: str, required: bool) -> None:
        super().__init__()
        self.name = QLabel(self.tr("{name} (needed)").format(name=label) if required else label)
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
    """The input of one option, and, once it differs from its default, the button that puts the default back.

    An option without a default may be left empty: then the service takes what the configuration says.
    """

    def __init__(self, option: Option) -> None:
        super().__init__(option.label, _hint(option), option.required)
        self.option = option
        self.input: OptionInput = make_input(option)
        self.input.setAccessibleName(f"{option.label} {option.unit}".strip())
        self.name.setBuddy(self.input)
        self.back = QPushButton(_back_words(option))
        theme.set_role(self.back, "link")
        self.back.setToolTip(self.tr("This differs from the default. Press to put the default back."))
        self._lay_out()
        self._connect()
        self._mark()

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the default."""
        return not is_default(self.input, self.option)

    def value(self) -> Any:
        """Return what was chosen, None when nothing was.

        Raises:
            ValueError: it does not fit; the text says why, and is shown in place.
        """
        try:
            return value_of(self.input, self.option)
        except ValueError as error:
            self.complain(str(error))
            raise

    def put_back(self) -> None:
        """Put the default back."""
        put_default(self.input, self.option)
        self._on_input()
        self.input.setFocus()

    def _connect(self) -> None:
        self.back.clicked.connect(self.put_back)
        if isinstance(self.input, QCheckBox):
            self.input.toggled.connect(self._on_input)
        elif isinstance(self.input, QComboBox):
            self.input.currentIndexChanged.connect(self._on_input)
        else:
            self.input.textChanged.connect(self._on_input)
            self.input.editingFinished.connect(self._check)

    def _on_input(self) -> None:
        self._changed()
        self._mark()

    def _mark(self) -> None:
        """Show what differs from the default: its word is bold, and the way back is offered."""
        marked = self.is_changed and not self.option.required
        self.back.setVisible(marked)
        theme.set_role(self.name, "strong" if marked else "")

    def _check(self) -> None:
        if isinstance(self.input, QLineEdit) and self.input.text().strip():
            try:
                value_of(self.input, self.option)
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
        top = QHBoxLayout()
        top.addWidget(self.name)
        top.addStretch(1)
        if isinstance(self.input, QCheckBox):
            self.name.hide()
            row.addWidget(self.back)
        else:
            top.addWidget(self.back)
        self.column.addLayout(top)
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


def _back_words(option: Option) -> str:
    default = default_text(option)
    if not default:
        return QCoreApplication.translate("jobs", "As configured")
    return QCoreApplication.translate("jobs", "Default {v}").format(v=f"{default} {option.unit}".strip())


def _hint(option: Option) -> str:
    limits = "" if option.is_switch else limits_text(option.limits, option.unit)
    help_text = option.help[:1].upper() + option.help[1:]
    return ". ".join(part for part in (help_text, limits[:1].upper() + limits[1:]) if part)
