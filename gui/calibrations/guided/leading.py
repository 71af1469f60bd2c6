"""One guided calibration under way: what it is asked, what it answers, and what becomes of it behind the window's back.

The service leads; this follows. After anything that may have moved the session (a request that went wrong, a service
that is back, another window) it is asked where the session stands.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gui import background
from gui.calibrations.guided.step import Session, read_session
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import Unit

SESSIONS = "/unit_api/calibrations/sessions"
# A step of the hardware takes 300 s at most; then it is ended.
_ANSWER_WITHIN_S = 330.0
_LOOK_EVERY_MS = 3000


async def begin(client: ServiceClient, device: str, protocol: str) -> Session:
    """Begin a guided calibration.

    Raises:
        ServiceRefusedError: something is in its way, or the unit is not fit for it.
    """
    return read_session(await client.post(SESSIONS, {"target_device": device, "protocol_name": protocol}))


async def look(client: ServiceClient, session_id: str) -> Session:
    """Return a guided calibration as it stands; ServiceRefusedError with status 404 when it is not known."""
    return read_session(await client.get(f"{SESSIONS}/{session_id}"))


class Leading(QObject):
    """Follows one session.

    Signals:
        moved: the session changed; it stands at another step, or it is over.
        refused: a ServiceTroubleError; the session stands where it stood.
        stood: `is_answering` or `is_acting` changed.
        lost: the service does not know the session any more.

    Attributes:
        session: as last told.
        is_answering: whether an answer is on its way.
    """

    moved = Signal()
    refused = Signal(object)
    stood = Signal()
    lost = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self.session = session
        self.is_answering = False
        self._is_ending = False
        self._is_acting = self.is_acting
        self._was_live = unit.service.is_live
        unit.jobs_changed.connect(self._on_jobs)
        unit.connection_changed.connect(self._on_connection)
        unit.snapshot_loaded.connect(self.look)
        again = QTimer(self)
        again.timeout.connect(self._look_again)
        again.start(_LOOK_EVERY_MS)

    @property
    def is_acting(self) -> bool:
        """Whether the hardware acts for this session now, asked by whomever."""
        return any(row.get("job_source") == self.session.source for row in self._unit.jobs)

    @property
    def is_busy(self) -> bool:
        """Whether nothing can be answered now."""
        return self.is_answering or self.is_acting

    def answer(self, inputs: dict[str, Any]) -> None:
        """Answer the present step; what comes of it is told by signals."""
        if self.is_answering:
            return
        self._set_answering(True)
        background.run(self._answer(inputs), self, self._on_answer_refused)

    async def _answer(self, inputs: dict[str, Any]) -> None:
        path = f"{SESSIONS}/{self.session.id}/inputs"
        told = await self._client.post(path, {"inputs": inputs}, within_s=_ANSWER_WITHIN_S)
        self._set_answering(False)
        self._take(read_session(told))

    def _on_answer_refused(self, trouble: ServiceTroubleError) -> None:
        self._set_answering(False)
        if not self._is_ending and not self.session.is_over:
            self.refused.emit(trouble)
            self.look()

    def look(self) -> None:
        """Ask where it stands."""
        if self._unit.service.is_live and not self.session.is_over:
            background.run(self._look(), self, self._on_look_refused)

    async def _look(self) -> None:
        told = await look(self._client, self.session.id)
        # While an answer is on its way, that answer tells.
        if not self.is_answering:
            self._take(told)

    def _on_look_refused(self, trouble: ServiceTroubleError) -> None:
        if isinstance(trouble, ServiceRefusedError) and trouble.status == 404:
            self.lost.emit()

    async def stop(self) -> None:
        """Stop what the hardware does for it, at once; the session stays at its step."""
        await self._client.run_task("/unit_api/jobs/stop", {"job_source": self.session.source})

    async def abort(self) -> None:
        """End it, and stop what it drives, at once."""
        self._is_ending = True
        try:
            told = await self._client.post(f"{SESSIONS}/{self.session.id}/abort")
        finally:
            self._is_ending = False
        self._take(read_session(told))

    def _take(self, told: Session) -> None:
        if told != self.session:
            self.session = told
            self.moved.emit()

    def _set_answering(self, is_answering: bool) -> None:
        self.is_answering = is_answering
        self.stood.emit()

    def _on_jobs(self) -> None:
        if self._is_acting != self.is_acting:
            self._is_acting = self.is_acting
            self.stood.emit()
            self.look()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        if is_live and not self._was_live:
            self.look()
        self._was_live = is_live
        self.stood.emit()

    def _look_again(self) -> None:
        if not self.is_answering:
            self.look()
