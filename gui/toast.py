"""Short messages at the window's lower edge: what was done, or what went wrong with why and what to do next."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui.icons import icon, show_icon
from gui.service_client import ServiceTroubleError
from gui.theme import set_role, set_tone
from gui.words import sentences

_SHORTEST_S = 5.0
_S_PER_CHARACTER = 0.06
_MOST_AT_ONCE = 3
_WIDTH_PX = 420
_MARGIN_PX = 24


class Toast(QFrame):
    """One message. Goes by itself after the time it takes to read it; trouble stays until it is dismissed."""

    def __init__(self, tone: str, headline: str, detail: str, stays: bool, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "toast")
        set_tone(self, tone)
        self.setFixedWidth(_WIDTH_PX)
        self.setAccessibleName(f"{headline} {detail}".strip())
        picture = QLabel()
        show_icon(picture, {"ok": "ok", "note": "note", "warn": "warning", "alarm": "alarm"}[tone], tone, 20)
        words = QVBoxLayout()
        words.setSpacing(4)
        for text, role in ((headline, "strong"), (detail, "quiet")):
            if text:
                label = QLabel(text)
                label.setWordWrap(True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                set_role(label, role)
                words.addWidget(label)
        dismiss = QToolButton()
        dismiss.setIcon(icon("close"))
        dismiss.setToolTip(self.tr("Dismiss"))
        dismiss.setAccessibleName(self.tr("Dismiss this message"))
        dismiss.clicked.connect(self.deleteLater)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 8, 12)
        row.setSpacing(12)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        if not stays:
            shown_ms = int(1000 * (_SHORTEST_S + _S_PER_CHARACTER * len(headline + detail)))
            QTimer.singleShot(shown_ms, self, self.deleteLater)


class Toaster(QObject):
    """Shows toasts stacked in the lower right corner of a window; the newest is lowest."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(self, headline: str, detail: str = "", tone: str = "note", *, stays: bool = False) -> Toast:
        """Show a message; `tone` is "ok", "note", "warn" or "alarm"."""
        self._forget_gone()
        for old in self._toasts:
            if old.accessibleName() == f"{headline} {detail}".strip():
                self._remove(old)
        while len(self._toasts) >= _MOST_AT_ONCE:
            self._remove(self._toasts[0])
        toast = Toast(tone, headline, detail, stays, self._window)
        toast.destroyed.connect(self._arrange)
        self._toasts.append(toast)
        toast.show()
        self._arrange()
        return toast

    def show_trouble(self, trouble: ServiceTroubleError) -> Toast:
        """Show what the service refused, or that it was not reached: what, why, what next."""
        why = trouble.cause if trouble.cause != trouble.error else ""
        return self.show(trouble.error, sentences(why, trouble.remedy), "alarm", stays=True)

    def toasts(self) -> list[Toast]:
        """Return what is shown now, oldest first."""
        self._forget_gone()
        return list(self._toasts)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the toasts in their corner when the window's size changes."""
        if event.type() == QEvent.Type.Resize:
            self._arrange()
        return super().eventFilter(watched, event)

    def _remove(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
        toast.hide()
        toast.deleteLater()

    def _forget_gone(self) -> None:
        self._toasts = [toast for toast in self._toasts if shiboken6.isValid(toast)]

    def _arrange(self) -> None:
        if not shiboken6.isValid(self._window):
            return
        self._forget_gone()
        bottom = self._window.height() - _MARGIN_PX - 28
        for toast in reversed(self._toasts):
            toast.setFixedHeight(toast.heightForWidth(_WIDTH_PX))
            bottom -= toast.height()
            toast.move(self._window.width() - _WIDTH_PX - _MARGIN_PX, bottom)
            toast.raise_()
            bottom -= 8


def toaster_for(owner: QObject) -> Toaster | None:
    """Return the toaster of the window that `owner` is in; None when there is no such window."""
    place: QObject | None = owner
    while place is not None:
        found = place.findChild(Toaster, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if found is not None:
            return found
        place = place.parent()
    return None
