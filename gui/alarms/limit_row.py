"""One line of the limits: a signal with its switch, limits, severity and delay, checked as they are typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.alarms.words import SEVERITIES
from gui.jobs.numbers import NotANumberError, number_of

# Columns of the grid.
SIGNAL, LOW, HIGH, UNIT, SEVERITY, DELAY, REST = range(7)
_LONGEST_DELAY_S = 86400.0
_BOUND = 1e6
_NUMBER_PX, _SEVERITY_PX = 84, 116


def _tr(text: str) -> str:
    return QCoreApplication.translate("limits", text)


class SeverityChoice(QComboBox):
    """The severities; a wheel that only passes over while the page scrolls changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for key, (word, _, _, _) in SEVERITIES.items():
            self.addItem(_tr(word), key)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn only what has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LimitRow(QObject):
    """The widgets of one signal in a grid, and what they say.

    Args:
        item: the API's limit.
        grid: where its widgets go: into `line`, and what is wrong or not the default into the line below.

    Signals:
        changed: something was typed or chosen.

    Attributes:
        trouble: what is wrong with what was typed; hidden when nothing is.
    """

    changed = Signal()

    def __init__(self, item: dict[str, Any], grid: QGridLayout, line: int, parent: QObject) -> None:
        super().__init__(parent)
        self.item = item
        self.enabled = QCheckBox(item["label"])
        self.enabled.setToolTip(item["meaning"])
        self.low, self.high, self.delay = QLineEdit(), QLineEdit(), QLineEdit()
        self.severity = SeverityChoice()
        self.back = QPushButton()
        theme.set_role(self.back, "link")
        self.back.setToolTip(_tr("This differs from the default. Press to put the default back."))
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        theme.set_tone(self.trouble, "alarm")
        self.trouble.hide()
        self._place(grid, line)
        self.show_limit(item)
        self._connect()

    def _place(self, grid: QGridLayout, line: int) -> None:
        label, has_limits = self.item["label"], self.item["has_limits"]
        for field, name in ((self.low, "low limit"), (self.high, "high limit"), (self.delay, "delay in seconds")):
            field.setAccessibleName(f"{label}: {_tr(name)}")
            field.setFixedWidth(_NUMBER_PX)
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
        for field in (self.low, self.high):
            field.setPlaceholderText(_tr("none"))
            field.setVisible(has_limits)
        self.severity.setAccessibleName(f"{label}: {_tr('severity')}")
        self.severity.setFixedWidth(_SEVERITY_PX)
        unit = QLabel(
            _tr("{} off target").format(self.item["unit"]) if self.item["is_deviation"] else self.item["unit"]
        )
        theme.set_role(unit, "unit")
        parts: list[tuple[int, QWidget]] = [
            (SIGNAL, self.enabled), (LOW, self.low), (HIGH, self.high), (UNIT, unit), (SEVERITY, self.severity),
            (DELAY, self.delay),
        ]  # fmt: skip
        for column, widget in parts:
            grid.addWidget(widget, line, column, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        below = QVBoxLayout()
        below.setSpacing(2)
        below.addWidget(self.trouble)
        below.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addLayout(below, line + 1, LOW, 1, REST - LOW + 1)

    def _connect(self) -> None:
        for field in (self.low, self.high, self.delay):
            field.textEdited.connect(self._on_input)
        self.enabled.clicked.connect(self._on_input)
        self.severity.activated.connect(self._on_input)
        self.back.clicked.connect(self.put_back)

    def show_limit(self, item: dict[str, Any]) -> None:
        """Show a limit as the service has it."""
        self.item = item
        self._show(item)

    def put_back(self) -> None:
        """Put the default back; it holds when it is saved."""
        self._show(self.item["default"])
        self.enabled.setFocus()
        self.changed.emit()

    def discard(self) -> None:
        """Show again what holds."""
        self._show(self.item)

    def values(self) -> dict[str, Any]:
        """Return what was typed; raises NotANumberError, naming what would fit, for what is no limit."""
        values: dict[str, Any] = {"enabled": self.enabled.isChecked(), "severity": self.severity.currentData()}
        values["delay_s"] = float(
            number_of(self.delay.text(), whole=False, limits=(0.0, _LONGEST_DELAY_S), measure="s")
        )
        for name, field in (("low", self.low), ("high", self.high)):
            text = field.text().strip()
            values[name] = float(number_of(text, whole=False, limits=(-_BOUND, _BOUND))) if text else None
        low, high = values["low"], values["high"]
        if low is not None and high is not None and low >= high:
            raise NotANumberError(_tr("The low limit must be below the high one."))
        if self.item["has_limits"] and values["enabled"] and low is None and high is None:
            raise NotANumberError(_tr("Give a low or a high limit, or switch it off."))
        return values

    def change(self) -> dict[str, Any]:
        """Return what differs from what holds; raises as `values`."""
        return {name: value for name, value in self.values().items() if value != self.item[name]}

    def complain(self, words: str) -> None:
        """Say what is wrong; nothing when empty."""
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))

    def _show(self, limit: dict[str, Any]) -> None:
        self.enabled.setChecked(bool(limit["enabled"]))
        for name, field in (("low", self.low), ("high", self.high), ("delay_s", self.delay)):
            field.setText("" if limit[name] is None else f"{limit[name]:g}")
        self.severity.setCurrentIndex(self.severity.findData(limit["severity"]))
        self._check()

    def _on_input(self) -> None:
        self._check()
        self.changed.emit()

    def _check(self) -> None:
        """Say what is wrong, and mark what differs from the default: bold, with the way back beside it."""
        default = self.item["default"]
        try:
            differs = any(value != default[name] for name, value in self.values().items())
            self.complain("")
        except NotANumberError as error:
            differs = True
            self.complain(str(error))
        font = self.enabled.font()
        font.setBold(differs)
        self.enabled.setFont(font)
        self.back.setVisible(differs)
        self.back.setText(_tr("Default: {}").format(_limit_words(default, self.item["unit"])))
        for field in (self.low, self.high, self.severity, self.delay):
            field.setEnabled(self.enabled.isChecked())


def _limit_words(limit: dict[str, Any], unit: str) -> str:
    """Say a limit in short: "up to 40 °C after 60 s", "off"."""
    if not limit["enabled"]:
        return _tr("off")
    low, high = limit["low"], limit["high"]
    if low is not None and high is not None:
        words = f"{low:g} … {high:g} {unit}"
    elif low is None and high is None:
        words = _tr("on")
    else:
        words = _tr("up to {:g} {}").format(high, unit) if low is None else _tr("from {:g} {}").format(low, unit)
    return _tr("{}, {:g} s").format(words.replace("-", "−"), limit["delay_s"])
