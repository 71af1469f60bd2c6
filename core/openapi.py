"""The description of the HTTP API, made from its routes."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.version import VERSION

PATH = "/unit_api/openapi.json"
_UNUSED = ("HTTPValidationError", "ValidationError")


def openapi_route(routes: Sequence[BaseRoute]) -> Route:
    """Return the route that answers with the description of `routes`; it is made when it is first asked for."""
    made: list[bytes] = []

    async def answer(_: Request) -> Response:
        if not made:
            made.append(await asyncio.to_thread(_describe, routes))
        return Response(made[0], media_type="application/json")

    return Route(PATH, answer, methods=["GET"], include_in_schema=False)


def _describe(routes: Sequence[BaseRoute]) -> bytes:
    with warnings.catch_warnings():
        # A route of two methods has one name in the framework; both get names of their own below.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        description = get_openapi(
            title="Vialdesk unit API",
            version=VERSION,
            summary="What a bioreactor unit can be told and asked. Every error answers with one form.",
            routes=routes,
        )
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            _tidy(path, method, operation)
    schemas: dict[str, Any] = description.get("components", {}).get("schemas", {})
    for name in _UNUSED:
        schemas.pop(name, None)
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()


def _tidy(path: str, method: str, operation: dict[str, Any]) -> None:
    words = re.sub(r"[^a-z0-9]+", "_", path.removeprefix("/unit_api").lower()).strip("_")
    operation["operationId"] = f"{method}_{words}"
    # The framework's own answer to a bad parameter; ours is 400.
    operation["responses"].pop("422", None)
