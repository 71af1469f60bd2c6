"""What a unit is made of: its sub-units and theirs, and what can be done with the one that is marked."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icons import icon, show_icon
from gui.record.run import place_words

_PART = Qt.ItemDataRole.UserRole


class PartsTree(QWidget):
    """The tree; what can be done with its marked row is in a menu beside the heading, and under the right button.

    Signals:
        add_asked: a sub-unit is to be put in.
        replace_asked, remove_asked: the marked one is to be replaced or taken out; carry it as the service has it.
        name_asked: the marked one's own serial number is to be entered; carries it as the service has it.
        opened: a sub-unit's own record is wanted; carries its serial number.
    """

    add_asked = Signal()
    replace_asked = Signal(dict)
    remove_asked = Signal(dict)
    name_asked = Signal(dict)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_live = True
        self._parts: list[dict[str, Any]] = []
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(self.tr("Sub-units"))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.set_role(self.tree, "rows")
        heading = QLabel(self.tr("Made of"))
        theme.set_role(heading, "strong")
        self.none = QLabel(
            self.tr("No sub-unit yet: pumps, stirrer and optics can be added with their serial numbers.")
        )
        self.none.setWordWrap(True)
        theme.set_role(self.none, "quiet")
        self.add_button = QPushButton(self.tr("Add…"))
        show_icon(self.add_button, "add")
        self.change_button = QPushButton(self.tr("Change"))
        self.menu = QMenu(self.change_button)
        self.menu.setToolTipsVisible(True)
        self.replace_action = self.menu.addAction(self.tr("Replace…"))
        self.remove_action = self.menu.addAction(self.tr("Take out…"))
        self.name_action = self.menu.addAction(self.tr("Enter its serial number…"))
        self.name_action.setToolTip(self.tr("The number that is on the part: it stays the same part"))
        self.change_button.setMenu(self.menu)
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(heading, 1)
        head.addWidget(self.change_button)
        head.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        column.addWidget(self.none)
        column.addWidget(self.tree, 1)
        self._end = QWidget()
        column.addWidget(self._end, 1)
        self._connect()

    def _connect(self) -> None:
        self.add_button.clicked.connect(self.add_asked)
        self.replace_action.triggered.connect(self._on_replace)
        self.remove_action.triggered.connect(self._on_remove)
        self.name_action.triggered.connect(self._on_name)
        self.tree.currentItemChanged.connect(self._show_actions)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.customContextMenuRequested.connect(self._on_menu)
        self.tree.itemActivated.connect(self._on_activated)
        theme.current().palette_changed.connect(self._redraw)

    def show_parts(self, parts: list[dict[str, Any]], newest: str = "") -> None:
        """Show the sub-units of a unit; the one that was marked stays marked.

        Args:
            parts: as the service lists them, each with its own.
            newest: serial number of the one that has just come in and is marked instead; "" for none.
        """
        if parts != self._parts or not parts:
            self._parts = parts
            self._list(parts)
        if newest:
            self.mark(newest)
        for widget, is_shown in ((self.none, not parts), (self._end, not parts), (self.tree, bool(parts))):
            widget.setVisible(is_shown)
        self._show_actions()

    def _list(self, parts: list[dict[str, Any]]) -> None:
        marked = self.marked()
        with QSignalBlocker(self.tree):
            self.tree.clear()
            self._add(self.tree.invisibleRootItem(), parts)
            self.tree.expandAll()
            if marked is not None:
                self.mark(marked["serial_number"])

    def set_live(self, is_live: bool) -> None:
        """Offer changes only while the service answers."""
        self._is_live = is_live
        self._show_actions()

    def marked(self) -> dict[str, Any] | None:
        """Return the marked sub-unit, None when there is none."""
        item = self.tree.currentItem()
        part: dict[str, Any] | None = None if item is None else item.data(0, _PART)
        return part

    def serial_numbers(self) -> list[str]:
        """Return the serial numbers of the whole tree, from the top."""
        return [str(item.data(0, _PART)["serial_number"]) for item in self._items(self.tree.invisibleRootItem())]

    def mark(self, serial_number: str) -> None:
        """Mark a sub-unit."""
        for item in self._items(self.tree.invisibleRootItem()):
            if item.data(0, _PART)["serial_number"] == serial_number:
                self.tree.setCurrentItem(item)

    def _add(self, above: QTreeWidgetItem, parts: list[dict[str, Any]]) -> None:
        for part in parts:
            kind = part["part"]
            place = place_words(part["position"], part)
            item = QTreeWidgetItem(above, [place if part["is_placeholder"] else f"{place}\n{part['serial_number']}"])
            item.setIcon(0, icon("part"))
            item.setData(0, _PART, part)
            revision = self.tr("Part {}, revision {}").format(kind["number"], kind["revision"]["number"])
            told = [place, part["serial_number"], f"{kind['name']}: {revision}"]
            if part["is_placeholder"]:
                told.append(self.tr("This number only stands for the part's own, which nobody has entered yet."))
            item.setToolTip(0, "\n".join(told))
            self._add(item, part["parts_tree"])

    def _items(self, above: QTreeWidgetItem) -> list[QTreeWidgetItem]:
        found = []
        for child in (above.child(index) for index in range(above.childCount())):
            if child is not None:
                found += [child, *self._items(child)]
        return found

    def _show_actions(self) -> None:
        item = self.tree.currentItem()
        # What is in a sub-unit is changed on that one's own page.
        is_direct = item is not None and item.parent() is None
        self.add_button.setEnabled(self._is_live)
        self.change_button.setEnabled(self._is_live and item is not None)
        self.change_button.setToolTip("" if item is not None else self.tr("Mark a sub-unit first"))
        self.name_action.setEnabled(self._is_live and item is not None)
        is_inner = item is not None and not is_direct
        for action in (self.replace_action, self.remove_action):
            action.setEnabled(self._is_live and is_direct)
            action.setToolTip(self.tr("Open the sub-unit it is in, and change it there") if is_inner else "")

    def _on_menu(self, at: QPoint) -> None:
        if self.change_button.isEnabled():
            self.menu.popup(self.tree.viewport().mapToGlobal(at))

    def _on_replace(self) -> None:
        if (part := self.marked()) is not None:
            self.replace_asked.emit(part)

    def _on_remove(self) -> None:
        if (part := self.marked()) is not None:
            self.remove_asked.emit(part)

    def _on_name(self) -> None:
        if (part := self.marked()) is not None:
            self.name_asked.emit(part)

    def _on_activated(self, item: QTreeWidgetItem) -> None:
        self.opened.emit(str(item.data(0, _PART)["serial_number"]))

    def _redraw(self) -> None:
        for item in self._items(self.tree.invisibleRootItem()):
            item.setIcon(0, icon("part"))
