"""The tags of an experiment: chips that filter the list, can be taken off, and a place to write another."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget

from gui import theme
from gui.icons import show_icon
from gui.widgets.flow import FlowLayout

_LONGEST_TAG = 60
_SHOWN = 24


class TagEditor(QWidget):
    """Chips.

    Signals:
        changed: all tags, after one was added or taken off.
        pressed: a tag of which all experiments are wanted.

    Attributes:
        field: where another tag is written.
    """

    changed = Signal(list)
    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tags: list[str] = []
        self._flow = FlowLayout(self, 6)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Add a tag"))
        self.field.setAccessibleName(self.tr("Add a tag"))
        self.field.setMaxLength(_LONGEST_TAG)
        self.field.setFixedWidth(112)
        self.field.returnPressed.connect(self._on_written)
        self._flow.addWidget(self.field)

    def show_tags(self, tags: tuple[str, ...]) -> None:
        """Show these."""
        if list(tags) == self._tags:
            return
        self._tags = list(tags)
        while (item := self._flow.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget is not self.field:
                widget.hide()
                widget.deleteLater()
        for tag in self._tags:
            chip = self._chip(tag)
            self._flow.addWidget(chip)
            chip.show()
        self._flow.addWidget(self.field)
        self.updateGeometry()

    def tags(self) -> list[str]:
        """Return the tags shown."""
        return list(self._tags)

    def set_live(self, is_live: bool) -> None:
        """Let them be changed only while the service answers."""
        self.field.setEnabled(is_live)
        for button in self.findChildren(QToolButton):
            button.setEnabled(is_live)

    def _chip(self, tag: str) -> QWidget:
        chip = QWidget()
        theme.set_role(chip, "chip")
        chip.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(chip)
        row.setContentsMargins(2, 1, 2, 1)
        row.setSpacing(0)
        word = QPushButton(tag if len(tag) <= _SHOWN else f"{tag[: _SHOWN - 1]}…")
        word.setToolTip(self.tr("Show the experiments tagged “{}”").format(tag))
        word.setAccessibleName(tag)
        word.setProperty("tag", tag)
        word.clicked.connect(self._on_pressed)
        off = QToolButton()
        show_icon(off, "close")
        off.setToolTip(self.tr("Take “{}” off").format(tag))
        off.setAccessibleName(self.tr("Take the tag {} off").format(tag))
        off.setProperty("tag", tag)
        off.clicked.connect(self._on_off)
        row.addWidget(word)
        row.addWidget(off)
        return chip

    def _on_pressed(self) -> None:
        self.pressed.emit(str(self.sender().property("tag")))

    def _on_off(self) -> None:
        gone = str(self.sender().property("tag"))
        self.changed.emit([tag for tag in self._tags if tag != gone])

    def _on_written(self) -> None:
        words = [word.strip() for word in self.field.text().split(",")]
        new = [word for word in dict.fromkeys(words) if word and word not in self._tags]
        self.field.clear()
        if new:
            self.changed.emit([*self._tags, *new])
