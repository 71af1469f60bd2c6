"""The record's API as an application of its own: TofuPilot's REST API v2, under `/v2` and `/api/v2`.

Its rules are not those of /unit_api: success is always 200, errors have another form, unknown methods are 404, and each
request needs a key of the record, on this computer too.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import ServiceError
from core.schemas.described import schemas_of
from core.schemas.unit_record.shared import Refusal
from core.traceability import (
    attachments_routes,
    batches_routes,
    parts_routes,
    procedures_routes,
    run_contents_routes,
    runs_routes,
    stations_routes,
    units_routes,
    users_routes,
)
from core.traceability.answers import tell_fault, tell_http_error, tell_service_error, tell_validation_error
from core.traceability.record import UnitRecord
from core.version import VERSION

PREFIXES = ("/v2", "/api/v2")
_ROUTERS = (
    units_routes.router,
    parts_routes.router,
    batches_routes.router,
    attachments_routes.router,
    attachments_routes.content_router,
    procedures_routes.router,
    runs_routes.router,
    run_contents_routes.router,
    stations_routes.router,
    users_routes.router,
    # Outside of both prefixes.
    stations_routes.link_router,
)
_UNUSED = ("HTTPValidationError", "ValidationError")


def is_of_record(path: str) -> bool:
    """Whether a path belongs to this API."""
    return prefix_of(path) is not None or path == stations_routes.LINK_PATH


def prefix_of(path: str) -> str | None:
    """Return under which of the prefixes a path lies, None for a path of another API."""
    return next((prefix for prefix in PREFIXES if path == prefix or path.startswith(f"{prefix}/")), None)


def make_record_app(record: UnitRecord) -> ASGIApp:
    """Return the application that answers for a record."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.record = record
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)
    description = _Description(app)
    app.add_route("/openapi.json", description.answer, methods=["GET"], include_in_schema=False)
    app.add_exception_handler(ServiceError, tell_service_error)
    app.add_exception_handler(RequestValidationError, tell_validation_error)
    app.add_exception_handler(HTTPException, tell_http_error)
    app.add_exception_handler(Exception, tell_fault)

    async def below_prefix(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": prefix_of(scope["path"]) or ""}, receive, send)

    return below_prefix


class _Description:
    """The API's OpenAPI document, made when it is first asked for."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: bytes | None = None

    async def answer(self, request: Request) -> Response:
        """Answer with the document; it says nothing that needs a key."""
        del request
        if self._made is None:
            self._made = await asyncio.to_thread(self._describe)
        return Response(self._made, media_type="application/json")

    def _describe(self) -> bytes:
        description: dict[str, Any] = get_openapi(
            title="Vialdesk unit record",
            version=VERSION,
            summary="What units there are, what they are made of, and how each test of them went.",
            routes=self._app.routes,
            servers=[{"url": prefix} for prefix in PREFIXES],
        )
        for operations in description["paths"].values():
            for operation in operations.values():
                if _is_422_the_frameworks(operation):
                    del operation["responses"]["422"]
        schemas: dict[str, Any] = description["components"]["schemas"]
        schemas.update(schemas_of(Refusal))
        for name in _UNUSED:
            schemas.pop(name, None)
        description["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        description["security"] = [{"key": []}]
        return json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()


def _is_422_the_frameworks(operation: dict[str, Any]) -> bool:
    """Whether an operation's answer 422 is the framework's own, which this API never gives."""
    schema = operation["responses"].get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith("HTTPValidationError")
