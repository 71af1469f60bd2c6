"""Backup and restore: the whole data folder as one archive, streamed to and from this computer's disk."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui import background
from gui.file_transfer import save, send, size_words
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.system.operations import running_words
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.file_choice import FileChoice
from gui.widgets.progress_line import ProgressLine
from gui.widgets.task_dialog import TaskDialog

_ARCHIVE = "Archive (*.zip)"
_EXPORT = "/unit_api/zipped_dot_pioreactor"
_IMPORT = "/unit_api/import_zipped_dot_pioreactor"
_RESTORE_WITHIN_S = 1900.0


class RestoreDialog(TaskDialog):
    """Says what a restore replaces, sends the archive with progress, and follows the service through its restart."""

    def __init__(self, unit: Unit, client: ServiceClient, source: Path, parent: QWidget) -> None:
        words = running_words(unit) + self.tr(
            "Everything in the unit's data folder (experiments, calibrations, configuration, plug-ins) is replaced by "
            "what is in {}. The present folder is kept beside it as a backup. The service restarts; if anything goes "
            "wrong, the present folder comes back."
        ).format(source.name)
        super().__init__(
            client, self.tr("Restore from a backup?"), words, self.tr("Replace and restart"), parent,
            is_dangerous=True, timeout_s=_RESTORE_WITHIN_S, rides_out_restart=True,
        )  # fmt: skip
        self._source = source
        self._sending: asyncio.Task[Any] | None = None
        self.progress.cancelled.connect(self._give_up)

    def doing(self) -> str:
        """Say that the archive is on its way."""
        return self.tr("Sending {}").format(self._source.name)

    async def ask(self) -> dict[str, Any]:
        """Send the archive; until it is there nothing has changed, and it can be given up."""
        self.progress.begin(self.doing(), can_cancel=True)
        sending = send(self.client, _IMPORT, "archive", self._source, self.progress.show_bytes)
        self._sending = asyncio.get_running_loop().create_task(sending)
        try:
            accepted: dict[str, Any] = await self._sending
        except asyncio.CancelledError:
            if self._sending.cancelled() and not _is_cancelled_itself():
                raise ServiceTroubleError(self.tr("Given up."), self.tr("Nothing was changed.")) from None
            raise
        finally:
            self._sending = None
        return accepted

    def on_accepted(self, accepted: dict[str, Any]) -> None:
        """Say that the service is at work; from now on it is done or undone as a whole."""
        del accepted
        self.progress.begin(self.tr("Restoring, then restarting"), can_cancel=False)

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what came back."""
        words = self.tr("{} files are back.").format(result.get("files", 0))
        kept = self.tr(" What was there before is kept as {}.").format(result["backup"]) if result.get("backup") else ""
        return words + kept

    def _give_up(self) -> None:
        if self._sending is not None:
            self._sending.cancel()


class Archive(QObject):
    """Asks for files, and runs backup and restore.

    Attributes:
        progress: shows a backup under way.
        files: asks for files.
    """

    def __init__(self, unit: Unit, client: ServiceClient, page: QWidget) -> None:
        super().__init__(page)
        self._unit = unit
        self._client = client
        self._page = page
        self._saving: asyncio.Task[Any] | None = None
        self.progress = ProgressLine()
        self.progress.cancelled.connect(self.give_up)
        self.files = FileChoice(page)

    @property
    def is_saving(self) -> bool:
        """Whether a backup is under way."""
        return self._saving is not None

    def ask_backup(self) -> None:
        """Ask where to save a backup."""
        day = datetime.fromtimestamp(self._unit.utc_s(), UTC).astimezone()
        name = f"{self._unit.name or 'unit'} {day:%Y-%m-%d}.zip"
        self.files.ask_where_to_save(self.tr("Back up the data folder"), name, _ARCHIVE, self.back_up)

    def back_up(self, target: Path) -> None:
        """Save the whole data folder as `target`."""
        if self._saving is None:
            self.progress.begin(self.tr("Saving {}").format(target.name))
            self._saving = background.run(self._back_up(target), self, self._on_trouble)
            self._saving.add_done_callback(self._on_saved)

    def give_up(self) -> None:
        """Give the backup up; nothing of it is left."""
        if self._saving is not None:
            self._saving.cancel()

    def ask_restore(self) -> None:
        """Ask which backup to restore."""
        self.files.ask_for_file(self.tr("Restore from a backup"), _ARCHIVE, self.restore)

    def restore(self, source: Path) -> None:
        """Ask whether the data folder is to be replaced by `source`."""
        RestoreDialog(self._unit, self._client, source, self._page).open()

    async def _back_up(self, target: Path) -> None:
        size_bytes = await save(self._client, _EXPORT, target, self.progress.show_bytes)
        self._toast(self.tr("Saved {}").format(target.name), f"{size_words(size_bytes)} · {target.parent}", "ok")

    def _on_saved(self, task: asyncio.Task[Any]) -> None:
        """Tidy up here, and not in the coroutine: one that is given up at once is never entered."""
        if not shiboken6.isValid(self):
            return
        self._saving = None
        self.progress.end()
        if task.cancelled():
            self._toast(self.tr("Backup given up"), self.tr("Nothing of it was kept."), "note")

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        toaster = toaster_for(self._page)
        if toaster is not None:
            toaster.show_trouble(trouble)

    def _toast(self, headline: str, detail: str, tone: str) -> None:
        toaster = toaster_for(self._page)
        if toaster is not None:
            toaster.show(headline, detail, tone)


def _is_cancelled_itself() -> bool:
    task = asyncio.current_task()
    return task is not None and bool(task.cancelling())
