"""The Profiles page: the profiles on the left; the text of the chosen one, and what it means, beside them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.profiles.checking import Checking
from gui.profiles.dialogs import DeleteDialog, DiscardDialog, NameDialog, RunDialog
from gui.profiles.drafts import NEW_TEXT, Drafts
from gui.profiles.editor import ProfileEditor
from gui.profiles.files import ProfileFiles
from gui.profiles.meaning import Meaning
from gui.profiles.profile import PROFILES, Profile, read_profiles
from gui.profiles.profile_list import ProfileList
from gui.profiles.text_bar import TextBar
from gui.profiles.text_state import OpenText
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.place import Place

_LIST_PX = 232
# Each half of what is shown beside the list takes the same share.
_HALF_PX = 400


class ProfilesPage(QWidget):
    """Experiment profiles: written, looked at, rehearsed, run.

    Attributes:
        listing: the profiles.
        editor: the text that is open.
        meaning: its course and problems, what it would do, what it does.
        dry_run, run: two parts of that.
        bar: says how the text stands, and saves it.
        checking: what the service found in the text.
        place: all of it, or why it is not there.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._profiles: tuple[Profile, ...] = ()
        self._open = OpenText()
        self._drafts = Drafts(unit.name)
        self._is_loaded = False
        self._opening: asyncio.Task[Any] | None = None
        self.checking = Checking(client, self)
        self.files = ProfileFiles(self, self._ask_imported, self._on_exported)
        self._make_parts()
        self._make_buttons()
        self._lay_out()
        self._connect()
        self._enable()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    # Making

    def _make_parts(self) -> None:
        self.listing = ProfileList()
        self.listing.setFixedWidth(_LIST_PX)
        self.editor = ProfileEditor()
        self.meaning = Meaning(self._unit, self._client)
        self.dry_run, self.run = self.meaning.dry_run, self.meaning.run
        self.bar = TextBar()

    def _make_buttons(self) -> None:
        self.back_button = _button(self.tr("Back to Experiments"), "back")
        self.new_button = _button(self.tr("New"), "add")
        self.import_button = _button(self.tr("Import…"), "restore")
        self.run_button = _button(self.tr("Run…"), "start", "on_accent")
        theme.set_role(self.run_button, "primary")

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        theme.set_role(split, "gap")
        split.setHandleWidth(theme.SPACE_PX)
        split.addWidget(self.editor)
        split.addWidget(self.meaning)
        split.setSizes([_HALF_PX, _HALF_PX])
        split.setChildrenCollapsible(False)
        side = QVBoxLayout()
        side.setSpacing(theme.SPACE_PX)
        side.addWidget(self.bar)
        side.addWidget(split, 1)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.listing)
        row.addLayout(side, 1)
        self.place = Place(content)
        self.place.fill(self)

    def _connect(self) -> None:
        self.place.acted.connect(self.load)
        self.listing.chosen.connect(self.open_profile)
        self.listing.delete_asked.connect(self.ask_delete)
        self.editor.textChanged.connect(self._enable)
        self.editor.paused.connect(self.check)
        self.checking.checked.connect(self._show_check)
        self.meaning.place_asked.connect(self.editor.go_to)
        self.dry_run.asked.connect(self.begin_dry_run)
        self.run.run_changed.connect(self._on_run)
        for button, act in (
            (self.back_button, self._go_back), (self.new_button, self.ask_new), (self.run_button, self.ask_run),
            (self.import_button, self.files.ask_import),
        ):  # fmt: skip
            button.clicked.connect(act)
        self.bar.save_asked.connect(self.save)
        self.bar.discard_asked.connect(self.ask_discard)
        self.bar.copy_asked.connect(self.ask_copy)
        self.bar.export_asked.connect(self.ask_export)
        self.bar.delete_asked.connect(self.ask_delete)
        self._unit.snapshot_loaded.connect(self._on_snapshot)
        self._unit.connection_changed.connect(self._enable)

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title, the one that matters most last."""
        return [self.back_button, self.import_button, self.new_button, self.run_button]

    # Loading

    def _on_snapshot(self) -> None:
        """Read everything again; the texts of another unit are closed, their drafts kept."""
        if self._drafts.unit != self._unit.name:
            self._keep_draft()
            self._drafts = Drafts(self._unit.name)
            self._open, self._is_loaded = OpenText(), False
        self.load()
        self.check()

    def load(self) -> None:
        """Ask the service for all profiles, and the newest run."""
        if not self._is_loaded:
            self.place.explain("working", self.tr("Loading the profiles"), self.tr("Asking the service."))
        background.run(self._load(), self, self._on_trouble)
        self.run.load()

    async def _load(self) -> None:
        self._profiles = read_profiles(await self._client.get(PROFILES))
        is_first, self._is_loaded = not self._is_loaded, True
        self._show_list()
        self.place.show_content()
        names = self.listing.names()
        if is_first and names:
            self.open_profile(self._open.name or names[0])
        self._enable()

    def _show_list(self) -> None:
        running = str(self.run.run.get("profile", "")) if self.run.is_going_on else ""
        self.listing.show_profiles(self._profiles, self._drafts.names, self._open.name, running)

    def open_profile(self, name: str) -> None:
        """Open a profile, with what was changed of it before; what is open keeps its changes too."""
        self._keep_draft()
        if self._opening is not None:
            self._opening.cancel()
        self._opening = background.run(self._open_profile(name), self)

    async def _open_profile(self, name: str) -> None:
        profile = next((each for each in self._profiles if each.name == name), None)
        state = OpenText(name)
        if profile is not None:
            told = await self._client.get(f"{PROFILES}/{name}")
            state = OpenText(name, told["text"], told["version"], told["is_example"])
        draft = self._drafts.get(name)
        self._show_text(state, draft if draft is not None else state.saved or "")

    def _show_text(self, state: OpenText, text: str) -> None:
        self._open = state
        self.checking.forget()
        self.editor.show_text(text)
        self.meaning.begin_text(state.name)
        self._show_list()
        self._enable()
        self.check()

    # Checking

    def check(self) -> None:
        """Have the service look at the text."""
        self._keep_draft()
        if not self._open.name or not self._unit.service.is_live:
            return
        self.checking.begin(self.text)

    def _show_check(self) -> None:
        """Show what was found, unless the text is another one by now: that is looked at when typing pauses."""
        check = self.checking.check
        if self.checking.text == self.text:
            self.editor.show_problems(check.problems)
            self.meaning.show_check(check)
            self._enable()

    @property
    def text(self) -> str:
        """The text that is open, as it stands."""
        return self.editor.toPlainText()

    @property
    def is_changed(self) -> bool:
        """Whether something is not saved."""
        return self._open.is_changed(self.text)

    def _keep_draft(self) -> None:
        if not self._open.name:
            return
        had = self._drafts.get(self._open.name) is not None
        if self.is_changed:
            self._drafts.keep(self._open.name, self.text)
        else:
            self._drafts.drop(self._open.name)
        if had != self.is_changed:
            self._show_list()

    def hideEvent(self, event: Any) -> None:
        """Keep what was changed when the page is left or the window closed."""
        self._keep_draft()
        super().hideEvent(event)

    # Acting

    def ask_new(self) -> None:
        """Ask for a name, and begin a new text."""
        words = self.tr("It begins with a short text that you change to your needs.")
        self._ask_name(self.tr("New profile"), words, self.tr("Begin"), "new_profile.yaml", self._begin_new)

    def _begin_new(self, name: str) -> None:
        self._begin_text(name, NEW_TEXT)

    def _begin_text(self, name: str, text: str) -> None:
        self._keep_draft()
        self._drafts.keep(name, text)
        self._show_text(OpenText(name), text)
        self.editor.setFocus()

    def ask_copy(self) -> None:
        """Ask for a name, and keep the text under it."""
        stem = self._open.name.rpartition(".")[0]
        words = self.tr("The text as it stands is kept on the unit under another name.")
        self._ask_name(self.tr("Save as"), words, self.tr("Save"), f"{stem}_copy.yaml", self._save_as)

    def _ask_name(self, title: str, words: str, act: str, name: str, named: Any) -> None:
        taken = [profile.name for profile in self._profiles] + self._drafts.names
        dialog = NameDialog(title, words, act, name, taken, self)
        dialog.named.connect(named)
        dialog.open()

    def _save_as(self, name: str) -> None:
        background.run(self._save(name, ""), self)

    def save(self) -> None:
        """Keep the text on the unit; an example is kept under another name."""
        if self._open.is_example:
            self.ask_copy()
        elif self.bar.save_button.isEnabled():
            background.run(self._save(self._open.name, self._open.version), self, self._on_save_trouble)

    async def _save(self, name: str, version: str) -> None:
        former, text = self._open, self.text
        body = {"text": text, "expected_version": version, "even_with_errors": True}
        told = await self._client.put(f"{PROFILES}/{name}", body)
        self._drafts.drop(name)
        if name != former.name:
            self._drafts.drop(former.name)
        self._open = OpenText(name, text, told["version"])
        self._enable()
        words = self.tr("It has errors and cannot run yet.") if told["errors"] else ""
        self._tell(self.tr("Saved {}").format(name), words)
        await self._load()

    def _on_save_trouble(self, trouble: ServiceTroubleError) -> None:
        if isinstance(trouble, ServiceRefusedError) and "version" in trouble.info:
            dialog = DiscardDialog(self._open.name, self)
            dialog.tell(self.tr("It was changed on the unit meanwhile. Save as another name keeps both."))
            dialog.accepted.connect(self._discard)
            dialog.open()
            return
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show_trouble(trouble)

    def ask_discard(self) -> None:
        """Ask whether the changes are to be given up."""
        dialog = DiscardDialog(self.checking.check.title or self._open.name, self)
        dialog.accepted.connect(self._discard)
        dialog.open()

    def _discard(self) -> None:
        name, was_saved = self._open.name, self._open.saved is not None
        self._drafts.drop(name)
        self._open = OpenText()
        self._show_list()
        names = self.listing.names()
        self.open_profile(name if was_saved else names[0])

    def ask_delete(self) -> None:
        """Ask whether the profile is to be deleted."""
        if self.bar.delete_action.isEnabled():
            dialog = DeleteDialog(self._client, self._open.name, self)
            dialog.deleted.connect(self._on_deleted)
            dialog.open()

    def _on_deleted(self) -> None:
        self._drafts.drop(self._open.name)
        self._open = OpenText()
        self._is_loaded = False
        self.load()

    def _ask_imported(self, name: str, text: str) -> None:
        words = self.tr("The text is opened here; Save keeps it on the unit.")
        self._ask_name(self.tr("Import profile"), words, self.tr("Import"), name,
                       lambda chosen: self._begin_text(chosen, text))  # fmt: skip

    def ask_export(self) -> None:
        """Ask where to save the text on this computer."""
        self.files.ask_export(self._open.name, self.text)

    def _on_exported(self, target: Path) -> None:
        self._tell(self.tr("Saved {}").format(target.name), str(target.parent))

    def begin_dry_run(self) -> None:
        """Rehearse the text as it stands."""
        self.meaning.setCurrentWidget(self.dry_run)
        self.dry_run.begin(self._open.name, self.text, {}, self._unit.experiment)

    def ask_run(self) -> None:
        """Ask whether the profile is to be run."""
        dialog = RunDialog(self._client, self._open.name, self.checking.check, self._unit.experiment, self)
        dialog.started.connect(self._show_run)
        dialog.open()

    def _show_run(self) -> None:
        self.meaning.setCurrentWidget(self.run)
        # Not on the button that has just run out of use, nor on one that would end what has begun.
        self.run.lines.setFocus()

    def _on_run(self) -> None:
        if self._is_loaded:
            self._show_list()
            self._enable()

    # Showing

    def _enable(self) -> None:
        is_live, is_open = self._unit.service.is_live, bool(self._open.name)
        is_changed = is_open and self.is_changed
        self.editor.setReadOnly(not is_open)
        self.new_button.setEnabled(is_live)
        self.import_button.setEnabled(is_live)
        self.dry_run.again_button.setEnabled(is_live and is_open and not self.dry_run.is_under_way)
        self.run_button.setEnabled(is_live and self._why_not_run() == "")
        self.run_button.setToolTip(self._why_not_run())
        self.bar.show_text(self._open, self.checking.check.title, is_changed=is_changed, is_live=is_live)
        if not self._is_loaded and not is_live:
            self.place.explain_connection(self._unit)

    def _why_not_run(self) -> str:
        """Return why the profile cannot be run now, "" when it can."""
        if self.run.is_going_on:
            return self.tr("A profile is running: one at a time.")
        if not self._open.name or self.is_changed:
            return self.tr("Save it first.")
        return "" if self.checking.check.is_valid else self.tr("It has errors: see Problems.")

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._is_loaded:
            self.place.explain_trouble(trouble)

    def _go_back(self) -> None:
        action = self.window().findChild(QAction, "page_experiments")
        if action is not None:
            action.trigger()

    def _tell(self, headline: str, detail: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, "ok")


def _button(words: str, picture: str, tone: str = "quiet") -> QPushButton:
    button = QPushButton(words)
    show_icon(button, picture, tone)
    return button
