"""The course of a profile with its legend, and the words of the action that is pointed at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.profiles.profile import Check, hours_words
from gui.profiles.timeline import Timeline
from gui.widgets.place import Place


class TimelineView(QWidget):
    """Scrolls where there are many jobs.

    Signals:
        line_asked: show this line of the text.

    Attributes:
        picture: the course.
    """

    line_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = Timeline()
        self.picture.line_asked.connect(self.line_asked)
        self.picture.spot_changed.connect(self._on_spot)
        self._legend = ""
        self._words = QLabel()
        self._words.setWordWrap(True)
        theme.set_role(self._words, "caption")
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        theme.set_role(holder, "page")
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.picture)
        inside.addStretch(1)
        scrolled.setWidget(holder)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(scrolled, 1)
        column.addWidget(self._words)
        self.place = Place(content)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, theme.SPACE_PX, 0, 0)
        around.addWidget(self.place)
        self.show_course(Check())

    def show_course(self, check: Check) -> None:
        """Show a course."""
        if not check.jobs:
            self.place.explain(
                "profile",
                self.tr("No course yet"),
                self.tr("As soon as the text names jobs and actions, they are drawn here over time."),
            )
            return
        self.picture.show_course(check)
        end = self.tr("ends after {}") if check.has_end else self.tr("known until {}, goes on after that")
        signs = self.tr("bar: runs · | change · ○ note · ◇ waits until · comb: repeats")
        self._legend = f"{signs} · {end.format(hours_words(check.last_hours))}"
        self._on_spot("")
        self.place.show_content()

    def show_now(self, hours: float | None) -> None:
        """Mark where the run is."""
        self.picture.show_now(hours)

    @property
    def words(self) -> str:
        """What is said below the picture."""
        return self._words.text()

    def _on_spot(self, words: str) -> None:
        self._words.setText(words or self._legend)
