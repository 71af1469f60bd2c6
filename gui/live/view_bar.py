"""The controls of the view: which window of time, which scales, pause, and the way back to now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from gui import theme
from gui.icons import show_icon
from gui.live.time_view import TimeView
from gui.live.trace import Pane
from gui.widgets.state_badge import StateBadge

_HOUR_S = 3600.0
WINDOWS: tuple[tuple[str, float | None], ...] = (
    ("All", None),
    ("12 h", 12 * _HOUR_S),
    ("1 h", _HOUR_S),
    ("10 min", 600.0),
)


class ViewBar(QWidget):
    """A row of small controls; tells what is wanted, and shows how the view stands.

    Signals:
        log_wanted: whether optical density is to be on a logarithmic scale.
        hours_wanted: whether time is to be shown as hours since the start.
        pane_wanted: key of a pane, whether it is to be shown.
        csv_wanted, png_wanted: the visible range is to be saved.
        note_wanted: a note about now is to be written.
    """

    log_wanted = Signal(bool)
    hours_wanted = Signal(bool)
    pane_wanted = Signal(str, bool)
    csv_wanted = Signal()
    png_wanted = Signal()
    note_wanted = Signal()

    def __init__(self, view: TimeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._offered: list[Pane] = []
        self.windows = QButtonGroup(self)
        self.log = _button(self.tr("Log scale"), self.tr("Optical density on a logarithmic scale"), checkable=True)
        self.pause = _button(
            self.tr("Pause"), self.tr("Hold the picture still; measuring goes on (Space)"), checkable=True
        )
        self.now = QPushButton(self.tr("Follow now"))
        self.following = StateBadge()
        self._standing = QStackedWidget()
        self.more = _button(self.tr("View"), self.tr("What the plots show"))
        self.export = _button(self.tr("Export"), self.tr("Save what is visible"))
        self.note = _button(self.tr("Add note"), "")
        self._lay_out()
        self._make_menus()
        self.log.toggled.connect(self.log_wanted)
        self.pause.clicked.connect(self._on_pause)
        self.now.clicked.connect(view.follow)
        self.note.clicked.connect(self.note_wanted)
        self.offer_note(False)
        self.windows.idClicked.connect(self._on_window)
        view.mode_changed.connect(self.refresh)
        theme.current().palette_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for index, (words, window_s) in enumerate(WINDOWS):
            tip = self.tr("Show everything") if window_s is None else self.tr("Show the last {w}").format(w=words)
            button = _button(self.tr(words), tip, checkable=True)
            self.windows.addButton(button, index)
            row.addWidget(button)
        row.addSpacing(theme.SPACE_PX)
        for button in (self.note, self.log, self.more, self.export):
            row.addWidget(button)
        row.addSpacing(theme.SPACE_PX)
        row.addWidget(self.pause)
        row.addWidget(self._standing)
        self._lay_out_standing()
        self.pause.setFixedWidth(self.pause.sizeHint().width() + 8)

    def _lay_out_standing(self) -> None:
        """The state of following, and in its place, when the view does not follow, the button that returns to it."""
        theme.set_role(self.now, "primary")
        self.now.setToolTip(self.tr("Follow the newest readings again (End)"))
        tip = self.tr("The plots move on with the newest readings. Drag, zoom or pause to look elsewhere.")
        self.following.show_state(self.tr("Following now"), "follow", "ok", tip)
        self.following.setContentsMargins(theme.SPACE_PX, 0, 0, 0)
        self._standing.addWidget(self.following)
        self._standing.addWidget(self.now)
        self._standing.setFixedWidth(max(self.now.sizeHint().width(), self.following.sizeHint().width()) + 4)
        self._standing.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Maximum)

    def _make_menus(self) -> None:
        menu = QMenu(self)
        group = QActionGroup(self)
        for words, is_hours in ((self.tr("Local clock time"), False), (self.tr("Hours since the start"), True)):
            action = QAction(words, group, checkable=True, checked=not is_hours)
            action.setData(is_hours)
            menu.addAction(action)
        group.triggered.connect(self._on_time_axis)
        menu.addSeparator()
        menu.setToolTipsVisible(True)
        self.panes: dict[str, QAction] = {}
        self.more.setMenu(menu)
        for button in (self.more, self.export):
            button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            show_icon(button, "more")
        exports = QMenu(self)
        exports.addAction(self.tr("Visible readings as CSV…"), self.csv_wanted.emit)
        exports.addAction(self.tr("Picture as PNG…"), self.png_wanted.emit)
        self.export.setMenu(exports)

    def refresh(self) -> None:
        """Show the window chosen, and whether the view follows now, is paused, or looks elsewhere."""
        for index, (_, window_s) in enumerate(WINDOWS):
            chosen = self._view.is_following and window_s == self._view.window_s
            self.windows.setExclusive(False)
            self.windows.button(index).setChecked(chosen)
        paused, following = self._view.paused_at_s is not None, self._view.is_following
        self.pause.setChecked(paused)
        self._standing.setCurrentWidget(self.following if following else self.now)
        show_icon(self.now, "follow", "on_accent")

    def offer_note(self, is_possible: bool) -> None:
        """Say whether a note can be written, and how."""
        self.note.setEnabled(is_possible)
        how = self.tr("Write a note about now; double-click a plot for another moment")
        self.note.setToolTip(how if is_possible else self.tr("Notes belong to an experiment: there is none"))

    def show_panes(self, panes: Sequence[tuple[Pane, bool]]) -> None:
        """Offer these panes, each with whether it is shown, in the menu of what the plots show."""
        menu = self.more.menu()
        if [pane for pane, _ in panes] != self._offered:
            self._offered = [pane for pane, _ in panes]
            for action in self.panes.values():
                menu.removeAction(action)
                action.deleteLater()
            self.panes = {pane.key: self._action_of(pane, menu) for pane, _ in panes}
        for pane, is_shown in panes:
            self.panes[pane.key].setChecked(is_shown)

    def _action_of(self, pane: Pane, menu: QMenu) -> QAction:
        action = QAction(self.tr(pane.title), menu, checkable=True)
        action.setToolTip(pane.hint)
        action.setData(pane.key)
        action.toggled.connect(self._on_pane)
        menu.addAction(action)
        return action

    def _on_pane(self, wanted: bool) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.pane_wanted.emit(str(action.data()), wanted)

    def _on_window(self, index: int) -> None:
        self._view.choose_window(WINDOWS[index][1])
        self.refresh()

    def _on_pause(self, wanted: bool) -> None:
        if wanted:
            self._view.pause()
        else:
            self._view.follow()

    def _on_time_axis(self, action: QAction) -> None:
        self.hours_wanted.emit(bool(action.data()))


def _button(words: str, tip: str, *, checkable: bool = False) -> QPushButton:
    button = QPushButton(words)
    button.setCheckable(checkable)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    theme.set_role(button, "quiet")
    return button
