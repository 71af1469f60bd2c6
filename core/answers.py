"""Answers: JSON, and errors in the one form they all have."""

from __future__ import annotations

import logging

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.errors import BadRequestError, NotFoundError, ServiceError, TooSoonError, UnavailableError

_log = logging.getLogger(__name__)


class MethodNotAllowedError(ServiceError):
    """The path is known, but not for this method."""

    status = 405
    default_remedy = "Use one of the methods in the Allow header."


def error_answer(error: ServiceError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the answer that tells of an error."""
    headers = dict(headers or {})
    if isinstance(error, TooSoonError | UnavailableError):
        headers["Retry-After"] = str(max(1, error.retry_after_s))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error.body(), error.status, headers)


def unknown_route(hint: str = "") -> ServiceError:
    """Return the error for a path that leads nowhere; `hint` says where to go instead."""
    remedy = hint or "See /unit_api/openapi.json for the routes of this unit."
    return NotFoundError("There is no such route.", "Paths are case-sensitive and never redirected.", remedy)


async def tell_service_error(_: Request, error: Exception) -> JSONResponse:
    """Answer what a route refused."""
    if not isinstance(error, ServiceError):
        return await tell_fault(_, error)
    if error.status == 500:
        _log.error("%s %s", error.error, error.cause)
    return error_answer(error)


async def tell_validation_error(_: Request, error: Exception) -> JSONResponse:
    """Answer a fault in the query or path: 400, naming the parameters."""
    if not isinstance(error, RequestValidationError):
        return await tell_fault(_, error)
    faults = [(str(fault["loc"][-1]), str(fault["msg"])) for fault in error.errors()]
    cause = "; ".join(f"{field}: {message}" for field, message in faults)
    fields = sorted({field for field, _ in faults})
    return error_answer(BadRequestError("The request has a parameter that does not fit.", cause, fields=fields))


async def tell_http_error(_: Request, error: Exception) -> JSONResponse:
    """Answer what the framework itself refused, in our form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return error_answer(unknown_route())
    answer = ServiceError("The request was refused.", cause=str(getattr(error, "detail", "") or error))
    answer.status = status if status not in (415, 422) else 400
    return error_answer(answer)


async def tell_fault(_: Request, error: Exception) -> JSONResponse:
    """Answer a fault of ours: the log has the details, the answer does not."""
    del error
    what = "The service could not do this because of a fault in Vialdesk."
    return error_answer(ServiceError(what, "An unexpected error; the log has its details."))
