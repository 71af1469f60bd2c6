"""The list of keyboard shortcuts, read from the actions themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.actions.action_set import ActionSet


class ShortcutsDialog(QDialog):
    """What every shortcut does; beside it, what single keys do while the curves have the ring, and in dialogs."""

    def __init__(self, actions: ActionSet, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.AROUND_PX)
        grid.setVerticalSpacing(theme.SPACE_PX)
        form = QKeySequence.SequenceFormat.NativeText
        for key in actions:
            shortcuts = [sequence.toString(form) for sequence in actions[key].shortcuts()]
            if shortcuts:
                _add(grid, self.tr(" or ").join(shortcuts), actions[key].text().rstrip("…"))
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        close.setDefault(True)
        heading = QLabel(self.tr("Keyboard shortcuts"))
        theme.set_role(heading, "heading")
        words = QLabel(self.tr("Tab moves on, Shift+Tab back, Space presses what has the ring."))
        theme.set_role(words, "quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        column.addWidget(heading)
        both = QHBoxLayout()
        both.setSpacing(2 * theme.AROUND_PX)
        both.addLayout(grid)
        both.addLayout(self._single_keys())
        column.addLayout(both)
        column.addWidget(words)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)

    def _single_keys(self) -> QVBoxLayout:
        on_curves = (
            (self.tr("← →"), self.tr("Move in time")),
            (self.tr("+ −"), self.tr("Look closer, or from further away")),
            (self.tr(", ."), self.tr("Read the values, to the left or right")),
            (self.tr("Space"), self.tr("Hold the picture, or follow now")),
            (self.tr("0 or End"), self.tr("Back to now, every value in view")),
            (self.tr("Shift+drag"), self.tr("Look into a box")),
            (self.tr("Double click"), self.tr("Note something there")),
        )
        in_dialogs = (
            (self.tr("Ctrl+Enter"), self.tr("Do it, also from a text of several lines")),
            (self.tr("Esc"), self.tr("Leave it")),
        )
        column = QVBoxLayout()
        column.setSpacing(theme.SPACE_PX)
        for words, keys in ((self.tr("On the curves"), on_curves), (self.tr("In dialogs"), in_dialogs)):
            heading = QLabel(words)
            theme.set_role(heading, "quiet")
            grid = QGridLayout()
            grid.setHorizontalSpacing(theme.AROUND_PX)
            grid.setVerticalSpacing(theme.SPACE_PX)
            for key, does in keys:
                _add(grid, key, does)
            column.addWidget(heading)
            column.addLayout(grid)
            column.addSpacing(theme.SPACE_PX)
        column.addStretch(1)
        return column


def _add(grid: QGridLayout, keys: str, does: str) -> None:
    row = grid.rowCount()
    label = QLabel(keys)
    label.setFont(theme.value_font(bold=True))
    grid.addWidget(label, row, 0)
    grid.addWidget(QLabel(does), row, 1)
