"""The list of keyboard shortcuts, read from the actions themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.actions.action_set import ActionSet


class ShortcutsDialog(QDialog):
    """What every shortcut does."""

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
                row = grid.rowCount()
                keys = QLabel(self.tr(" or ").join(shortcuts))
                keys.setFont(theme.value_font(bold=True))
                grid.addWidget(keys, row, 0)
                grid.addWidget(QLabel(actions[key].text().rstrip("…")), row, 1)
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
        column.addLayout(grid)
        column.addWidget(words)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
