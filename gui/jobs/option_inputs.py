"""The inputs of a start form: which kind an option needs, what it holds, and how to put its default back."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from gui.jobs.capability import Option
from gui.jobs.numbers import number_of, short

OptionInput = QLineEdit | QComboBox | QCheckBox


def make_input(option: Option) -> OptionInput:
    """Return an input that shows the option's default."""
    made = _make(option)
    put_default(made, option)
    return made


def put_default(shown: OptionInput, option: Option) -> None:
    """Show the option's default; empty where the service takes what the configuration says."""
    default = option.default
    if isinstance(shown, QCheckBox):
        shown.setChecked(bool(default))
    elif isinstance(shown, QComboBox):
        shown.setCurrentIndex(max(0, shown.findData(default)))
    else:
        shown.setText(default_text(option))


def default_text(option: Option) -> str:
    """Return the default as it is typed; "" without one."""
    default = option.default
    if isinstance(default, list):
        return ", ".join(str(item) for item in default)
    if default is None:
        return ""
    if isinstance(default, bool):
        return _tr("yes") if default else _tr("no")
    return short(float(default)) if isinstance(default, int | float) else dict(option.choices).get(default, default)


def value_of(shown: OptionInput, option: Option) -> Any:
    """Return what an input holds, None when nothing was chosen; ValueError says what does not fit."""
    if isinstance(shown, QCheckBox):
        if not option.is_switch:
            return shown.isChecked()
        return 1 if shown.isChecked() else option.default and 0
    if isinstance(shown, QComboBox):
        return shown.currentData()
    text = shown.text().strip()
    if not text:
        if option.required:
            raise ValueError(_tr("This is needed."))
        return None
    if option.multiple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if not option.is_number:
        return text
    return number_of(text, whole=option.is_whole, limits=option.limits, measure=option.unit)


def is_default(shown: OptionInput, option: Option) -> bool:
    """Whether an input stands as it was made."""
    if isinstance(shown, QCheckBox):
        return shown.isChecked() == bool(option.default)
    if isinstance(shown, QComboBox):
        return bool(shown.currentData() == option.default)
    return shown.text().strip() == default_text(option)


def _make(option: Option) -> OptionInput:
    if option.is_switch or (option.type == "boolean" and option.default is not None):
        return QCheckBox(option.label)
    if option.choices or option.type == "boolean":
        choices = option.choices or ((True, _tr("Yes")), (False, _tr("No")))
        choice = QComboBox()
        if option.default is None:
            choice.addItem(_tr("As configured"), None)
        for value, words in choices:
            choice.addItem(words, value)
        return choice
    line = QLineEdit()
    line.setPlaceholderText("" if option.required else _tr("as configured"))
    return line


def _tr(text: str) -> str:
    return QCoreApplication.translate("jobs", text)
