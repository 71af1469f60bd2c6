"""The Problems dialog: the faults of this run, to read, search and copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.crash import Problem, Problems
from gui.icons import icon
from gui.widgets.empty_state import EmptyState


class ProblemsDialog(QDialog):
    """Lists the faults, newest first; the chosen one's whole report is below."""

    def __init__(self, problems: Problems, parent: QWidget) -> None:
        super().__init__(parent)
        self._problems = problems
        self.setWindowTitle(self.tr("Problems"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 520)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search the problems"))
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._fill)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Problems, newest first"))
        self.list.currentRowChanged.connect(self._show_report)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setAccessibleName(self.tr("Report"))
        self._empty = EmptyState()
        self._empty.explain(
            "ok", self.tr("No problems"), self.tr("Faults of the window itself are listed here."), tone="ok"
        )
        self.copy_button = QPushButton(icon("copy"), self.tr("Copy report"))
        self.copy_button.clicked.connect(self._copy_report)
        self._shown: list[Problem] = []
        self._lay_out()
        problems.found.connect(self._fill)
        self._fill()

    def _lay_out(self) -> None:
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        words = QLabel(self.tr("The window went on after these. Running jobs are not touched by faults of the window."))
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        for part in (words, self.search, self.list, self.report, self._empty):
            column.addWidget(part)
        column.addLayout(buttons)

    def _fill(self) -> None:
        wanted = self.search.text().casefold()
        self._shown = [
            one for one in reversed(self._problems.kept) if wanted in one.report.casefold() + one.headline.casefold()
        ]
        self.list.clear()
        self.list.addItems([f"{one.when}  {one.headline}".strip() for one in self._shown])
        any_at_all = bool(self._problems.kept)
        for part in (self.search, self.list, self.report, self.copy_button):
            part.setVisible(any_at_all)
        self._empty.setVisible(not any_at_all)
        if self._shown:
            self.list.setCurrentRow(0)

    def _show_report(self, row: int) -> None:
        self.report.setPlainText(self._shown[row].report if 0 <= row < len(self._shown) else "")

    def _copy_report(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
