"""One thing a step asks: its word, its input, its unit, and what is wrong with what was typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.calibrations.guided.field_values import hint_of, read_text, shown_default
from gui.calibrations.guided.step import StepField

# More are no longer seen at a glance.
_MOST_BUTTONS = 5
_NUMBER_PX = 160
_MOST_LETTERS = 255


class FieldInput(QWidget):
    """Asks one thing.

    Signals:
        changed: the input changed.

    Attributes:
        line: where it is typed; None where it is chosen.
        buttons: what can be chosen, by the answer.
        box: the same where there is much to choose from.
        note: what helps, or what is wrong.
    """

    changed = Signal()

    def __init__(self, asked: StepField) -> None:
        super().__init__()
        self.asked = asked
        self.line: QLineEdit | None = None
        self.box: QComboBox | None = None
        self.buttons: dict[str, QRadioButton] = {}
        self._name = QLabel(asked.label)
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.set_role(self.note, "caption")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self._name)
        if not asked.options:
            self._make_line()
        elif len(asked.options) <= _MOST_BUTTONS:
            self._make_buttons()
        else:
            self._make_box()
        self._column.addWidget(self.note)
        self.complain("")

    def _make_line(self) -> None:
        asked = self.asked
        self.line = QLineEdit(shown_default(asked))
        self.line.setMaxLength(_MOST_LETTERS)
        self.line.setAccessibleName(f"{asked.label} {asked.unit}".strip())
        self.line.textChanged.connect(self._on_change)
        self._name.setBuddy(self.line)
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE_PX)
        is_number = asked.kind in ("float", "int")
        if is_number:
            self.line.setFixedWidth(_NUMBER_PX)
            self.line.setFont(theme.value_font())
        row.addWidget(self.line, 0 if is_number else 1)
        if asked.unit:
            measure = QLabel(asked.unit)
            theme.set_role(measure, "unit")
            row.addWidget(measure)
        if is_number:
            row.addStretch(1)
        self._column.addLayout(row)

    def _make_buttons(self) -> None:
        group = QButtonGroup(self)
        chosen = shown_default(self.asked) or self.asked.options[0]
        for option in self.asked.options:
            button = QRadioButton(option[:1].upper() + option[1:])
            button.setChecked(option == chosen)
            button.toggled.connect(self._on_change)
            group.addButton(button)
            self.buttons[option] = button
            self._column.addWidget(button)

    def _make_box(self) -> None:
        self.box = QComboBox()
        self.box.addItems(list(self.asked.options))
        self.box.setCurrentText(shown_default(self.asked))
        self.box.setAccessibleName(self.asked.label)
        self.box.currentIndexChanged.connect(self._on_change)
        self._name.setBuddy(self.box)
        self._column.addWidget(self.box)

    @property
    def target(self) -> QWidget:
        """What takes the keyboard."""
        if self.line is not None or self.box is not None:
            return self.line or self.box or self
        return next(button for button in self.buttons.values() if button.isChecked())

    @property
    def is_wrong(self) -> bool:
        """Whether something is said to be wrong."""
        return bool(self.note.property("tone"))

    def value(self) -> Any:
        """Return the answer.

        Raises:
            ValueError: it does not fit; the text says why, and is shown beside it.
        """
        if self.box is not None:
            return self.box.currentText()
        if self.line is None:
            return next(option for option, button in self.buttons.items() if button.isChecked())
        try:
            return read_text(self.asked, self.line.text())
        except ValueError as error:
            self.complain(str(error))
            raise

    def complain(self, words: str) -> None:
        """Say beside the input what is wrong; an empty text takes it back."""
        said = words or hint_of(self.asked)
        self.note.setText(said)
        self.note.setVisible(bool(said))
        theme.set_tone(self.note, "alarm" if words else "")
        if self.line is not None:
            self.line.setAccessibleDescription(said)

    def take_focus(self) -> None:
        """Take the keyboard, with what is there ready to be typed over."""
        self.target.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.line is not None:
            self.line.selectAll()

    def _on_change(self) -> None:
        self.complain("")
        self.changed.emit()
