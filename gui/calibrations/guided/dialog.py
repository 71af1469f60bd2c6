"""The dialog that leads through a guided calibration: the step, what the unit does for it, and how to go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.calibrations.guided import kept
from gui.calibrations.guided.leading import Leading
from gui.calibrations.guided.leave_dialog import LeaveDialog
from gui.calibrations.guided.step import Session
from gui.calibrations.guided.step_view import StepView
from gui.calibrations.guided.trouble_note import TroubleNote, connection_trouble
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.progress_line import ProgressLine
from gui.widgets.rule import Rule
from gui.words import device_title

_SIZE_PX = (760, 570)
_LEAST_BUTTON_PX = 112
_LOOK_AGAIN_MS = 1000
_OUT_OF_REACH = 503
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# How a calibration that is over ended: icon and tone.
_DOUBTFUL = ("warning", "warn")
_MARKS = {"complete": ("ok", "ok"), "failed": ("warning", "warn"), "aborted": ("stop", "quiet")}


class GuidedDialog(QDialog):
    """Leads through one session.

    It does not lock the window: the curves can be looked at meanwhile, and Stop all stays within reach.

    Signals:
        again_asked: device and protocol that shall be begun anew.
        made: device and name of the calibration that was made.

    Attributes:
        leading: the session.
        view: the step shown.
        continue_button, choice_buttons, abort_button: how to go on.
        trouble: what went wrong.
        connection: how the connection stands, while it keeps from going on.
        progress: what the unit does for the step; its button stops that.
    """

    again_asked = Signal(str, str)
    made = Signal(str, str)

    def __init__(self, unit: Unit, client: ServiceClient, session: Session, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Calibrate {}").format(_in_sentence(device_title(session.device))))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._unit, self._client = unit, client
        self._window = parent.window()
        self._may_close = self._is_lost = self._is_stopping = False
        # Whether the connection keeps from going on, and whether that is why the step was refused.
        self._is_away = self._was_cut_off = False
        self.leading = Leading(unit, client, session, self)
        self.view = StepView(session.step, session.device, client)
        self.trouble, self.connection = TroubleNote(client), TroubleNote(client)
        self.progress = ProgressLine()
        self.abort_button, self.continue_button = QPushButton(), QPushButton()
        self.choice_buttons: list[QPushButton] = []
        self._make_buttons()
        self._lay_out(title)
        self._connect()
        self._show_step()

    def _make_buttons(self) -> None:
        theme.set_role(self.progress.cancel_button, "danger")
        theme.set_role(self.abort_button, "quiet")
        theme.set_role(self.continue_button, "primary")
        self.continue_button.setMinimumWidth(_LEAST_BUTTON_PX)
        self.continue_button.setDefault(True)
        for each in (self.abort_button, self.continue_button):
            each.installEventFilter(self)
        # Its room is kept: what is read does not jump when the unit begins to act.
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)

    def _lay_out(self, title: str) -> None:
        heading = QLabel(title)
        heading.setWordWrap(True)
        theme.set_role(heading, "quiet")
        self._choices = QHBoxLayout()
        foot = QHBoxLayout()
        foot.addWidget(self.abort_button)
        foot.addStretch(1)
        foot.addLayout(self._choices)
        foot.addWidget(self.continue_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.AROUND_PX, theme.BETWEEN_PX, theme.AROUND_PX, theme.BETWEEN_PX)
        self._column.setSpacing(12)
        self._column.addWidget(heading)
        self._column.addWidget(Rule())
        self._column.addWidget(self.view, 1)
        for part in (self.connection, self.trouble, self.progress):
            self._column.addWidget(part)
        self._column.addLayout(foot)
        self.resize(*_SIZE_PX)

    def _connect(self) -> None:
        self.leading.moved.connect(self._on_moved)
        self.leading.stood.connect(self._show_standing)
        self.leading.refused.connect(self._on_refused)
        self.leading.lost.connect(self._on_lost)
        self.progress.cancelled.connect(self._stop)
        self.trouble.cleared.connect(self._focus_first)
        self.abort_button.clicked.connect(self.reject)
        self.continue_button.clicked.connect(self._continue)
        again = QTimer(self)
        again.timeout.connect(self._show_standing)
        again.start(_LOOK_AGAIN_MS)
        self._window.installEventFilter(self)
        stop_all = self._window.findChild(QAction, "stop_all")
        if stop_all is not None:
            self.addAction(stop_all)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to go on with."""
        return self.leading.session.is_over or self._is_lost

    def _show_step(self) -> None:
        session = self.leading.session
        mark = _DOUBTFUL if session.has_warnings else _MARKS.get(session.status, ("", ""))
        former, self.view = self.view, StepView(session.step, session.device, self._client, mark)
        self._column.replaceWidget(former, self.view)
        former.hide()
        former.deleteLater()
        for button in self.choice_buttons:
            button.hide()
            button.deleteLater()
        choices = [] if session.is_over else session.step.choices
        self.choice_buttons = [self._choice_button(each.label, partial(self._answer, each.inputs)) for each in choices]
        if session.is_complete and session.has_warnings:
            self.choice_buttons = [self._choice_button(self.tr("Calibrate again"), self._begin_again)]
        if session.is_over:
            kept.forget(self._unit.name, session.id)
        self._show_standing()
        self._focus_first()

    def _choice_button(self, label: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(label)
        button.installEventFilter(self)
        button.clicked.connect(act)
        self._choices.addWidget(button)
        return button

    def _show_standing(self) -> None:
        session, is_live = self.leading.session, self._unit.service.is_live
        can_answer = is_live and not self.leading.is_busy
        self.view.set_asking(not can_answer or self.is_over)
        for button in self.choice_buttons:
            button.setEnabled(can_answer or session.is_complete)
        self.continue_button.setEnabled(can_answer or session.is_complete)
        if session.is_complete:
            self.continue_button.setText(self.tr("Done"))
        else:
            self.continue_button.setText(self.tr("Begin again") if self.is_over else self.tr("Continue"))
        self.abort_button.setText(self.tr("Close") if self.is_over else self.tr("Abort or leave…"))
        self.abort_button.setVisible(not session.is_complete)
        self._show_progress(is_live)
        why = "" if self.is_over else connection_trouble(self._unit)
        was_away, self._is_away = self._is_away, bool(why)
        if why:
            self.connection.say(why, "disconnected", "warn")
        else:
            self.connection.clear()
            if was_away:
                self._on_back()

    def _on_back(self) -> None:
        """Take back what was said of the lost connection; it took the keyboard from where it was, too."""
        if self._was_cut_off:
            self._was_cut_off = False
            self.trouble.say(self.tr("It is back. This step is not done yet: continue to do it."), "note", "note")
        if not self.is_over:
            self._focus_first()

    def _show_progress(self, is_live: bool) -> None:
        if not is_live or not self.leading.is_acting:
            self.progress.end()
        elif self.progress.isHidden():
            self.progress.cancel_button.setText(self.tr("Stop"))
            self.progress.cancel_button.setEnabled(True)
            self.progress.begin(self.tr("The unit is at work"))
            self.progress.cancel_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _focus_first(self) -> None:
        if self.view.fields and not self.is_over:
            self.view.fields[0].take_focus()
        else:
            self.continue_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _continue(self) -> None:
        session = self.leading.session
        if session.is_complete:
            self.accept()
            self.made.emit(*session.made)
        elif self.is_over:
            self._begin_again()
        else:
            try:
                self._answer(self.view.answer())
            except ValueError:
                self.trouble.clear()

    def _begin_again(self) -> None:
        session = self.leading.session
        self.accept()
        self.again_asked.emit(session.device, session.protocol)

    def _answer(self, inputs: dict[str, object], *_: object) -> None:
        self.trouble.clear()
        self._is_stopping = self._was_cut_off = False
        self.leading.answer(inputs)

    def _on_moved(self) -> None:
        self.trouble.clear()
        self._was_cut_off = False
        self._show_step()

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        self._was_cut_off = not isinstance(trouble, ServiceRefusedError) or trouble.status == _OUT_OF_REACH
        if not isinstance(trouble, ServiceRefusedError):
            words = self.tr("The service was lost during this step. See whether it was done, then go on.")
            self.trouble.say(words, "warning", "warn")
        elif self._is_stopping:
            self.trouble.say(self.tr("Stopped. The step waits: continue when it may run again."), "stop", "note")
            self._focus_first()
        elif not self.view.complain(trouble):
            self.trouble.show_trouble(trouble)
            self._focus_first()

    def _on_lost(self) -> None:
        self._is_lost = True
        kept.forget(self._unit.name, self.leading.session.id)
        self.trouble.say(
            self.tr("The service does not know this calibration any more. It may be another unit. Begin again."),
            "warning",
            "warn",
        )
        self._show_standing()

    def _stop(self) -> None:
        self._is_stopping = True
        self.progress.cancel_button.setText(self.tr("Stopping…"))
        self.progress.cancel_button.setEnabled(False)
        background.run(self.leading.stop(), self, self._on_stop_refused)

    def _on_stop_refused(self, trouble: ServiceTroubleError) -> None:
        self._is_stopping = False
        self.trouble.show_trouble(trouble)
        self.progress.end()
        self._show_standing()

    # Leaving.

    def reject(self) -> None:
        """Close when it is over; otherwise ask what becomes of it."""
        if self._may_close or self.is_over:
            super().reject()
        elif self.findChild(LeaveDialog) is None:
            question = LeaveDialog(self.leading.session.step.title, self.leading.is_acting, self)
            question.later_asked.connect(self._leave)
            question.abort_asked.connect(self._abort)
            question.open()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask, as with Escape."""
        if self._may_close or self.is_over:
            super().closeEvent(event)
        else:
            event.ignore()
            self.reject()

    def put_aside(self) -> None:
        """Close without asking: the window goes, and the session stays as it is."""
        self._may_close = True
        self.reject()

    def _leave(self) -> None:
        background.run(self._leave_later(), self, self._on_stop_refused)

    async def _leave_later(self) -> None:
        if self.leading.is_busy and self._unit.service.is_live:
            self._is_stopping = True
            await self.leading.stop()
        self._close_with(self.tr("Calibration left for later"), self.tr("Press Calibrate… to go on with it."), "note")

    def _abort(self) -> None:
        background.run(self._abort_now(), self, self._on_stop_refused)

    async def _abort_now(self) -> None:
        await self.leading.abort()
        words = self.tr("What it drove is off. The calibration in use stays as it is.")
        self._close_with(self.tr("Calibration aborted"), words, "ok")

    def _close_with(self, headline: str, detail: str, tone: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, tone)
        self.put_aside()

    # Keyboard, mouse, window.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on with Enter, once for each press: held down, it must not run through the steps."""
        if event.key() in _ENTER and event.isAutoRepeat():
            event.accept()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a double click for one; hide and show with the window."""
        if isinstance(watched, QPushButton):
            is_held = isinstance(event, QKeyEvent) and event.isAutoRepeat()
            return is_held or event.type() == QEvent.Type.MouseButtonDblClick
        if watched is self._window and not event.spontaneous():
            if event.type() == QEvent.Type.Hide:
                self.hide()
            elif event.type() == QEvent.Type.Show:
                self.show()
        return super().eventFilter(watched, event)


def _in_sentence(title: str) -> str:
    return title[:1].lower() + title[1:]
