"""Saving what is visible: asks where, collects the readings in full where it can, and writes the file."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from gui import background
from gui.live.export_csv import ExportedSeries, ExportedView, write_csv
from gui.live.history import History
from gui.live.picture import picture_of
from gui.live.plot_stack import PlotStack
from gui.live.readout import Readout
from gui.moments import clock_time, exact
from gui.service_client import ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


class Export(QObject):
    """Saves the visible range of the plots as CSV or PNG.

    Attributes:
        dialog: the save dialog while it is open, None otherwise.
        is_writing: whether a file is being written.
    """

    def __init__(self, unit: Unit, history: History, stack: PlotStack, readout: Readout, page: QWidget) -> None:
        super().__init__(page)
        self._unit = unit
        self._history = history
        self._stack = stack
        self._readout = readout
        self._page = page
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self.dialog: QFileDialog | None = None
        self.is_writing = False

    def ask_csv(self) -> None:
        """Ask for a file, then write the visible readings into it."""
        self._ask(self.tr("Save the visible readings"), self.tr("Table (*.csv)"), "csv", self.save_csv)

    def ask_png(self) -> None:
        """Ask for a file, then write a picture of the plots into it."""
        self._ask(self.tr("Save a picture of the plots"), self.tr("Picture (*.png)"), "png", self.save_png)

    def save_csv(self, path: str) -> None:
        """Write the visible readings; the service is asked for all of them first."""
        self._folder = str(Path(path).parent)
        self.is_writing = True
        background.run(self._save_csv(Path(path), self._stack.view.span), self)

    def save_png(self, path: str) -> None:
        """Write a picture of what is visible now."""
        self._folder = str(Path(path).parent)
        span = self._stack.view.span
        when = " – ".join(exact(datetime.fromtimestamp(at_s, UTC)) for at_s in span)
        # "Now" would soon be untrue in a file.
        told = self._readout.time.text()
        if math.isnan(self._stack.pointer_s):
            self._readout.time.setText(clock_time(datetime.fromtimestamp(self._unit.utc_s(), UTC)))
        image = picture_of(f"{self._title()} · {self._unit.name}", when, self._stack.viewport())
        self._readout.time.setText(told)
        self.is_writing = True
        background.run(self._save_png(image, path), self)

    def visible(self) -> ExportedView:
        """Return the readings of every shown curve inside the visible span."""
        span, until_s = self._stack.view.span, self._stack.view.paused_at_s
        span = span if until_s is None else (span[0], min(span[1], until_s))
        series = []
        for curve in self._stack.curves.values():
            inside = curve.buffer.between(span)
            if not curve.is_shown or curve.trace.pane not in self._stack.visible_panes or inside.start == inside.stop:
                continue
            t, values = curve.buffer.t[inside].copy(), curve.buffer.values[inside].copy()
            after_gap = curve.buffer.starts_after_gap[inside].copy()
            series.append(
                ExportedSeries(curve.trace, t, values, after_gap, self._history.bucket_s(curve.trace.series, span))
            )
        now_s = self._unit.utc_s()
        return ExportedView(self._unit.name, self._title(), self._history.start_utc_s, span, now_s, series)

    async def _save_csv(self, path: Path, span: tuple[float, float]) -> None:
        # Without the service, what is here is written; the file's header says how fine it is.
        with contextlib.suppress(ServiceTroubleError):
            await self._history.load_in_full(span)
        try:
            await asyncio.to_thread(write_csv, self.visible(), path)
        except OSError as error:
            self._tell_failed(str(path), error.strerror or str(error))
        else:
            self._tell_saved(str(path))
        finally:
            self.is_writing = False

    async def _save_png(self, image: QImage, path: str) -> None:
        try:
            # QImage needs no window; compressing takes long enough to be felt.
            if await asyncio.to_thread(_write_png, image, path):
                self._tell_saved(path)
            else:
                self._tell_failed(path, self.tr("The picture could not be written there."))
        finally:
            self.is_writing = False

    def _ask(self, title: str, kind: str, suffix: str, save: Callable[[str], None]) -> None:
        dialog = QFileDialog(self._page, title, self._folder, kind)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        day = datetime.fromtimestamp(self._unit.utc_s(), UTC).astimezone()
        dialog.selectFile(f"{_NOT_IN_NAMES.sub('_', self._title())} {day:%Y-%m-%d %H%M}.{suffix}")
        dialog.fileSelected.connect(save)
        dialog.finished.connect(self._on_dialog_finished)
        self.dialog = dialog
        dialog.open()

    def _on_dialog_finished(self, _: Any) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _title(self) -> str:
        return self._history.experiment or self.tr("No experiment")

    def _tell_saved(self, path: str) -> None:
        toaster = toaster_for(self._page)
        if toaster is not None:
            toaster.show(self.tr("Saved {name}").format(name=Path(path).name), str(Path(path).parent), "ok")

    def _tell_failed(self, path: str, why: str) -> None:
        toaster = toaster_for(self._page)
        if toaster is not None:
            words = self.tr("{why} Choose another folder, or free some space.").format(why=why.rstrip(".") + ".")
            toaster.show(self.tr("{name} was not saved").format(name=Path(path).name), words, "alarm", stays=True)


def _write_png(image: QImage, path: str) -> bool:
    return bool(image.save(path, "PNG"))  # type: ignore[call-overload]
