"""The inputs of one job, or of one rule: what people change first, and the rest folded."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import show_icon
from gui.jobs.capability import Capability
from gui.jobs.option_field import ArgumentField, OptionField

_SHOWN_FIRST = 3
# Who asked, as the record of doses and light tells it.
_SOURCE = "UI"


class FormFields(QWidget):
    """Every option and argument with its default.

    Signals:
        changed: an input changed.

    Attributes:
        fields, arguments: the inputs of options and of positional arguments.
        more: unfolds the rest.
    """

    changed = Signal()

    def __init__(self, capability: Capability) -> None:
        super().__init__()
        self.capability = capability
        self.fields = [OptionField(option) for option in capability.options]
        self.arguments = [ArgumentField(argument) for argument in capability.arguments]
        self.more = QPushButton(self.tr("More options"))
        self.more.setCheckable(True)
        theme.set_role(self.more, "quiet")
        show_icon(self.more, "more")
        self._rest = QWidget()
        self._first, self._folded = self._divided()
        self._lay_out()
        self.more.toggled.connect(self._on_more)
        for field in (*self.fields, *self.arguments):
            field.changed.connect(self.changed)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for field in (*self.arguments, *self._first):
            column.addWidget(field)
        folded = QVBoxLayout(self._rest)
        folded.setContentsMargins(0, 0, 0, 0)
        folded.setSpacing(12)
        for option in self._folded:
            folded.addWidget(option)
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._rest)
        self.more.setVisible(bool(self._folded))
        self._rest.hide()

    def _divided(self) -> tuple[list[OptionField], list[OptionField]]:
        """Return the fields people change first, and the others."""
        first = [field for field in self.fields if field.option.is_first or field.option.required]
        if not first:
            first = self.fields[:_SHOWN_FIRST]
        rest = [field for field in self.fields if field not in first]
        # One more line is no more to read than the button that would hide it.
        return (self.fields, []) if len(rest) == 1 else (first, rest)

    @property
    def inputs(self) -> list[QWidget]:
        """Every input, those seen first in front."""
        return [field.input for field in (*self.arguments, *self._first, *self._folded)]

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
        if self.capability.tells_source:
            options["source_of_event"] = _SOURCE
        return {"options": options, "args": args}

    def complain(self, names: list[str], words: str) -> None:
        """Say beside the named options what is wrong with them."""
        for field in self.fields:
            if field.option.name in names:
                field.complain(words)
        self.show_faults()

    @property
    def faults(self) -> list[QWidget]:
        """The inputs beside which something is said to be wrong, from the top."""
        return [field.input for field in (*self.arguments, *self._first, *self._folded) if field.is_wrong]

    def show_faults(self) -> None:
        """Unfold the rest when something in it is wrong."""
        if any(field.is_wrong for field in self._folded):
            self.more.setChecked(True)

    def _on_more(self, wanted: bool) -> None:
        self._rest.setVisible(wanted)
        self.more.setText(self.tr("Fewer options") if wanted else self.tr("More options"))
        show_icon(self.more, "less" if wanted else "more")
