"""The run of a profile: how far it is, what comes next, what became of each action, and pausing and stopping it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.icons import show_icon
from gui.profiles.dialogs import StopRunDialog
from gui.profiles.profile import PROFILES, action_words, hours_words
from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.place import Place

_STATES = {
    "running": ("start", "ok", "Running"),
    "paused": ("pause", "note", "Paused"),
    "complete": ("ok", "ok", "Came to its end"),
    "stopped": ("stop", "quiet", "Stopped"),
    "interrupted": ("warning", "warn", "Interrupted"),
    "failed": ("alarm", "alarm", "Failed"),
}
_OUTCOMES = {"done": ("Done", ""), "skipped": ("Skipped", "quiet"), "failed": ("Failed", "alarm")}
_WIDTHS_PX = (76, 168, 84, 120, 56)
_SAID = 3
_LEAST_PX = 40


class RunPanel(QWidget):
    """The run that goes on, or the last one.

    Signals:
        run_changed: another run, or another state of it.
        line_asked: show this line of the text.

    Attributes:
        run: as the service tells it, {} when there was none yet.
    """

    run_changed = Signal()
    line_asked = Signal(int)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self.run: dict[str, Any] = {}
        self._told_utc_s = 0.0
        self._make()
        self._lay_out()
        unit.profile_run_changed.connect(self._on_run)
        unit.connection_changed.connect(self._enable)
        self._show()

    @property
    def is_going_on(self) -> bool:
        """Whether a run goes on or is paused."""
        return self.run.get("state") in ("running", "paused")

    def hours_now(self) -> float | None:
        """Return where the run is, in hours since it began without its pauses; None when none goes on."""
        if not self.is_going_on:
            return None
        since_s = self._unit.utc_s() - self._told_utc_s if self.run["state"] == "running" else 0.0
        return float(self.run["hours"]) + max(0.0, since_s) / 3600.0

    def _make(self) -> None:
        self._picture = QLabel()
        self._state = ElidedLabel()
        theme.set_role(self._state, "strong")
        self._detail = QLabel()
        self._detail.setWordWrap(True)
        theme.set_role(self._detail, "quiet")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(self.tr("Actions done"))
        self.pause_button = QPushButton(self.tr("Pause profile"))
        self.pause_button.clicked.connect(self._pause_or_resume)
        self.stop_button = QPushButton(self.tr("Stop profile"))
        theme.set_role(self.stop_button, "danger")
        show_icon(self.stop_button, "stop", "alarm")
        self.stop_button.clicked.connect(self.ask_stop)
        self.lines = QTreeWidget()
        self.lines.setAccessibleName(self.tr("What became of each action"))
        self.lines.setHeaderLabels(
            [self.tr("After"), self.tr("Action"), self.tr("Outcome"), self.tr("What was said"), self.tr("Line")]
        )
        self.lines.setRootIsDecorated(False)
        self.lines.setUniformRowHeights(True)
        theme.set_role(self.lines, "rows")
        header = self.lines.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(_LEAST_PX)
        for column, width in enumerate(_WIDTHS_PX):
            self.lines.setColumnWidth(column, width)
        header.setSectionResizeMode(_SAID, QHeaderView.ResizeMode.Stretch)
        self.lines.itemActivated.connect(self._ask_for_line)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(self._picture)
        head.addWidget(self._state, 1)
        head.addWidget(self.pause_button)
        head.addWidget(self.stop_button)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.SPACE_PX)
        inside.addLayout(head)
        inside.addWidget(self._detail)
        inside.addWidget(self.bar)
        inside.addWidget(self.lines, 1)
        self.place = Place(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE_PX, 0, 0)
        column.addWidget(self.place)

    def load(self) -> None:
        """Ask for the newest run."""
        background.run(self._load(), self, lambda _: None)

    async def _load(self) -> None:
        runs = await self._client.get(f"{PROFILES}/runs", limit=1)
        if runs:
            self.run, self._told_utc_s = runs[0], self._unit.utc_s()
            await self._load_lines()
        self._show()
        self.run_changed.emit()

    async def _load_lines(self) -> None:
        detail = await self._client.get(f"{PROFILES}/runs/{self.run['run_id']}")
        self.lines.clear()
        for line in reversed(detail["lines"]):
            self._add_line(line)

    def _add_line(self, line: dict[str, Any]) -> None:
        word, tone = _OUTCOMES[line["outcome"]]
        action = action_words(line["action"], line["job_name"])
        item = QTreeWidgetItem([hours_words(line["hours"]), action, word, line["message"], str(line["line"])])
        item.setToolTip(3, line["message"])
        item.setData(0, 256, line["line"])
        if tone:
            item.setForeground(2, theme.current().colour(tone))
        self.lines.addTopLevelItem(item)

    def _on_run(self, run: dict[str, Any]) -> None:
        has_moved_on = (run["run_id"], run["last_action"]) != (self.run.get("run_id"), self.run.get("last_action"))
        self.run = {key: value for key, value in run.items() if key not in ("seq", "t")}
        self._told_utc_s = self._unit.utc_s()
        self._show()
        self.run_changed.emit()
        if has_moved_on:
            background.run(self._load_lines(), self, lambda _: None)

    def _show(self) -> None:
        run = self.run
        if not run:
            self.place.explain(
                "start",
                self.tr("No profile has run yet"),
                self.tr("Run one: here you will see how far it is, and what became of each action."),
            )
            return
        picture, tone, word = _STATES[run["state"]]
        show_icon(self._picture, picture, tone)
        self._state.show_text(f"{run['experiment_profile_name']} · {word}")
        self._detail.setText(self._detail_words())
        self.bar.setRange(0, max(1, run["actions_total"]))
        self.bar.setValue(run["actions_done"])
        is_paused = run["state"] == "paused"
        self.pause_button.setText(self.tr("Go on") if is_paused else self.tr("Pause profile"))
        show_icon(self.pause_button, "start" if is_paused else "pause")
        self.place.show_content()
        self._enable()

    def _detail_words(self) -> str:
        run = self.run
        words = [self.tr("{} of {} actions").format(run["actions_done"], run["actions_total"])]
        if run["actions_failed"]:
            words.append(self.tr("{} failed").format(run["actions_failed"]))
        words.append(self.tr("experiment {}").format(run["experiment"]))
        if run["next_hours"] is not None:
            coming = action_words(*run["next_action"].split(" ", 1))
            words.append(self.tr("next after {}: {}").format(hours_words(run["next_hours"]), coming))
        if run["reason"]:
            words.append(run["reason"])
        return " · ".join(words)

    def _enable(self) -> None:
        is_live = self._unit.service.is_live
        for button in (self.pause_button, self.stop_button):
            button.setVisible(self.is_going_on)
            button.setEnabled(is_live)

    def _pause_or_resume(self) -> None:
        verb = "resume" if self.run["state"] == "paused" else "pause"
        background.run(self._ask(verb), self)

    async def _ask(self, verb: str) -> None:
        self._on_run(await self._client.post(f"{PROFILES}/runs/{self.run['run_id']}/{verb}"))

    def ask_stop(self) -> None:
        """Ask whether the run is to be ended."""
        dialog = StopRunDialog(self.run["experiment_profile_name"], [], self)
        dialog.accepted.connect(self._begin_stop)
        dialog.open()

    def _ask_for_line(self, item: QTreeWidgetItem) -> None:
        self.line_asked.emit(int(item.data(0, 256)))

    def _begin_stop(self) -> None:
        background.run(self._stop(), self)

    async def _stop(self) -> None:
        await self._client.run_task(f"{PROFILES}/runs/{self.run['run_id']}/stop")
