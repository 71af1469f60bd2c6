"""One running job: its state, since when, its live settings, and how to pause or stop it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.jobs.action_report import ActionLines
from gui.jobs.capability import Capability, Setting, in_sentence
from gui.jobs.family import running_title
from gui.jobs.setting_field import SettingField
from gui.jobs.setting_text import event_sentence, is_error
from gui.moments import duration, exact
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit, utc_s_of
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.flow import FlowLayout
from gui.widgets.state_badge import StateBadge

_LOOK_AGAIN_MS = 1000
_TILE_PX = 176
_GAP_PX = 12
# Structures take two tiles' width.
_WIDE = ("json",)
# Repeat what other settings tell: the channels' own, or the title.
_REPEATED = ("ODReadings", "RawODReading", "CalibratedODReading")
_TOLD_ELSEWHERE = ("$state", "automation_name", "latest_event")
_LATEST = "latest_event"


class RunningJob(QFrame):
    """A card for one row of the running jobs.

    Signals:
        resized: its height may have changed.

    Attributes:
        capability: what the service says the job can do.
        fields: its settings by name, in the order the job declares them; those without a value yet are hidden.
    """

    resized = Signal()

    def __init__(self, row: dict[str, Any], capability: Capability, unit: Unit, client: ServiceClient) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.row = row
        self.capability = capability
        self._unit = unit
        self._client = client
        self._asked: str | None = None
        self.badge = StateBadge()
        self.since = QLabel()
        theme.set_role(self.since, "caption")
        self.latest = QLabel()
        self.latest.setWordWrap(True)
        self.latest.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.latest.hide()
        self.lines = ActionLines()
        self.pause = _button(self.tr("Pause"), "pause")
        self.stop = _button(self.tr("Stop"), "stop")
        self.stop.setAccessibleName(self.tr("Stop {name}").format(name=in_sentence(capability.label)))
        self.fields = {
            setting.name: SettingField(row["job_name"], setting, client) for setting in _shown(capability.settings)
        }
        self._lay_out()
        self.pause.clicked.connect(self._on_pause)
        self.stop.clicked.connect(self._on_stop)
        self._timer = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._timer.timeout.connect(self._show_age)
        self._timer.start()
        unit.board_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        title = ElidedLabel()
        title.show_text(self.title)
        # Beside an open form there is not always room for the whole title; the buttons must not be pushed out of sight.
        title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        theme.set_role(title, "heading")
        top = QHBoxLayout()
        top.setSpacing(12)
        for part in (title, self.badge):
            top.addWidget(part)
        top.addStretch(1)
        top.addWidget(self.pause)
        top.addWidget(self.stop)
        tiles = QWidget()
        flow = FlowLayout(tiles, gap_px=_GAP_PX)
        for field in self.fields.values():
            is_wide = field.setting.datatype in _WIDE
            field.setFixedWidth(2 * _TILE_PX + _GAP_PX if is_wide else _TILE_PX)
            flow.addWidget(field)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        tiles.setSizePolicy(policy)
        tiles.setVisible(bool(self.fields))
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.since)
        column.addWidget(self.latest)
        column.addWidget(self.lines)
        column.addSpacing(4)
        column.addWidget(tiles)
        self.setSizePolicy(policy)

    @property
    def title(self) -> str:
        """What runs, in words."""
        return running_title(self.capability)

    @property
    def is_action(self) -> bool:
        """Whether it does one thing and ends."""
        return self.capability.is_action

    @property
    def job_id(self) -> int:
        """The row's id."""
        return int(self.row["job_id"])

    def refresh(self) -> None:
        """Show state, age and settings as the unit knows them."""
        state = self._unit.job_states.get(self.job_id, "ready")
        if self._asked == state or (self._asked == "ready" and state == "ready"):
            self._asked = None
        self.badge.show_job_of(self._unit, state, needs_board=bool(self.row.get("needs_board", True)))
        paused = state == "sleeping"
        self.pause.setText(self.tr("Resume") if paused else self.tr("Pause"))
        self.pause.setAccessibleName(f"{self.pause.text()} {in_sentence(self.capability.label)}")
        show_icon(self.pause, "start" if paused else "pause")
        can_act = self._unit.service.is_live and self._asked is None
        can_pause = state in ("ready", "sleeping") and any(s.name == "$state" for s in self.capability.settings)
        self.pause.setEnabled(can_act and can_pause)
        self.pause.setVisible(not self.is_action)
        self.stop.setEnabled(can_act)
        values = self._unit.settings.get(self.row["job_name"], {})
        for name, field in self.fields.items():
            field.show_value(values.get(name))
            field.setVisible(field.setting.is_settable or values.get(name) not in (None, ""))
            field.setEnabled(self._unit.service.is_live)
        self._show_latest(values.get(_LATEST))
        self._show_age()

    def show_setting(self, name: str, value: Any) -> None:
        """Show one setting's new value."""
        if name == _LATEST:
            self._show_latest(value)
        field = self.fields.get(name)
        if field is None:
            return
        field.show_value(value)
        if field.isHidden() and value is not None:
            field.show()
            self.resized.emit()

    def _show_latest(self, event: Any) -> None:
        """Say what the rule did in its last run that had something to do."""
        self.latest.setVisible(isinstance(event, dict))
        if isinstance(event, dict):
            words = event_sentence(event)
            self.latest.setText(words if is_error(event) else self.tr("Last: {event}").format(event=words))
            theme.set_tone(self.latest, "alarm" if is_error(event) else "")

    def _show_age(self) -> None:
        started = utc_s_of(self.row["started_at"]) if self.row.get("started_at") else None
        if started is None:
            self.since.setText("")
            return
        source = self.row.get("job_source") or "user"
        by = "" if source == "user" else self.tr(", started by {source}").format(source=source)
        self.since.setText(self.tr("Running for {t}").format(t=duration(max(0.0, self._unit.utc_s() - started))) + by)
        self.since.setToolTip(self.tr("Since {t}").format(t=exact(datetime.fromisoformat(self.row["started_at"]))))

    def _on_pause(self) -> None:
        paused = self._unit.job_states.get(self.job_id) == "sleeping"
        self._ask("ready" if paused else "sleeping")
        body = {"settings": {"$state": "ready" if paused else "sleeping"}}
        path = f"/unit_api/jobs/settings/job_name/{self.row['job_name']}"
        background.run(self._await(self._client.patch(path, body)), self, self._on_trouble)

    def _on_stop(self) -> None:
        self._ask("disconnected")
        self.stop.setText(self.tr("Stopping…"))
        work = self._client.run_task("/unit_api/jobs/stop", {"job_id": self.job_id})
        background.run(self._await(work), self, self._on_trouble)

    def _ask(self, state: str) -> None:
        self._asked = state
        self.refresh()

    async def _await(self, work: Any) -> None:
        await work
        self._asked = None
        self.refresh()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._asked = None
        self.stop.setText(self.tr("Stop"))
        self.refresh()
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show_trouble(trouble)


def _shown(settings: tuple[Setting, ...]) -> list[Setting]:
    """Return the settings to show: what can be changed first; none that is told elsewhere on the card."""
    rest = [s for s in settings if s.name not in _TOLD_ELSEWHERE and s.datatype not in _REPEATED]
    return [s for s in rest if s.is_settable] + [s for s in rest if not s.is_settable]


def _button(words: str, icon: str) -> QPushButton:
    button = QPushButton(words)
    show_icon(button, icon)
    button.setFixedWidth(button.fontMetrics().horizontalAdvance("Stopping…") + 52)
    return button
