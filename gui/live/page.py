"""The Live page: the curves of the experiment on one time axis, and the values of now beside them."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.jobs.page import JobsPage
from gui.live.cards import GrowthRateCard, OpticalDensityCard, StirringCard, TemperatureCard
from gui.live.charts import PluginCharts
from gui.live.curve import Curve
from gui.live.emptiness import RETRY, START, emptiness
from gui.live.event_log import EventLog
from gui.live.export import Export
from gui.live.feed import LiveFeed
from gui.live.flags import Flag, Flags
from gui.live.history import History
from gui.live.lane import EVENTS_PANE, EventLane
from gui.live.notes import Notes
from gui.live.plot_stack import PlotStack
from gui.live.readout import Readout
from gui.live.session import Session
from gui.live.stack_area import StackArea
from gui.live.supply_cards import DosingCard, LightCard, VolumeCard
from gui.live.time_view import TimeView
from gui.live.trace import OPTICAL_DENSITY, traces
from gui.live.view_bar import ViewBar
from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.empty_state import EmptyState
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled

_TICK_MS = 250
_CARDS_PX = 352


class LivePage(QWidget):
    """Curves, cards, and the one button that starts measuring."""

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.unit = unit
        self.view = TimeView(self)
        self.stack = PlotStack(traces(unit.settings.get("od_reading", {})), self.view)
        self.history = History(client, self.stack.buffers, self)
        self.charts = PluginCharts(unit, client, self)
        self.events = EventLog(unit, client, self)
        self.flags = Flags(unit, client, self)
        self.notes = Notes(unit, client, self)
        self.stack.add_pane(EventLane(EVENTS_PANE, self.events, unit.utc_s))
        self.session = Session(unit, client, self)
        self.readout = Readout(unit, self.stack, self)
        self.view_bar = ViewBar(self.view)
        self.empty = EmptyState()
        self.start_button = QPushButton()
        self.cards = (
            OpticalDensityCard(self.stack.curves, unit, self.session),
            GrowthRateCard(self.stack.curves, unit, self.session),
            TemperatureCard(self.stack.curves, unit, self.session),
            StirringCard(self.stack.curves, unit, self.session),
            VolumeCard(self.stack.curves, unit, self.session, client),
            DosingCard(self.events, unit, self.session),
            LightCard(self.events, unit, self.session),
        )
        self.export = Export(unit, self.history, self.stack, self.readout, self)
        self._empty_action = START
        self._seen: set[str] = set()  # series of which a reading has come
        self._tick = QTimer(self, interval=_TICK_MS)
        self._lay_out()
        self.feed = LiveFeed(unit, self.stack.curves, self.stack.buffers, self.history, self)
        self._connect()
        self._on_reloaded(self.history.experiment)
        self._on_history()
        self._refresh_session()
        self._tick.start()

    def page_actions(self) -> list[QWidget]:
        """Return the controls shown beside the page's title."""
        return [self.view_bar]

    def refresh_cards(self) -> None:
        """Show the newest values in the cards."""
        for card in self.cards:
            card.refresh_values()

    def _lay_out(self) -> None:
        self._curves = QFrame()
        theme.set_role(self._curves, "card")
        column = QVBoxLayout(self._curves)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(StackArea(self.stack), 1)
        self._plots = QStackedWidget()
        self._plots.addWidget(self._curves)
        self._plots.addWidget(self.empty)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.AROUND_PX, 4, theme.AROUND_PX - 12, theme.BETWEEN_PX)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self._plots, 1)
        row.addWidget(self._card_column())

    def _card_column(self) -> QScrollArea:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(self.start_button)
        for card in self.cards:
            column.addWidget(card)
        column.addStretch(1)
        area = scrolled(holder)
        area.setFixedWidth(_CARDS_PX)
        return area

    def _connect(self) -> None:
        self._tick.timeout.connect(self._on_tick)
        self.feed.received.connect(self._on_reading)
        self.feed.reloaded.connect(self._on_reloaded)
        self.unit.connection_changed.connect(self._offer_note)
        self.feed.relabelled.connect(self._on_relabelled)
        self.feed.outages_changed.connect(self._shade)
        self.history.changed.connect(self._on_history)
        self.session.changed.connect(self._refresh_session)
        for card in self.cards:
            card.form_wanted.connect(self._open_form)
            if isinstance(card, VolumeCard):
                card.vial_wanted.connect(self._ask_vial)
        self.unit.connection_changed.connect(self._refresh_session)
        self.unit.snapshot_loaded.connect(self._refresh_session)
        self.empty.acted.connect(self._on_empty_action)
        self.start_button.clicked.connect(self._toggle_session)
        self.stack.pointed_at.connect(self._on_pointed)
        self.stack.drawn.connect(self._on_drawn)
        self.view.mode_changed.connect(self.stack.request_redraw)
        self.readout.toggled.connect(self._on_toggled)
        self.view_bar.log_wanted.connect(self.stack.set_log)
        self.view_bar.hours_wanted.connect(self._on_hours)
        self.view_bar.pane_wanted.connect(self._on_pane)
        self.charts.changed.connect(self._on_charts)
        self.events.changed.connect(self._on_events)
        self.flags.changed.connect(self._on_flags)
        self.view_bar.note_wanted.connect(self.notes.add_now)
        self.stack.noted.connect(self.notes.add)
        self.stack.flag_pressed.connect(self._on_flag)
        self.stack.menu_asked.connect(self.notes.menu)
        self.view_bar.csv_wanted.connect(self.export.ask_csv)
        self.view_bar.png_wanted.connect(self.export.ask_png)

    def _on_reading(self, series: str) -> None:
        if series not in self._seen:
            self._seen.add(series)
            self._on_history()
        self.view.advance(self.feed.now_s(), self.feed.first_s())
        self.stack.request_redraw()

    def _on_tick(self) -> None:
        if not self.isVisible():
            return
        self.view.advance(self.feed.now_s(), self.feed.first_s())
        self.refresh_cards()
        self.readout.read(list(self.stack.curves.values()), self.stack.pointer_s)
        if self._plots.currentWidget() is self.empty:
            self._explain_emptiness()
        self._shade()

    def _on_drawn(self) -> None:
        self._shade()
        columns = int(self.stack.panes[OPTICAL_DENSITY].view.width())
        self.history.look_at(self.view.span, columns)
        self.events.look_at(self.view.span, columns)
        self.readout.read(list(self.stack.curves.values()), self.stack.pointer_s)

    def _on_pointed(self, utc_s: float) -> None:
        self.readout.read(list(self.stack.curves.values()), utc_s)

    def _on_toggled(self, curve: str, is_shown: bool) -> None:
        self.stack.curves[curve].is_shown = is_shown
        self.stack.request_redraw()

    def _on_hours(self, in_hours: bool) -> None:
        start_s = self.history.start_utc_s or self.feed.first_s()
        self.stack.show_hours(in_hours, start_s)

    def _on_pane(self, key: str, wanted: bool) -> None:
        self.stack.switch_pane(key, wanted)
        self._offer_curves()

    def _on_charts(self) -> None:
        """Draw the charts there are now; what was recorded of them before is fetched."""
        self.stack.show_charts(self.charts.all)
        self.feed.reload()
        self._on_history()

    def _on_relabelled(self) -> None:
        self._offer_curves()

    def _on_reloaded(self, experiment: str | None) -> None:
        self.events.load(experiment)
        self.flags.load(experiment)
        self.notes.experiment = experiment
        self._offer_note()

    def _offer_note(self) -> None:
        self.view_bar.offer_note(self.notes.is_possible)

    def _on_events(self) -> None:
        before = self.stack.visible_panes
        self.stack.arrange()
        if self.stack.visible_panes != before:
            self._offer_curves()
        self.stack.request_redraw()

    def _on_flags(self) -> None:
        self.stack.flags.show_flags(self.flags.all)

    def _on_flag(self, flag: Flag) -> None:
        if flag.note is not None and self.notes.is_possible:
            self.notes.change(flag.note)

    def _on_history(self) -> None:
        # Without a word, the first minutes would look like the whole experiment.
        loading, failed = self.tr("loading earlier readings…"), self.tr("earlier readings could not be loaded")
        note = {"loading": loading, "failed": failed}.get(self.history.state, "")
        self.stack.panes[OPTICAL_DENSITY].show_note(note)
        self.view.advance(self.feed.now_s(), self.feed.first_s())
        self.stack.arrange()
        self._offer_curves()
        self._explain_emptiness()
        self.stack.request_redraw()

    def _offer_curves(self) -> None:
        visible = self.stack.visible_panes
        shown = [curve for curve in self.stack.curves.values() if len(curve.buffer) and curve.trace.pane in visible]
        self._name_od_unit()
        self.view_bar.show_panes([(kind, self.stack.is_switched_on(kind.key)) for kind in self.stack.offered_panes()])
        self.readout.show_curves(shown)
        self.readout.read(shown, self.stack.pointer_s)

    def _name_od_unit(self) -> None:
        """Say above the plot whether optical density is calibrated, as soon as there is a reading that tells."""
        od, pane = [c.trace for c in self._od_curves() if len(c.buffer)], self.stack.panes[OPTICAL_DENSITY]
        unit = next((trace.unit for trace in od if trace.angle), "AU")
        if unit != pane.measure:
            pane.show_title(unit)

    def _od_curves(self) -> list[Curve]:
        return [curve for curve in self.stack.curves.values() if curve.trace.pane == OPTICAL_DENSITY]

    def _shade(self) -> None:
        self.stack.shade(self.feed.gaps(self.view.span))

    def _refresh_session(self) -> None:
        measuring, pending = self.session.is_measuring, self.session.is_pending
        words = self.tr("Stop measuring") if measuring else self.tr("Start measuring")
        if pending:
            words = self.tr("Stopping…") if measuring else self.tr("Starting…")
        self.start_button.setText(words)
        self.start_button.setEnabled(not pending and self.unit.service.is_live)
        theme.set_role(self.start_button, "" if measuring else "primary")
        self._explain_emptiness()
        self.start_button.setVisible(self._plots.currentWidget() is not self.empty or measuring)

    def _toggle_session(self) -> None:
        if self.session.is_measuring:
            self.session.stop()
        else:
            self.session.start()

    def _explain_emptiness(self) -> None:
        is_empty = self.feed.first_s() is None
        self._plots.setCurrentWidget(self.empty if is_empty else self._curves)
        if is_empty:
            why = emptiness(self.unit, self.history, self.session)
            self._empty_action = why.does
            self.empty.explain(why.icon, why.headline, why.words, why.button, why.tone)

    def _open_form(self, job: str) -> None:
        """Lead to the form of a job on the Jobs page."""
        action = self.window().findChild(QAction, "page_jobs")
        if action is not None:
            action.trigger()
            jobs = self.window().findChild(JobsPage)
            if jobs is not None:
                jobs.open_form_of(job)

    def _ask_vial(self) -> None:
        action = self.window().findChild(QAction, "vial")
        if action is not None:
            action.trigger()

    def _on_empty_action(self) -> None:
        # Not on a card's button, which would be next: another Space must not start something else.
        self.setFocus()
        if self._empty_action == RETRY:
            self.feed.reload()
        else:
            self.session.start()
