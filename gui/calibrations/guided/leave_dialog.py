"""Leaving a guided calibration before its end: go on with it later, abort it, or stay."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme


class LeaveDialog(QDialog):
    """Asks what becomes of the calibration; whatever is chosen but staying, the hardware stops at once.

    Signals:
        later_asked: it is kept at its step.
        abort_asked: it is ended.

    Attributes:
        later_button, abort_button, stay_button: the three ways.
    """

    later_asked = Signal()
    abort_asked = Signal()

    def __init__(self, step_title: str, is_acting: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Leave the calibration"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        heading = QLabel(
            self.tr("The unit is at work for this step") if is_acting else self.tr("Leave the calibration?")
        )
        theme.set_role(heading, "heading")
        stops = self.tr("Leaving stops it at once; the step can be done again.") + " " if is_acting else ""
        kept = self.tr("Left for later, it waits at “{}”: press Calibrate… to go on, also after a restart.")
        gone = self.tr("Aborted, what was measured in it is given up. The calibration in use stays as it is.")
        words = QLabel(f"{stops}{kept.format(step_title)}\n\n{gone}")
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        self.abort_button = QPushButton(self.tr("Abort calibration"))
        theme.set_role(self.abort_button, "danger")
        self.later_button = QPushButton(self.tr("Stop and go on later") if is_acting else self.tr("Go on later"))
        self.stay_button = QPushButton(self.tr("Stay"))
        theme.set_role(self.stay_button, "primary")
        # Enter alone gives nothing up.
        self.abort_button.setAutoDefault(False)
        self.stay_button.setDefault(True)
        self._lay_out(heading, words)
        self.stay_button.setFocus()

    def _lay_out(self, heading: QLabel, words: QLabel) -> None:
        self.abort_button.clicked.connect(self._abort)
        self.later_button.clicked.connect(self._later)
        self.stay_button.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.abort_button)
        buttons.addStretch(1)
        buttons.addWidget(self.later_button)
        buttons.addWidget(self.stay_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(words)
        column.addSpacing(theme.SPACE_PX)
        column.addLayout(buttons)

    def _abort(self) -> None:
        self.accept()
        self.abort_asked.emit()

    def _later(self) -> None:
        self.accept()
        self.later_asked.emit()
