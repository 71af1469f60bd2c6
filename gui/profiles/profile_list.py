"""The list of profiles: the unit's own, then the examples."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.icons import icon
from gui.profiles.profile import Profile

_NAME = Qt.ItemDataRole.UserRole
_TONE = Qt.ItemDataRole.UserRole + 1


class ProfileList(QListWidget):
    """Profiles by what they call themselves.

    Signals:
        chosen: the file name of the one that is chosen.
        delete_asked: the Delete key was pressed on one.
    """

    chosen = Signal(str)
    delete_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_filling = False
        self.setAccessibleName(self.tr("Profiles"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.currentItemChanged.connect(self._on_current)
        theme.current().palette_changed.connect(self._redraw)

    def show_profiles(self, profiles: Iterable[Profile], drafts: Iterable[str], current: str, running: str) -> None:
        """Show these; the one that is open stays chosen."""
        own = [profile for profile in profiles if not profile.is_example]
        examples = [profile for profile in profiles if profile.is_example]
        unsaved = set(drafts)
        fresh = sorted(unsaved - {profile.name for profile in (*own, *examples)})
        self._is_filling = True
        self.clear()
        self._add_heading(self.tr("On this unit"))
        for name in fresh:
            self._add(name, name, self.tr("not saved yet"), "edit", "note")
        for profile in own:
            self._add_profile(profile, profile.name in unsaved, profile.name == running)
        if not own and not fresh:
            self._add_note(self.tr("None yet"))
        self._add_heading(self.tr("Examples"))
        for profile in examples:
            self._add_profile(profile, profile.name in unsaved, profile.name == running)
        self._is_filling = False
        self.choose(current)

    def choose(self, name: str) -> None:
        """Mark a profile, without telling of it."""
        self._is_filling = True
        for row in range(self.count()):
            if self.item(row).data(_NAME) == name:
                self.setCurrentRow(row)
        self._is_filling = False

    def names(self) -> list[str]:
        """Return the file names in the list."""
        found = [self.item(row).data(_NAME) for row in range(self.count())]
        return [name for name in found if name]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks for the deletion of the chosen profile."""
        if event.key() == Qt.Key.Key_Delete:
            self.delete_asked.emit()
        else:
            super().keyPressEvent(event)

    def _add_profile(self, profile: Profile, is_unsaved: bool, is_running: bool) -> None:
        picture, tone, note = "file", "quiet", ""
        if profile.errors:
            picture, tone = "warning", "warn"
            note = self.tr("1 error") if profile.errors == 1 else self.tr("{} errors").format(profile.errors)
        if is_unsaved:
            picture, tone, note = "edit", "note", self.tr("unsaved changes")
        if is_running:
            picture, tone, note = "start", "ok", self.tr("running")
        self._add(profile.name, profile.shown_title, note, picture, tone, profile.description)

    def _add(self, name: str, title: str, note: str, picture: str, tone: str, description: str = "") -> None:
        item = QListWidgetItem(icon(picture, tone), f"{title} · {note}" if note else title)
        item.setData(_NAME, name)
        item.setData(_TONE, [picture, tone])
        item.setToolTip(f"{title}\n{name}" + (f"\n{description}" if description else ""))
        self.addItem(item)

    def _add_heading(self, words: str) -> None:
        item = QListWidgetItem(words)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setForeground(theme.current().colour("quiet"))
        font = theme.value_font(11, bold=True)
        item.setFont(font)
        self.addItem(item)

    def _add_note(self, words: str) -> None:
        item = QListWidgetItem(words)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        item.setForeground(theme.current().colour("quiet"))
        item.setToolTip(words)
        self.addItem(item)

    def _on_current(self, current: QListWidgetItem | None, _: QListWidgetItem | None) -> None:
        if current is not None and not self._is_filling and current.data(_NAME):
            self.chosen.emit(str(current.data(_NAME)))

    def _redraw(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            remembered = item.data(_TONE)
            if remembered:
                item.setIcon(icon(*remembered))
            else:
                item.setForeground(theme.current().colour("quiet"))
