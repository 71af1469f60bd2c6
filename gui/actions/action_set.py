"""One QAction per key, made on first use and kept, so that menu, button and shortcut always agree."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from gui import theme
from gui.icons import icon

if TYPE_CHECKING:
    from gui.main_window import MainWindow

SEPARATOR = "-"


@dataclass(frozen=True)
class ActionInfo:
    """One thing the window can be told to do.

    Attributes:
        key: its lasting name.
        text: what it does, active, sentence case; "…" when it asks first.
        run: does it; everything slow happens in the background.
        icon: name in `gui.icons`, empty for none.
        shortcuts: key sequences, the one shown in menus first.
        hint: a sentence for the tooltip.
        checkable: whether it is a choice that stays (`is_checked` tells how it stands).
        is_checked: asked whenever a menu with it is about to be shown.
    """

    key: str
    text: str
    run: Callable[[MainWindow], object]
    icon: str = ""
    shortcuts: tuple[str, ...] = ()
    hint: str = ""
    is_checked: Callable[[MainWindow], bool] | None = None


class ActionSet(QObject):
    """The actions of one window.

    Args:
        window: what the actions act on; it must carry the shortcuts.
        infos: every action by key.
    """

    def __init__(self, window: MainWindow, infos: Mapping[str, ActionInfo]) -> None:
        super().__init__(window)
        self._window = window
        self._infos = infos
        self._actions: dict[str, QAction] = {}
        theme.current().palette_changed.connect(self._redraw)

    def __getitem__(self, key: str) -> QAction:
        if key not in self._infos:
            near = difflib.get_close_matches(key, self._infos, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise KeyError(f"There is no action {key!r}.{hint}")
        if key not in self._actions:
            self._actions[key] = self._make(self._infos[key])
        return self._actions[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def make_all(self) -> None:
        """Make every action, so that every shortcut works from the start."""
        for key in self._infos:
            self._actions.setdefault(key, self[key])

    def info(self, key: str) -> ActionInfo:
        """Return the entry of an action."""
        return self._infos[key]

    def fill(self, menu: QMenu, keys: Iterable[str]) -> None:
        """Put actions into a menu in this order; `SEPARATOR` is a line."""
        for key in keys:
            if key == SEPARATOR:
                menu.addSeparator()
            else:
                menu.addAction(self[key])
        menu.aboutToShow.connect(self.refresh)

    def refresh(self) -> None:
        """Ask every checkable action how it stands."""
        for key, action in self._actions.items():
            asked = self._infos[key].is_checked
            if asked is not None:
                action.setChecked(asked(self._window))

    def _make(self, info: ActionInfo) -> QAction:
        action = QAction(QCoreApplication.translate("actions", info.text), self)
        action.setObjectName(info.key)
        action.setShortcuts([QKeySequence(keys) for keys in info.shortcuts])
        action.setCheckable(info.is_checked is not None)
        if info.icon:
            action.setIcon(icon(info.icon))
        if info.hint:
            action.setToolTip(QCoreApplication.translate("actions", info.hint))
        action.triggered.connect(self._run_sender)
        self._window.addAction(action)
        return action

    def _run_sender(self) -> None:
        self._infos[self.sender().objectName()].run(self._window)
        self.refresh()

    def _redraw(self) -> None:
        for key, action in self._actions.items():
            if self._infos[key].icon:
                action.setIcon(icon(self._infos[key].icon))
