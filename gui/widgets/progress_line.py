"""Long work in one line: what is being done, how far it is, and a button that gives it up."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.file_transfer import size_words
from gui.moments import duration

_LOOK_AGAIN_MS = 500


class ProgressLine(QWidget):
    """Hidden until work begins.

    Signals:
        cancelled: the user gives the work up.

    Attributes:
        cancel_button: gives it up; hidden for work that cannot be.
        bar: how far it is; it runs to and fro while that is not known.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = ""
        self._words = QLabel()
        self._words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self.cancelled)
        theme.set_role(self._words, "quiet")
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self._words)
        column.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addLayout(column, 1)
        row.addWidget(self.cancel_button)
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_AGAIN_MS)
        self._timer.timeout.connect(self._show_time)
        self.hide()

    @property
    def words(self) -> str:
        """What is said now."""
        return self._words.text()

    def begin(self, what: str, *, can_cancel: bool = True) -> None:
        """Show that work goes on: "Packing the backup"."""
        self._what = what
        self._since.start()
        self.cancel_button.setVisible(can_cancel)
        self.bar.setRange(0, 0)
        self._show_time()
        self._timer.start()
        self.show()

    def show_bytes(self, done: int, whole: int | None) -> None:
        """Show how many bytes are done, of how many where that is known."""
        self._timer.stop()
        if whole:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done / whole))
            self._words.setText(f"{self._what} · {size_words(done)} of {size_words(whole)}")
        else:
            self._words.setText(f"{self._what} · {size_words(done)}")

    def show_steps(self, done: int, whole: int, words: str) -> None:
        """Show how many steps are done of how many, and say what is being done now."""
        self._timer.stop()
        self.bar.setRange(0, whole)
        self.bar.setValue(done)
        self._words.setText(f"{self._what} · {words}" if words else self._what)

    def end(self) -> None:
        """Hide it again."""
        self._timer.stop()
        self.hide()

    def _show_time(self) -> None:
        seconds = self._since.elapsed() / 1000
        self._words.setText(f"{self._what} · {duration(seconds)}" if seconds >= 1 else f"{self._what}…")
