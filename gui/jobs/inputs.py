"""Inputs that act only when meant: no command per keystroke, none by a wheel that only passes over."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

_NO_LIMIT = 1e9


class NumberInput(QDoubleSpinBox):
    """A number; `valueChanged` comes when it is done (Enter, Tab, arrows), not while it is typed.

    Signals:
        refused: what was typed is no number inside the limits; carries it. The number from before is back.
    """

    refused = Signal(str)

    def __init__(
        self, limits: tuple[float | None, float | None], *, whole: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setDecimals(0 if whole else 4)
        low, high = limits
        self.setRange(-_NO_LIMIT if low is None else low, _NO_LIMIT if high is None else high)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setCorrectionMode(QDoubleSpinBox.CorrectionMode.CorrectToPreviousValue)
        self.editingFinished.connect(self._on_finished)

    @property
    def is_being_typed(self) -> bool:
        """Whether something was typed that is not done yet; also while another window is in front."""
        return self.lineEdit().isModified()

    def textFromValue(self, value: float) -> str:
        """Return the number without trailing zeros."""
        return f"{round(value, self.decimals()):.10g}"

    def valueFromText(self, text: str) -> float:
        """Return the number typed; a comma may stand for the point."""
        return float(text.replace(",", "."))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept numbers inside the range; let the others be finished first."""
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            is_begun = text in ("", "-", ".", ",", "-.", "-,")
            return (QValidator.State.Intermediate if is_begun else QValidator.State.Invalid), text, position
        inside = self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, position

    def fixup(self, text: str) -> str:
        """Tell what cannot be taken, instead of taking the nearest number nobody asked for."""
        self.refused.emit(text)
        return text

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leave half a number alone when only another window comes to the front."""
        if event.reason() in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self.lineEdit().event(event)
        else:
            super().focusOutEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn only what has the focus; otherwise the page scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _on_finished(self) -> None:
        self.lineEdit().setModified(False)
