"""One run: how it went, who ran it when, what it measured against which limits, its log and its files."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from gui import theme
from gui.asking import Asking
from gui.icons import show_icon
from gui.record.measurement_tree import MeasurementTree
from gui.record.outcomes import outcome_shown
from gui.record.phase_words import wrong_words
from gui.record.run import day_words, exact_words, lasted_words, read_run
from gui.record.run_files import RunFiles
from gui.record.trend import Trend, read_points
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import utc_s_of
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.place import Place
from gui.widgets.state_badge import StateBadge
from gui.widgets.text_dialog import TextDialog

# The newest runs a trend is drawn of.
_MOST_POINTS = 100


class RunDetails(QWidget):
    """Shows a run.

    Signals:
        closed: back to the timeline.

    Attributes:
        run: the run shown as the service has it, None before the first.
        measurements, trend, attached: what it measured, one of it over runs, its files.
    """

    closed = Signal()

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._wanted = ""
        self.run: dict[str, Any] | None = None
        self._of_trend: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._asking = Asking(self._ask, self, self._on_trouble)
        self._asking_files = Asking(self._ask_files, self, lambda trouble: None)
        self._asking_trend = Asking(self._ask_trend, self, self._on_trend_trouble)
        self.back_button = QPushButton(self.tr("All runs"))
        show_icon(self.back_button, "back")
        self.back_button.setToolTip(self.tr("Back to the timeline (Esc)"))
        self.log_button = QPushButton(self.tr("Log"))
        show_icon(self.log_button, "log")
        self.title = ElidedLabel()
        theme.set_role(self.title, "heading")
        self.outcome = StateBadge()
        self.facts, self.note, self.wrong = QLabel(), QLabel(), QLabel()
        for label in (self.facts, self.note, self.wrong):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            theme.set_role(label, "quiet")
        theme.set_tone(self.wrong, "alarm")
        self.measurements = MeasurementTree()
        self.attached = RunFiles(client)
        self.trend = Trend()
        self.trend_words = QLabel()
        theme.set_role(self.trend_words, "caption")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.back_button)
        head.addWidget(self.title, 1)
        head.addWidget(self.outcome)
        head.addWidget(self.log_button)
        below = QFrame()
        theme.set_role(below, "card")
        inner = QVBoxLayout(below)
        inner.setContentsMargins(12, 8, 12, 8)
        inner.setSpacing(4)
        inner.addWidget(self.trend_words)
        inner.addWidget(self.trend, 1)
        self._below = below
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(theme.SPACE_PX)
        theme.set_role(self.splitter, "gap")
        self.splitter.addWidget(self.measurements)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        for part in (self.facts, self.note, self.wrong, self.attached):
            column.addWidget(part)
        column.addWidget(self.splitter, 1)
        self.place = Place(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(theme.SPACE_PX)
        whole.addLayout(head)
        whole.addWidget(self.place, 1)

    def _connect(self) -> None:
        self.back_button.clicked.connect(self.closed)
        self.log_button.clicked.connect(self.show_log)
        self.measurements.chosen.connect(self._on_chosen)
        self.trend.opened.connect(self.open_run)
        self.place.acted.connect(self._asking.again)

    def open_run(self, run: str) -> None:
        """Show a run; the measurement whose trend is shown stays the same where the run has it."""
        self._wanted = run
        if self.run is None or self.run["id"] != run:
            self.place.explain("working", self.tr("Loading the run"), self.tr("Asking the service."))
            self.title.show_text("")
            self.outcome.hide()
            self.log_button.hide()
        self._asking.again()

    def look_again(self) -> None:
        """Look for files that came to the run after it was written, such as its report; all else stays as it is."""
        if self.run is not None and self.run["id"] == self._wanted:
            self._asking_files.again()

    async def _ask_files(self) -> None:
        wanted = self._wanted
        run = await self._client.get(f"/unit_api/record/runs/{wanted}")
        if self.run is not None and wanted == self._wanted == self.run["id"]:
            self.attached.show_files(run["attachments"])

    def set_live(self, is_live: bool) -> None:
        """Offer files only while the service answers."""
        self.attached.set_live(is_live)

    async def _ask(self) -> None:
        wanted = self._wanted
        run = await self._client.get(f"/unit_api/record/runs/{wanted}")
        if wanted == self._wanted:
            self.run = run
            self._show(run)

    def _show(self, data: dict[str, Any]) -> None:
        run = read_run(data)
        self.title.show_text(run.title)
        self.outcome.show_state(*outcome_shown(run.outcome))
        self.outcome.show()
        self.log_button.setText(self.tr("Log ({})").format(len(data["logs"])))
        self.log_button.setVisible(bool(data["logs"]))
        facts = [data["unit"]["serial_number"], day_words(run.started_utc_s), lasted_words(run.lasted_s), run.who]
        if data["sub_units"]:
            facts.append(self.tr("with {}").format(", ".join(one["serial_number"] for one in data["sub_units"])))
        self.facts.setText("  ·  ".join(fact for fact in facts if fact))
        self.facts.setToolTip(exact_words(run.started_utc_s))
        self.note.setText(data["docstring"] or "")
        self.note.setVisible(bool(data["docstring"]))
        wrong = wrong_words(data["phases"])
        self.wrong.setText(wrong)
        self.wrong.setVisible(bool(wrong))
        self.attached.show_files(data["attachments"])
        before = None if self._of_trend is None else self._of_trend[1]["name"]
        self._of_trend = None
        self._below.hide()
        self.measurements.show_phases(data["phases"])
        self.place.show_content()
        if not data["phases"]:
            self.place.explain("empty", self.tr("Nothing was measured"), self.tr("This run has an outcome only."))
        elif before is not None:
            self.measurements.mark(before)

    def _on_chosen(self, phase: dict[str, Any], measurement: dict[str, Any]) -> None:
        self._of_trend = (phase, measurement)
        self._asking_trend.again()

    async def _ask_trend(self) -> None:
        of, run = self._of_trend, self.run
        if of is None or run is None:
            return
        phase, measurement = of
        answer = await self._client.get(
            "/unit_api/record/measurements", procedure_id=run["procedure"]["id"], phase_name=phase["name"],
            measurement_name=measurement["name"], serial_numbers=run["unit"]["serial_number"], limit=_MOST_POINTS,
        )  # fmt: skip
        if of is not self._of_trend:
            return
        points = read_points(answer["data"])
        words = self.tr("{} over {} runs").format(measurement["name"], len(points))
        if len(points) == 1:
            words = self.tr("{} in this run alone").format(measurement["name"])
        if answer["meta"]["has_more"]:
            words = self.tr("{} over the newest {} runs").format(measurement["name"], len(points))
        told = self.tr("{} · limits dashed · click a point to open its run") if len(points) > 1 else "{}"
        self.trend_words.setText(told.format(words))
        self.trend.show_points(points, run["id"], measurement["name"], measurement["units"] or "")
        self._below.show()

    def show_log(self) -> None:
        """Show what the run wrote while it ran."""
        if self.run is None:
            return
        lines = [
            f"{exact_words(utc_s_of(line['timestamp']))}  {line['level']:<8}  {line['message']}"
            f"  ({line['source_file']}:{line['line_number']})"
            for line in self.run["logs"]
        ]
        TextDialog(self.tr("Log of {}").format(self.title.text()), "\n".join(lines), "", self).open()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self.place.explain_trouble(trouble)

    def _on_trend_trouble(self, trouble: ServiceTroubleError) -> None:
        self.trend_words.setText(trouble.error)
        self.trend.show_points([], "", "", "")
        self._below.show()
