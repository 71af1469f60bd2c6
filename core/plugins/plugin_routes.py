"""The routes plug-ins add: each plug-in's are an application of their own below `/unit_api/plugins/<name>`.

So nothing a plug-in does there can change a built-in route or the description of the API; an error in one of its routes
is answered like every error. Its own description is at `/unit_api/plugins/<name>/openapi.json`.
"""

from __future__ import annotations

import logging
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.answers import (
    MethodNotAllowedError,
    error_answer,
    tell_http_error,
    tell_service_error,
    tell_validation_error,
    unknown_route,
)
from core.errors import ServiceError
from core.plugins.found import FoundPlugin
from core.plugins.unit import Unit

PREFIX = "/unit_api/plugins"
# What the built-in routes of plug-ins are called: no plug-in can have these names for its own routes.
RESERVED = ("install", "installed", "uninstall", "upload")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

_log = logging.getLogger(__name__)


class PluginRouteError(ServiceError):
    """A plug-in's route went wrong."""

    default_remedy = "Update or uninstall the plug-in; the log has what its author needs to know."


class HasRoutes(Protocol):
    """Whoever knows the applications of the loaded plug-ins."""

    def routes_of(self, address: str) -> ASGIApp | None:
        """Return the application of a plug-in by the name in its routes' paths; None when it has no routes."""


class _AddressConvertor(Convertor[str]):
    """One part of a path that is not the name of a built-in route."""

    regex = f"(?!(?:{'|'.join(RESERVED)})/)[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("plugin_address", _AddressConvertor())


class _ToPlugin:
    """Hands a request to the plug-in its path names."""

    def __init__(self, plugins: HasRoutes) -> None:
        self._plugins = plugins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["path_params"]["plugin"]
        app = self._plugins.routes_of(address)
        if app is None:
            await error_answer(unknown_route())(scope, receive, send)
            return
        await app({**scope, "root_path": f"{PREFIX}/{address}", "path_params": {}}, receive, send)


def to_plugins(plugins: HasRoutes) -> Route:
    """Return the one route that leads to all routes of all plug-ins."""
    path = PREFIX + "/{plugin:plugin_address}/{rest:path}"
    return Route(path, _ToPlugin(plugins), methods=_METHODS, include_in_schema=False)


def application(found: FoundPlugin, routes: APIRouter, unit: Unit) -> ASGIApp:
    """Return the application that answers a plug-in's routes."""
    app = FastAPI(title=found.name, version=found.version or "0", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.unit = unit
    app.include_router(routes)

    async def tell_fault(request: Request, error: Exception) -> JSONResponse:
        what = f"The plug-in {found.name} could not do this."
        return error_answer(PluginRouteError(what, f"{type(error).__name__} at {request.url.path}."))

    app.add_exception_handler(ServiceError, tell_service_error)
    app.add_exception_handler(RequestValidationError, tell_validation_error)
    app.add_exception_handler(HTTPException, _tell_http_error)
    app.add_exception_handler(Exception, tell_fault)
    return app


async def _tell_http_error(request: Request, error: Exception) -> JSONResponse:
    headers: Any = getattr(error, "headers", None) or {}
    if getattr(error, "status_code", 0) == 405:
        allow = headers.get("Allow", "")
        return error_answer(MethodNotAllowedError(f"{request.method} is not possible here."), {"Allow": allow})
    return await tell_http_error(request, error)
