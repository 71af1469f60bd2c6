"""Answers of the record's API: always 200 when it went well, else one envelope with `message`, `code` and `issues`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.errors import BadRequestError, ForbiddenError, NotFoundError, ServiceError
from core.schemas.described import described
from core.schemas.unit_record.shared import Refusal
from core.security import UnauthorisedError

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "BAD_REQUEST",
    422: "UNPROCESSABLE_CONTENT",
    500: "INTERNAL_SERVER_ERROR",
}
_MEANING = {
    400: "Something in the path, query or body does not fit.",
    401: "The key is missing, unknown or revoked.",
    403: "This kind of key may not do this, or the Host or Origin is foreign to this unit.",
    404: "What is addressed or referred to is not there.",
    409: "A number or name is taken, or something still uses it.",
    413: "The file is too large.",
    422: "More must be said.",
    500: "A fault of the service.",
}
_log = logging.getLogger(__name__)


class UnprocessableError(ServiceError):
    """Every field fits, and still more must be said."""

    status = 422


class EndBeforeStartError(ServiceError):
    """A run ends before it starts. Clients know no better status for it than 500, though it is no fault of ours."""


def station_barred(what: str) -> ForbiddenError:
    """Return the refusal of what only users may do; `what` continues "Stations cannot"."""
    return ForbiddenError(f"Stations cannot {what}.", "Access denied for station keys.", "Use a user's key.")


def unauthorised() -> UnauthorisedError:
    """Return the refusal of a request without a valid key."""
    remedy = "Send the header Authorization: Bearer <key>; `vialdesk keys create` makes a key."
    return UnauthorisedError("A valid key is needed.", "It is missing, unknown or revoked.", remedy)


def unknown_operation() -> NotFoundError:
    """Return the error for a path or method that is none."""
    return NotFoundError("There is no such route.", remedy="See /v2/openapi.json for what there is.")


def refusal(error: ServiceError) -> JSONResponse:
    """Return the answer that tells of an error."""
    said = dict.fromkeys((error.error, error.cause, error.remedy))
    status = error.status if error.status in _CODES else 400 if error.status < 500 else 500
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    issues = [{"message": text} for text in error.extra.get("issues", ())]
    body = {"message": " ".join(said), "code": _CODES[status], "issues": issues}
    return JSONResponse(body, status, headers)


def invalid(faults: Iterable[Any]) -> BadRequestError:
    """Return the error for faults as pydantic lists them: one issue each, in their order."""
    return BadRequestError("Input validation failed.", issues=[_issue(fault) for fault in faults])


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses`: the given statuses and those every route can answer."""
    known = sorted({400, 401, 403, 500, *statuses})
    return {status: described(Refusal, _MEANING[status]) for status in known}


async def tell_service_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what a route refused."""
    if not isinstance(error, ServiceError):
        return await tell_fault(request, error)
    if error.status >= 500 and not isinstance(error, EndBeforeStartError):
        _log.error("%s %s: %s %s", request.method, request.url.path, error.error, error.cause)
    return refusal(error)


async def tell_validation_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a fault in the query or path."""
    if not isinstance(error, RequestValidationError):
        return await tell_fault(request, error)
    return refusal(invalid({**fault, "loc": fault["loc"][1:]} for fault in error.errors()))


async def tell_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework itself refused."""
    if not isinstance(error, HTTPException) or error.status_code in (404, 405):
        return refusal(unknown_operation())
    del request
    return refusal(BadRequestError("The request was refused.", cause=str(error.detail)))


async def tell_fault(request: Request, error: Exception) -> JSONResponse:
    """Answer a fault of ours: the log has the details, the answer does not."""
    del request, error
    return refusal(ServiceError("The service could not do this because of a fault in Vialdesk."))


def _issue(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])
