"""The strip under the top bar that names the jobs a former service was cut off in, and offers to resume them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.icons import refresh, show_icon
from gui.resume_dialog import ResumeDialog
from gui.resume_words import doubt_words, headline, what_happened
from gui.service_client import ServiceClient
from gui.toast import toaster_for
from gui.unit import Unit
from gui.words import job_title, listing

INTERRUPTED = "/unit_api/jobs/interrupted"
_RESUMED_WITHIN_S = 600.0


class ResumeBanner(QFrame):
    """Shown while there are jobs nobody has decided about.

    Attributes:
        resume_button: resumes all of them.
        choose_button: asks which.
        leave_button: leaves all of them off.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        theme.set_role(self, "banner")
        theme.set_tone(self, "warn")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture = QLabel()
        show_icon(self._picture, "warning", "warn", 20)
        self._headline = QLabel()
        theme.set_role(self._headline, "strong")
        theme.set_tone(self._headline, "warn")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.resume_button = QPushButton(self.tr("Resume"))
        self.choose_button = QPushButton(self.tr("Choose…"))
        self.choose_button.setToolTip(self.tr("See each with its settings, and choose"))
        self.leave_button = QPushButton(self.tr("Not now"))
        self.leave_button.setToolTip(self.tr("Leave all of them off, and offer them no more"))
        self._lay_out()
        self.resume_button.clicked.connect(self._resume_all)
        self.choose_button.clicked.connect(self._choose)
        self.leave_button.clicked.connect(self._leave_all)
        unit.interrupted_changed.connect(self.refresh)
        unit.connection_changed.connect(self.refresh)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._headline)
        column.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 10, theme.BETWEEN_PX, 10)
        row.setSpacing(12)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        for button in (self.resume_button, self.choose_button, self.leave_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def headline(self) -> str:
        """The headline shown now."""
        return self._headline.text()

    @property
    def words(self) -> str:
        """The explanation shown now."""
        return self._words.text()

    def refresh(self) -> None:
        """Show what was cut off; hide when nothing was, or the service does not answer."""
        interrupted = self._unit.interrupted
        jobs = interrupted.get("jobs") or []
        is_shown = bool(jobs) and self._unit.service.is_live
        if is_shown:
            self._show(interrupted, len(jobs))
        self.setVisible(is_shown)

    def _show(self, interrupted: dict[str, Any], count: int) -> None:
        now_s = self._unit.utc_s()
        self._headline.setText(headline(interrupted, now_s))
        self._words.setText(what_happened(interrupted, now_s))
        self.setAccessibleName(f"{self._headline.text()}. {self._words.text()}")
        self.resume_button.setText(self.tr("Resume 1 job") if count == 1 else self.tr("Resume {} jobs").format(count))
        for button in (self.resume_button, self.choose_button, self.leave_button):
            button.setEnabled(not interrupted.get("is_resuming"))

    def _resume_all(self) -> None:
        """Resume all of them; where that would dose into a vial nobody knows, ask first."""
        if doubt_words(self._unit.interrupted):
            self._choose()
            return
        self._resume([str(job["job_name"]) for job in self._unit.interrupted["jobs"]])

    def _choose(self) -> None:
        dialog = ResumeDialog(self._unit.interrupted, self._unit.utc_s(), self.window())
        dialog.chosen.connect(self._resume)
        dialog.open()

    def _leave_all(self) -> None:
        background.run(self._ask_to_leave(), self)

    def _resume(self, names: list[str]) -> None:
        background.run(self._ask_to_resume(names), self)

    async def _ask_to_resume(self, names: list[str]) -> None:
        left = [str(job["job_name"]) for job in self._unit.interrupted["jobs"] if job["job_name"] not in names]
        result = await self._client.run_task(f"{INTERRUPTED}/resume", {"jobs": names}, _RESUMED_WITHIN_S)
        if left:
            await self._client.post(f"{INTERRUPTED}/dismiss", {"jobs": left})
        toaster = toaster_for(self)
        if toaster is None:
            return
        for failed in result.get("failed", []):
            what = self.tr("{} was not resumed").format(job_title(str(failed["job_name"])))
            toaster.show(what, f"{failed['error']} {failed['remediation']}", "alarm", stays=True)
        if resumed := [job_title(str(name)) for name in result.get("resumed", [])]:
            jobs = self.tr("1 job") if len(resumed) == 1 else self.tr("{} jobs").format(len(resumed))
            toaster.show(self.tr("Resumed {}").format(jobs), listing(resumed), "ok")

    async def _ask_to_leave(self) -> None:
        await self._client.post(f"{INTERRUPTED}/dismiss", {})
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(self.tr("Nothing was resumed"), self.tr("Start on the Jobs page what shall run."))

    def _redraw(self) -> None:
        refresh(self._picture)
