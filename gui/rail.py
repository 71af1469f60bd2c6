"""The rail: one button per page with icon and word, and the menu at its foot."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import icon
from gui.pages import Page

_WIDTH_PX = 100


class Rail(QWidget):
    """The pages to choose from.

    Signals:
        page_asked: a page's button was pressed; carries the page's key.
    """

    page_asked = Signal(str)

    def __init__(self, pages: Iterable[Page], menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(_WIDTH_PX)
        self._icons: dict[QToolButton, str] = {}
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 12, 6, 12)
        column.setSpacing(4)
        self._leads: dict[str, str] = {}
        for page in pages:
            if page.part_of:
                self._leads[page.key] = page.part_of
                continue
            button = self._add_button(page.title, page.icon, f"{page.hint} ({page.shortcut})")
            button.setCheckable(True)
            button.setObjectName(page.key)
            self._group.addButton(button)
            self._buttons[page.key] = button
            column.addWidget(button)
        self._group.buttonClicked.connect(self._clicked)
        column.addStretch(1)
        self._menu_button = self._add_button(self.tr("Menu"), "menu", self.tr("Board, experiment, theme, help"))
        self._menu_button.setMenu(menu)
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        column.addWidget(self._menu_button)
        theme.current().palette_changed.connect(self._redraw)

    def mark(self, key: str) -> None:
        """Show which page is open."""
        self._buttons[self._leads.get(key, key)].setChecked(True)
        self._redraw()

    def button(self, key: str) -> QToolButton:
        """Return a page's button; of a page without one, that of the page it is part of."""
        return self._buttons[self._leads.get(key, key)]

    def _add_button(self, text: str, icon_name: str, hint: str) -> QToolButton:
        button = QToolButton()
        theme.set_role(button, "page")
        button.setText(text)
        button.setAccessibleName(text)
        button.setToolTip(hint)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(20, 20))
        button.setIcon(icon(icon_name))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icons[button] = icon_name
        return button

    def _clicked(self, button: QToolButton) -> None:
        self.page_asked.emit(button.objectName())

    def _redraw(self) -> None:
        for button, name in self._icons.items():
            button.setIcon(icon(name, "accent" if button.isChecked() else "quiet"))
