"""The export: which experiments, which datasets, which time, and where to; then how far it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDateTime, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QDateTimeEdit, QHBoxLayout, QLabel, QPushButton, QWidget

from gui import background, theme
from gui.experiments.experiment import Experiment
from gui.experiments.kept_exports import EXPORTS, KeptExportsDialog
from gui.experiments.ticks import TickList
from gui.file_transfer import save, size_words
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.file_choice import FileChoice
from gui.widgets.progress_line import ProgressLine

_DATASETS = "/unit_api/datasets/exportable"
_WITHIN_S = 6 * 3600.0
_LOOK_AGAIN_S = 0.4
_LISTS_PX = 208
_WIDTH_PX = 720


class ExportDialog(AskDialog):
    """Asks what to export, has the service make the archive, and saves it.

    Closed while it goes on, the export goes on too, and a message tells how it ended.

    Attributes:
        experiments, datasets: what is ticked.
        span: whether only a span of time is wanted; `from_` and `to` are its ends, in local time.
        parquet, each: whether Parquet is wanted too, and a file for each experiment.
        progress: how far it is.
        files: asks where to save.
        result_words: how it went.
    """

    def __init__(
        self, unit: Unit, client: ServiceClient, known: tuple[Experiment, ...], chosen: list[str], parent: QWidget
    ) -> None:
        words = parent.tr("One archive with a CSV file for each dataset, and with what every column means.")
        super().__init__(parent.tr("Export experiments"), words, parent.tr("Export…"), parent)
        self.setMinimumWidth(_WIDTH_PX)
        self._unit = unit
        self._client = client
        self._known = known
        self._titles: dict[str, str] = {}
        self._saved: Path | None = None
        self._task_id = ""
        self._is_running = False
        self.files = FileChoice(self)
        self._make_fields(chosen)
        self._make_result()
        self.act_button.clicked.connect(self.ask_where)
        background.run(self._load(), self, self.show_trouble)

    def _make_fields(self, chosen: list[str]) -> None:
        self.experiments = TickList(self.tr("Every experiment"))
        self.datasets = TickList(self.tr("Every dataset"))
        lists = QHBoxLayout()
        lists.setSpacing(theme.BETWEEN_PX)
        for each in (self.experiments, self.datasets):
            each.setFixedHeight(_LISTS_PX)
            lists.addWidget(each, 1)
        things = [(one.name, one.name, one.caption(self._unit.utc_s())) for one in self._known]
        self.experiments.show_things(things, set(chosen))
        self._hint = QLabel()
        self._hint.setWordWrap(True)
        theme.set_role(self._hint, "caption")
        self.datasets.rows.currentItemChanged.connect(self._on_dataset)
        self.span = QCheckBox(self.tr("Only from"))
        now = QDateTime.currentDateTime()
        self.from_, self.to = _moment(now.addDays(-1), self.tr("From")), _moment(now, self.tr("Until"))
        row = QHBoxLayout()
        for part in (self.span, self.from_, QLabel(self.tr("to")), self.to):
            row.addWidget(part)
        row.addStretch(1)
        self.parquet = QCheckBox(self.tr("A Parquet file beside each CSV"))
        self.parquet.setToolTip(self.tr("The same rows with types: for pandas, R, DuckDB and the like"))
        self.each = QCheckBox(self.tr("One file for each experiment"))
        forms = QHBoxLayout()
        for box in (self.parquet, self.each):
            forms.addWidget(box)
        forms.addStretch(1)
        self.fields.addLayout(lists)
        self.fields.addWidget(self._hint)
        self.fields.addLayout(row)
        self.fields.addLayout(forms)
        self.span.toggled.connect(self._look)
        self.experiments.changed.connect(self._look)
        self.datasets.changed.connect(self._look)
        self._look()

    def _make_result(self) -> None:
        self.progress = ProgressLine()
        self.progress.cancelled.connect(self._give_up)
        self.result_words = QLabel()
        self.result_words.setWordWrap(True)
        self.result_words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.folder_button = QPushButton(self.tr("Show in folder"))
        show_icon(self.folder_button, "folder")
        self.folder_button.clicked.connect(self._show_folder)
        self.kept_button = QPushButton(self.tr("Earlier exports…"))
        theme.set_role(self.kept_button, "quiet")
        self.kept_button.clicked.connect(self._show_kept)
        row = QHBoxLayout()
        row.addWidget(self.kept_button)
        row.addWidget(self.result_words, 1)
        row.addWidget(self.folder_button)
        self.folder_button.hide()
        self.under_fields.addWidget(self.progress)
        self.under_fields.addLayout(row)

    async def _load(self) -> None:
        datasets = await self._client.get(_DATASETS)
        self._titles = {each["dataset_name"]: each["display_name"] for each in datasets}
        things = [(each["dataset_name"], each["display_name"], _hint(each)) for each in datasets]
        nothing = {each["dataset_name"] for each in datasets if each["not_recorded"]}
        self.datasets.show_things(things, set(self._titles) - nothing, nothing)
        self._look()

    def _look(self) -> None:
        is_span = self.span.isChecked()
        self.from_.setEnabled(is_span)
        self.to.setEnabled(is_span)
        nothing = not self.experiments.ticked() or not self.datasets.ticked()
        self.act_button.setEnabled(not nothing and not self._is_running)
        self.act_button.setToolTip(self.tr("Tick at least one experiment and one dataset.") if nothing else "")

    def _on_dataset(self) -> None:
        item = self.datasets.rows.currentItem()
        self._hint.setText("" if item is None else f"{item.text()}: {item.toolTip()}")
        self.fit()

    def body(self) -> dict[str, Any]:
        """Return what is asked of the service."""
        names = [] if self.experiments.is_everything() else self.experiments.ticked()
        body: dict[str, Any] = {"experiments": names, "datasets": self.datasets.ticked()}
        body |= {"parquet": self.parquet.isChecked(), "partition_by_experiment": self.each.isChecked()}
        if self.span.isChecked():
            ends = (("start_time", self.from_), ("end_time", self.to))
            body |= {key: field.dateTime().toUTC().toString("yyyy-MM-ddTHH:mm:ssZ") for key, field in ends}
        return body

    def ask_where(self) -> None:
        """Ask where to save the archive; then make it."""
        ticked = self.experiments.ticked()
        name = ticked[0] if len(ticked) == 1 else self._unit.name or "experiments"
        self.files.ask_where_to_save(self.tr("Save the export"), f"{name}.zip", "Archive (*.zip)", self.export_to)

    def export_to(self, target: Path) -> None:
        """Make the archive and save it as `target`."""
        if self._is_running:
            return
        self._is_running = True
        self.tell("")
        self._set_running(True)
        self.progress.begin(self.tr("Exporting"))
        self.fit()
        background.run(self._export(target), self, self._on_trouble)

    async def _export(self, target: Path) -> None:
        accepted = await self._client.post(f"{_DATASETS}/export", self.body())
        self._task_id = str(accepted["task_id"])
        watching = background.run(self._watch(), self, _pass_over)
        try:
            result = await self._client.result_of(accepted, _WITHIN_S)
        finally:
            watching.cancel()
            self._task_id = ""
        self.progress.begin(self.tr("Saving {}").format(target.name), can_cancel=False)
        size = await save(self._client, str(result["export"]["url_path"]), target, self.progress.show_bytes)
        self._saved = target
        self._end()
        self._tell_result(result, target, size)

    async def _watch(self) -> None:
        while True:
            told = (await self._client.get(EXPORTS))["under_way"]
            if told and told["dataset"]:
                title = self._titles.get(told["dataset"], told["dataset"])
                rows = f"{told['rows']:,}".replace(",", " ")
                words = self.tr("{} · {} rows so far").format(title, rows)
                self.progress.show_steps(told["datasets_done"], told["datasets"], words)
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _tell_result(self, result: dict[str, Any], target: Path, size_bytes: int) -> None:
        rows = sum(each["rows"] for each in result["datasets"])
        counted = f"{rows:,}".replace(",", " ")
        words = self.tr("Saved {}: {} rows, {}.").format(target.name, counted, size_words(size_bytes))
        if result["left_out"]:
            left = "; ".join(f"{self._titles.get(each['dataset_name'], each['dataset_name'])}: {each['reason']}"
                             for each in result["left_out"])  # fmt: skip
            words += " " + self.tr("Left out: {}").format(left)
        if self.isVisible():
            self.result_words.setText(words)
            self.folder_button.show()
            self.cancel_button.setFocus()
            self.fit()
        else:
            self._toast(words, str(target.parent), "ok")

    def _give_up(self) -> None:
        if self._task_id:
            background.run(self._client.post(f"/unit_api/task_results/{self._task_id}/cancel"), self, _pass_over)

    def _set_running(self, is_running: bool) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, not is_running)
        for part in (self.experiments, self.datasets, self.span, self.from_, self.to, self.parquet, self.each):
            part.setEnabled(not is_running)
        self.result_words.clear()
        self.folder_button.hide()
        self._look()
        self.cancel_button.setText(self.tr("Close"))

    def _end(self) -> None:
        self._is_running = False
        self.progress.end()
        self._set_running(False)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._end()
        if self.isVisible():
            self.show_trouble(trouble)
        else:
            self._toast(trouble.error, trouble.remedy, "alarm")

    def _toast(self, headline: str, detail: str, tone: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, tone)
        self.deleteLater()

    def _show_folder(self) -> None:
        if self._saved is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._saved.parent)))

    def _show_kept(self) -> None:
        KeptExportsDialog(self._client, self).open()


def _moment(moment: QDateTime, name: str) -> QDateTimeEdit:
    field = QDateTimeEdit(moment)
    field.setDisplayFormat("yyyy-MM-dd HH:mm")
    field.setCalendarPopup(True)
    field.setAccessibleName(name)
    return field


def _hint(dataset: dict[str, Any]) -> str:
    if dataset["not_recorded"]:
        return f"{dataset['description']} {dataset['not_recorded']}"
    own = "" if dataset["source"] == "app" else f" ({dataset['source']})"
    return f"{dataset['description']}{own}"


def _pass_over(_: ServiceTroubleError) -> None:
    """What goes on beside the export need not be told: the export itself will be."""
