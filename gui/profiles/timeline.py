"""The picture of a profile's course: a lane for each job, hours across, and where the run is now."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui import theme
from gui.live.axes import step_for
from gui.profiles.profile import Action, Check, JobCourse, action_words, hours_words

_LANE_PX = 34
_AXIS_PX = 22
_NAMES_PX = 170
_RIGHT_PX = 16
_BAR_PX = 12
_NEAR_PX = 7
_MOST_LOOPS = 400
_STEPS_H = (
    1 / 60, 2 / 60, 5 / 60, 10 / 60, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 168.0, 336.0, 720.0,
)  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """An action on the picture."""

    lane: int
    hours: float
    action: Action
    job_name: str

    @property
    def words(self) -> str:
        """What happens, as a sentence."""
        parts = [f"{hours_words(self.hours)}: {action_words(self.action.kind, self.job_name)}"]
        if self.action.every_hours is not None:
            parts.append(f"every {hours_words(self.action.every_hours)}")
        if self.action.max_hours is not None:
            parts.append(f"for {hours_words(self.action.max_hours)}")
        if self.action.text:
            parts.append(self.action.text)
        inside = [f"{action_words(inner.kind, self.job_name)} {inner.text}".strip() for inner in self.action.inside]
        if inside:
            parts.append(f"then {'; '.join(inside)}")
        if self.action.is_conditional:
            parts.append("only if a condition holds")
        return ", ".join(parts)


class Timeline(QWidget):
    """Draws a course; actions can be pointed at, stepped through with the arrow keys, and found in the text.

    Signals:
        line_asked: show this line of the text.
        spot_changed: words of the action that is pointed at by keyboard, "" for none.
    """

    line_asked = Signal(int)
    spot_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._check = Check()
        self._spots: list[Spot] = []
        self._chosen = -1
        self._now_hours: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Course of the profile"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.current().palette_changed.connect(self.update)

    def show_course(self, check: Check) -> None:
        """Draw another course."""
        self._check = check
        self._spots = [
            Spot(lane, action.hours, action, job.job_name)
            for lane, job in enumerate(check.jobs)
            for action in job.actions
        ]
        self._spots.sort(key=lambda spot: (spot.hours, spot.lane))
        self._chosen = -1
        words = "; ".join(spot.words for spot in self._spots)
        self.setAccessibleDescription(words)
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def show_now(self, hours: float | None) -> None:
        """Mark where the run is; None takes the mark away."""
        if hours != self._now_hours:
            self._now_hours = hours
            self.update()

    @property
    def now_hours(self) -> float | None:
        """Where the run is marked."""
        return self._now_hours

    @property
    def spots(self) -> list[Spot]:
        """The actions on the picture, by time."""
        return self._spots

    @property
    def whole_hours(self) -> float:
        """How many hours the picture shows."""
        last = max(self._check.last_hours, self._now_hours or 0.0)
        return max(last * (1.0 if self._check.has_end else 1.12), 2 / 60)

    def sizeHint(self) -> QSize:
        """Return the height all lanes need."""
        return QSize(480, _AXIS_PX + _LANE_PX * max(1, len(self._check.jobs)) + 8)

    def x_of(self, hours: float) -> float:
        """Return where an hour is drawn."""
        return _NAMES_PX + hours / self.whole_hours * (self.width() - _NAMES_PX - _RIGHT_PX)

    def y_of(self, lane: int) -> float:
        """Return the middle of a lane."""
        return _AXIS_PX + _LANE_PX * (lane + 0.5)

    # What is drawn

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw axis, lanes, and where the run is."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.value_font(11))
        self._draw_axis(painter)
        for lane, job in enumerate(self._check.jobs):
            self._draw_lane(painter, lane, job)
        self._draw_now(painter)
        self._draw_chosen(painter)
        if self.hasFocus():
            painter.setPen(QPen(theme.current().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.CORNER_PX, theme.CORNER_PX)

    def _draw_axis(self, painter: QPainter) -> None:
        now, bottom = theme.current(), self.height() - 4
        step = step_for(self.whole_hours, self.width() - _NAMES_PX, _STEPS_H, 56)
        for index in range(math.floor(self.whole_hours / step + 1e-9) + 1):
            x = self.x_of(index * step)
            painter.setPen(QPen(now.colour("line"), 1))
            painter.drawLine(QPointF(x, _AXIS_PX), QPointF(x, bottom))
            painter.setPen(now.colour("quiet"))
            words = hours_words(index * step) if index else "0"
            width = painter.fontMetrics().horizontalAdvance(words) + 4
            left = min(x - width / 2, self.width() - width)
            painter.drawText(QRectF(left, 2, width, _AXIS_PX - 4), Qt.AlignmentFlag.AlignCenter, words)

    def _draw_lane(self, painter: QPainter, lane: int, job: JobCourse) -> None:
        now, y = theme.current(), self.y_of(lane)
        painter.setPen(QPen(now.colour("line"), 1))
        top = _AXIS_PX + _LANE_PX * lane
        painter.drawLine(QPointF(0, top), QPointF(self.width(), top))
        painter.setPen(now.colour("text"))
        name = painter.fontMetrics().elidedText(job.label, Qt.TextElideMode.ElideRight, _NAMES_PX - 16)
        painter.drawText(QRectF(8, y - 10, _NAMES_PX - 16, 20), Qt.AlignmentFlag.AlignVCenter, name)
        for from_hours, to_hours, is_open in running_spans(job.actions, self.whole_hours):
            self._draw_bar(painter, y, from_hours, to_hours, is_open=is_open)
        for action in job.actions:
            self._draw_action(painter, y, action)

    def _draw_bar(self, painter: QPainter, y: float, from_hours: float, to_hours: float, *, is_open: bool) -> None:
        left, right = self.x_of(from_hours), self.x_of(to_hours)
        colour = theme.current().colour("accent_soft")
        painter.setPen(QPen(theme.current().colour("accent"), 1))
        painter.setBrush(colour)
        bar = QRectF(left, y - _BAR_PX / 2, max(right - left, 2.0), _BAR_PX)
        painter.drawRoundedRect(bar, 3, 3)
        if is_open:  # an arrow: it goes on
            tip = QPolygonF([QPointF(right - 1, y - 9), QPointF(right + 9, y), QPointF(right - 1, y + 9)])
            painter.drawPolygon(tip)

    def _draw_action(self, painter: QPainter, y: float, action: Action) -> None:
        x = self.x_of(action.hours)
        colour = theme.current().colour("text")
        style = Qt.PenStyle.DotLine if action.is_conditional else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 1.5, style))
        painter.setBrush(theme.current().colour("raised"))
        if action.kind == "log":
            painter.drawEllipse(QPointF(x, y), 3.5, 3.5)
        elif action.kind == "when":
            self._draw_when(painter, x, y)
        elif action.kind == "repeat":
            self._draw_repeat(painter, y, action, colour)
        elif action.kind in ("update", "pause", "resume"):
            painter.drawLine(QPointF(x, y - 9), QPointF(x, y + 9))
        else:
            painter.drawLine(QPointF(x, y - _BAR_PX / 2), QPointF(x, y + _BAR_PX / 2))

    def _draw_when(self, painter: QPainter, x: float, y: float) -> None:
        diamond = QPolygonF([QPointF(x, y - 7), QPointF(x + 7, y), QPointF(x, y + 7), QPointF(x - 7, y)])
        painter.setPen(QPen(theme.current().colour("note"), 1.5))
        painter.drawPolygon(diamond)
        painter.setPen(QPen(theme.current().colour("note"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x + 8, y), QPointF(self.width() - _RIGHT_PX, y))

    def _draw_repeat(self, painter: QPainter, y: float, action: Action, colour: QColor) -> None:
        every = action.every_hours or 1.0
        end = self.whole_hours if action.max_hours is None else min(action.hours + action.max_hours, self.whole_hours)
        painter.setPen(QPen(theme.current().colour("quiet"), 1))
        painter.drawLine(QPointF(self.x_of(action.hours), y + 9), QPointF(self.x_of(end), y + 9))
        painter.setPen(QPen(colour, 1))
        loops = min(_MOST_LOOPS, math.ceil((end - action.hours) / every - 1e-9))
        for loop in range(max(1, loops)):
            x = self.x_of(action.hours + loop * every)
            painter.drawLine(QPointF(x, y + 5), QPointF(x, y + 12))

    def _draw_now(self, painter: QPainter) -> None:
        if self._now_hours is None:
            return
        x = self.x_of(self._now_hours)
        painter.setPen(QPen(theme.current().colour("alarm"), 2))
        painter.drawLine(QPointF(x, _AXIS_PX - 4), QPointF(x, self.height() - 4))
        painter.setBrush(theme.current().colour("alarm"))
        top = QPolygonF([QPointF(x - 5, _AXIS_PX - 9), QPointF(x + 5, _AXIS_PX - 9), QPointF(x, _AXIS_PX - 2)])
        painter.drawPolygon(top)

    def _draw_chosen(self, painter: QPainter) -> None:
        if 0 <= self._chosen < len(self._spots):
            spot = self._spots[self._chosen]
            painter.setPen(QPen(theme.current().colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(self.x_of(spot.hours), self.y_of(spot.lane)), 12, 12)

    # What is pointed at

    def spot_at(self, where: QPointF) -> Spot | None:
        """Return the action nearest to a point, None when none is near."""
        near = [
            (abs(self.x_of(spot.hours) - where.x()), place)
            for place, spot in enumerate(self._spots)
            if abs(self.y_of(spot.lane) - where.y()) <= _LANE_PX / 2
        ]
        away, place = min(near, default=(math.inf, -1))
        return self._spots[place] if away <= _NEAR_PX else None

    def event(self, event: QEvent) -> bool:
        """Tell what happens where the mouse is."""
        if isinstance(event, QHelpEvent):
            spot = self.spot_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), spot.words if spot else "", self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the action that is clicked."""
        spot = self.spot_at(event.position())
        self._choose(self._spots.index(spot) if spot else -1)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the line of the action in the text."""
        spot = self.spot_at(event.position())
        if spot is not None:
            self.line_asked.emit(spot.action.line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through the actions with the arrows; Return shows the line in the text."""
        if event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Down) and self._spots:
            self._choose(min(self._chosen + 1, len(self._spots) - 1))
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Up) and self._spots:
            self._choose(max(self._chosen - 1, 0))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen >= 0:
            self.line_asked.emit(self._spots[self._chosen].action.line)
        else:
            super().keyPressEvent(event)

    def _choose(self, place: int) -> None:
        self._chosen = place
        self.spot_changed.emit(self._spots[place].words if place >= 0 else "")
        self.update()


def running_spans(actions: tuple[Action, ...], whole_hours: float) -> list[tuple[float, float, bool]]:
    """Return from when to when a job runs as far as that is known, and whether it goes on beyond the picture."""
    spans: list[tuple[float, float, bool]] = []
    since: float | None = None
    for action in sorted(actions, key=lambda each: each.hours):
        if action.kind in ("start", "resume") and since is None:
            since = action.hours
        elif action.kind in ("stop", "pause") and since is not None:
            spans.append((since, action.hours, False))
            since = None
    if since is not None:
        spans.append((since, whole_hours, True))
    return spans
