"""Closing the window while jobs run: keep them running, stop everything safely, or stay."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.words import job_title, listing


class ClosingDialog(QDialog):
    """Asks what becomes of the running jobs.

    Args:
        job_names: the jobs that run.
        has_tray: whether the window can go on as an icon; otherwise the service goes on alone.

    Signals:
        keep_asked: the jobs shall go on.
        stop_asked: everything shall be stopped, then the window closed.
    """

    keep_asked = Signal()
    stop_asked = Signal()

    def __init__(self, job_names: list[str], has_tray: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Close Vialdesk"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        count = len(job_names)
        heading = QLabel(self.tr("1 job is running") if count == 1 else self.tr("{} jobs are running").format(count))
        theme.set_role(heading, "heading")
        how = (
            self.tr("Kept running, everything goes on behind the icon in the system's tray.")
            if has_tray
            else self.tr("Kept running, everything goes on without a window; start Vialdesk again to see it.")
        )
        titles = [job_title(name) for name in job_names]
        words = QLabel(f"{listing(titles)}. {how}")
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        self.keep_button = QPushButton(self.tr("Keep running"))
        theme.set_role(self.keep_button, "primary")
        self.keep_button.setDefault(True)
        stop = self.tr("Stop 1 job and quit") if count == 1 else self.tr("Stop {} jobs and quit").format(count)
        self.stop_button = QPushButton(stop)
        theme.set_role(self.stop_button, "danger")
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self._lay_out(heading, words)

    def _lay_out(self, heading: QLabel, words: QLabel) -> None:
        self.keep_button.clicked.connect(self._keep)
        self.stop_button.clicked.connect(self._stop)
        self.cancel_button.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop_button)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.keep_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(words)
        column.addSpacing(8)
        column.addLayout(buttons)

    def _keep(self) -> None:
        self.accept()
        self.keep_asked.emit()

    def _stop(self) -> None:
        self.accept()
        self.stop_asked.emit()
