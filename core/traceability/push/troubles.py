"""What can go wrong with the other server, told apart by what it means for what waits."""

from __future__ import annotations


class PushTroubleError(Exception):
    """Something was not sent.

    Args:
        what: one sentence for the user: what happened, and why.
        remedy: what to do next.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class ServerAwayError(PushTroubleError):
    """The server was not reached, is too busy or answers as no TofuPilot server does: everything is tried again later.

    Attributes:
        retry_after_s: when it wants to be asked again; None when it did not say.
    """

    def __init__(self, what: str, remedy: str, retry_after_s: float | None = None) -> None:
        super().__init__(what, remedy)
        self.retry_after_s = retry_after_s


class ServerFaultError(PushTroubleError):
    """The server has a fault, perhaps with this one thing only: it is tried again later, others meanwhile."""


class KeyRefusedError(PushTroubleError):
    """The server does not know the key: nothing is sent until somebody has seen to it."""


class RefusedError(PushTroubleError):
    """The server does not want this one thing.

    Attributes:
        status: the HTTP status of the answer, 400 to 499.
    """

    def __init__(self, what: str, remedy: str, status: int) -> None:
        super().__init__(what, remedy)
        self.status = status
