"""The top bar: whose unit this is, how the connection stands, which experiment, what time, and Stop all."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from gui import theme
from gui.alarms.badge import AlarmBadge
from gui.connection_words import Standing
from gui.icons import icon
from gui.moments import clock_time, exact
from gui.unit import Unit
from gui.widgets.rule import Rule

_HEIGHT_PX = 52
_LONGEST_NAME_PX = 200


class TopBar(QWidget):
    """Shows the unit; its buttons open menus, only Stop all acts at once.

    Attributes:
        stop_button: the Stop all button, never disabled.
        alarm_badge: how many alarms nobody has acknowledged.
    """

    def __init__(
        self, unit: Unit, connection_menu: QMenu, experiment_menu: QMenu, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._unit = unit
        self._standing: Standing | None = None
        theme.set_role(self, "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(_HEIGHT_PX)
        self._name = QLabel()
        theme.set_role(self._name, "heading")
        self._connection = self._menu_button(connection_menu)
        self._experiment = self._menu_button(experiment_menu)
        self.alarm_badge = AlarmBadge(unit)
        self._clock = QLabel()
        self._clock.setFont(theme.value_font())
        theme.set_role(self._clock, "quiet")
        self.stop_button = QPushButton(self.tr("Stop all"))
        theme.set_role(self.stop_button, "danger")
        self._lay_out()
        unit.snapshot_loaded.connect(self.refresh)
        unit.experiment_changed.connect(self.refresh)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()
        self._redraw()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 0, theme.BETWEEN_PX, 0)
        row.setSpacing(12)
        row.addWidget(self._name)
        row.addWidget(self._connection)
        row.addWidget(Rule(upright=True))
        row.addWidget(self._experiment)
        row.addStretch(1)
        row.addWidget(self.alarm_badge)
        row.addWidget(self._clock)
        row.addWidget(self.stop_button)

    def show_standing(self, standing: Standing) -> None:
        """Show how the connection stands: word, icon, colour, and more in the tooltip."""
        self._standing = standing
        self._connection.setText(f"{standing.word} ▾")
        self._connection.setAccessibleName(self.tr("Connection: {}").format(standing.word))
        lines = [standing.word, standing.detail, standing.remedy]
        if standing.since_utc_s is not None:
            lines.append(self.tr("Since {}").format(exact(datetime.fromtimestamp(standing.since_utc_s, UTC))))
        self._connection.setToolTip("\n".join(line for line in lines if line))
        self._redraw()

    def refresh(self) -> None:
        """Show unit and experiment as they are now."""
        name = self._unit.name or self.tr("Vialdesk")
        self._name.setText(self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, _LONGEST_NAME_PX))
        self._name.setToolTip(name)
        experiment = self._unit.experiment
        self._experiment.setText(f"{experiment or self.tr('No experiment')} ▾")
        self._experiment.setAccessibleName(self.tr("Experiment: {}").format(self.experiment_word))
        self._experiment.setToolTip(
            self.tr("{}\nReadings are kept under this experiment").format(experiment)
            if experiment
            else self.tr("Starting a job creates one; better name it first")
        )
        self.show_time()

    def show_time(self) -> None:
        """Show the unit's time; called once a second."""
        now = datetime.fromtimestamp(self._unit.utc_s(), UTC)
        self._clock.setText(clock_time(now))
        self._clock.setToolTip(self.tr("The unit's time: {}").format(exact(now)))

    def show_stopping(self, stopping: bool) -> None:
        """Show that a stop is on its way; pressing again is always possible."""
        self.stop_button.setText(self.tr("Stopping…") if stopping else self.tr("Stop all"))

    @property
    def connection_word(self) -> str:
        """The state shown now."""
        return self._connection.text().removesuffix(" ▾")

    @property
    def experiment_word(self) -> str:
        """The experiment shown now."""
        return self._experiment.text().removesuffix(" ▾")

    def _menu_button(self, menu: QMenu) -> QToolButton:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        theme.set_role(button, "menu")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _redraw(self) -> None:
        standing = self._standing
        if standing is not None:
            self._connection.setIcon(icon(standing.icon, standing.tone))
            theme.set_tone(self._connection, standing.tone)
        self._experiment.setIcon(icon("experiment"))
        self.stop_button.setIcon(icon("stop", "alarm"))
