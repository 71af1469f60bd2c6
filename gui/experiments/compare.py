"""Several experiments over each other: curves against the hours since each began, and their numbers side by side."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.experiments.compare_plot import ComparePlots
from gui.experiments.compare_table import CompareTable
from gui.experiments.compared import COLOURS, MOST, Compared, chosen_at_first, offered, pane_of
from gui.experiments.experiment import Experiment
from gui.experiments.run_words import series_title
from gui.icons import show_icon
from gui.live.curve import Curve
from gui.live.trace import Pane
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place

_LEAST = 2
_LOW_PX = 540


class ComparePanel(QFrame):
    """The comparison of the experiments that are ticked in the list.

    Signals:
        coloured: the colour of each experiment that is drawn, by its name.

    Attributes:
        compared: the experiments, in the order they were ticked.
        plots: their curves.
        table: their numbers.
        place: both, or why there is nothing to compare.
        signals: keys of the series that are drawn.
    """

    coloured = Signal(dict)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._unit = unit
        self._client = client
        self._wanted: list[Experiment] = []
        self._loading: asyncio.Task[Any] | None = None
        self._was_chosen = False
        # Loaded before, and not asked for again as long as experiments are compared.
        self._known: dict[str, Compared] = {}
        self.compared: list[Compared] = []
        self.signals: list[str] = []
        self._panes: list[Pane] = []
        self.plots = ComparePlots()
        self.table = CompareTable()
        self._make_bar()
        self._lay_out()
        self.table.shown_changed.connect(self._on_shown)
        self.place.acted.connect(self._load_again)

    def _make_bar(self) -> None:
        self._words = QLabel()
        theme.set_role(self._words, "heading")
        self.signal_button = QPushButton(self.tr("Signals"))
        self.signal_button.setToolTip(self.tr("Which signals are drawn"))
        self.signal_button.setMenu(QMenu(self.signal_button))
        self.log_button = QPushButton(self.tr("Log scale"))
        self.log_button.setToolTip(self.tr("Optical density on a logarithmic scale"))
        self.log_button.setCheckable(True)
        self.fit_button = QPushButton(self.tr("Show all"))
        self.fit_button.setToolTip(self.tr("Show the whole time again (0, or double-click)"))
        for button in (self.signal_button, self.log_button, self.fit_button):
            theme.set_role(button, "quiet")
        show_icon(self.signal_button, "more")
        show_icon(self.fit_button, "zoom-fit")
        self.log_button.toggled.connect(self.plots.set_log)
        self.fit_button.clicked.connect(self.plots.fit)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        bar.addWidget(self._words)
        bar.addStretch(1)
        for button in (self.signal_button, self.log_button, self.fit_button):
            bar.addWidget(button)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.SPACE_PX)
        inside.addLayout(bar)
        inside.addWidget(self.plots, 1)
        inside.addWidget(self.table)
        self.place = Place(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.addWidget(self.place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the curves the room there is."""
        super().resizeEvent(event)
        self.table.fit_rows(self.height() < _LOW_PX)

    def compare(self, experiments: list[Experiment]) -> None:
        """Compare these; what is loaded of them already is not asked for again."""
        self._wanted = experiments[:MOST]
        if len(experiments) < _LEAST:
            self._explain_few(experiments)
            return
        if self._loading is not None:
            self._loading.cancel()
        if not self.compared:
            self.place.explain("working", self.tr("Loading the curves"), self.tr("Asking the service."))
        self._loading = background.run(self._load(), self, self._on_trouble)

    def _explain_few(self, experiments: list[Experiment]) -> None:
        if self._loading is not None:
            self._loading.cancel()
        self.compared = []
        self.coloured.emit({})
        one = self.tr("Tick at least one more in the list.") if experiments else self.tr("Tick them in the list.")
        words = self.tr("Their curves are drawn over each other, from the moment each began.")
        self.place.explain("compare", self.tr("Choose experiments to compare"), f"{one} {words}")

    async def _load(self) -> None:
        compared = self._with_colours()
        await asyncio.gather(*(one.load(self._client) for one in compared if not one.summary))
        self.compared = compared
        if not self._was_chosen or not set(self.signals) & set(offered(compared)):
            self.signals = chosen_at_first(compared)
        await self._load_curves()

    def _with_colours(self) -> list[Compared]:
        """Return what is compared; who had a colour keeps it, unless another one has it now."""
        compared = [self._known.setdefault(each.name, Compared(each, "")) for each in self._wanted]
        taken: set[str] = set()
        for one in compared:
            if one.colour in taken:
                one.colour = ""
            taken.add(one.colour)
        free = [colour for colour in COLOURS if colour not in taken]
        for one in compared:
            one.colour = one.colour or free.pop(0)
        return compared

    def begin(self) -> None:
        """Forget what was loaded: experiments go on meanwhile."""
        self._known = {}
        self.compared = []

    async def _load_curves(self) -> None:
        await asyncio.gather(
            *(one.load_series(self._client, series) for one in self.compared for series in self.signals)
        )
        self._show()

    def _show(self) -> None:
        known = offered(self.compared)
        self._fill_menu(known)
        self._words.setText(self.tr("{} experiments").format(len(self.compared)))
        self._panes = [pane_of(series, known[series]) for series in known if series in self.signals]
        if not self._panes:
            self.place.explain(
                "compare", self.tr("Nothing to draw"), self.tr("Nothing was measured in these experiments.")
            )
            return
        curves = [[self._curve(one, pane) for pane in self._panes] for one in self.compared]
        drawn = [(pane, [row[place] for row in curves]) for place, pane in enumerate(self._panes)]
        length_s = max(one.length_s for one in self.compared)
        self.plots.show_signals([(pane, [c for c in column if c is not None]) for pane, column in drawn], length_s)
        self.table.show_compared(self.compared)
        self.log_button.setEnabled(any(pane.can_be_log for pane in self._panes))
        self.place.show_content()
        self.coloured.emit({one.experiment.name: one.colour for one in self.compared})

    def _curve(self, one: Compared, pane: Pane) -> Curve | None:
        if pane.key not in one.buffers:
            return None
        curve = one.curve(pane.key, pane)
        curve.is_shown = one.is_shown
        return curve

    def _on_shown(self) -> None:
        shown = {one.experiment.name: one.is_shown for one in self.compared}
        for pane in self.plots.panes.values():
            for curve in pane.curves:
                curve.is_shown = shown[curve.trace.label]
        self.plots.redraw_soon()

    def _fill_menu(self, known: dict[str, str]) -> None:
        menu = self.signal_button.menu()
        menu.clear()
        for series in known:
            action = QAction(series_title(series), menu, checkable=True, checked=series in self.signals)
            action.setData(series)
            action.toggled.connect(self._on_signal)
            menu.addAction(action)

    def _on_signal(self, wanted: bool) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.choose_signal(str(action.data()), wanted)

    def choose_signal(self, series: str, wanted: bool) -> None:
        """Draw a series, or do not."""
        others = [each for each in self.signals if each != series]
        self.signals = [*others, series] if wanted else others
        self._was_chosen = True
        background.run(self._load_curves(), self, self._on_trouble)

    def _load_again(self) -> None:
        self.compare(self._wanted)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self.plots.panes or not self.compared:
            self.place.explain_trouble(trouble)
