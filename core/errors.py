"""The service's errors: what happened, why, and what to do next.

`ServiceError` is the root. Each class stands for one HTTP status of the API's error table; whatever raises them need
not know of HTTP, and the app turns them into the error body of the contract.
"""

from __future__ import annotations

from typing import Any

from core.plain_text import plain


class ServiceError(Exception):
    """Something asked of the service did not happen.

    Args:
        error: one sentence for the user: what happened.
        cause: why; the error text when left out.
        remedy: what to do next.
        extra: more keys of the answer's `error_info`, such as `known` or `fields`.
    """

    status = 500

    def __init__(self, error: str, cause: str = "", remedy: str = "", **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause or error
        self.remedy = remedy or self.default_remedy
        self.extra = extra

    default_remedy = "See the log for details, then try again."

    def body(self) -> dict[str, Any]:
        """Return the error body: `error`, and `error_info` with cause, remediation, status."""
        info = {"cause": plain(self.cause), "remediation": plain(self.remedy), "status": self.status, **self.extra}
        return {"error": plain(self.error), "error_info": info}


class BadRequestError(ServiceError):
    """A fault in a body, a query or a name."""

    status = 400
    default_remedy = "Correct the request and send it again."


class ForbiddenError(ServiceError):
    """A foreign Host or Origin, a flag file, an escape from the data folder."""

    status = 403
    default_remedy = "Ask from this computer, for something inside the data folder."


class NotFoundError(ServiceError):
    """No such job, setting, experiment, series, task or route."""

    status = 404
    default_remedy = "Use one of the known names."


class ConflictError(ServiceError):
    """Already running, an output held by another job, a name that is taken."""

    status = 409
    default_remedy = "Stop what is in the way first, then try again."


class TooSoonError(ServiceError):
    """The same job was started a moment ago."""

    status = 429
    default_remedy = "Wait a second, then try again."

    def __init__(self, error: str, retry_after_s: int = 1, **texts: Any) -> None:
        super().__init__(error, **texts)
        self.retry_after_s = retry_after_s


class UnavailableError(ServiceError):
    """The board is not connected, the service is starting or going down, a job did not answer."""

    status = 503
    default_remedy = "Connect the board and wait until it is shown as connected, then try again."

    def __init__(self, error: str, retry_after_s: int = 2, **texts: Any) -> None:
        super().__init__(error, **texts)
        self.retry_after_s = retry_after_s
