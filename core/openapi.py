"""The description of the HTTP API, made from its routes."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Sequence
from importlib import resources
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from core.schemas.described import schemas_of
from core.schemas.errors import ErrorAnswer
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
    examples = _examples()
    for path, unsorted in description["paths"].items():
        # The methods of one route come as a set, in an order of their own each time.
        operations = {method: unsorted[method] for method in sorted(unsorted)}
        description["paths"][path] = operations
        for method, operation in operations.items():
            _tidy(path, method, operation)
            _show_examples(operation, examples.get(operation["operationId"], {}))
    schemas: dict[str, Any] = description.get("components", {}).get("schemas", {})
    schemas.update(schemas_of(ErrorAnswer))
    for name in _UNUSED:
        schemas.pop(name, None)
    description["components"]["schemas"] = dict(sorted(schemas.items()))
    return json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()


def _examples() -> dict[str, dict[str, Any]]:
    """Return real answers by operation and status; they are recorded when the API changes."""
    text = resources.files("resources").joinpath("api_examples.json").read_text(encoding="utf-8")
    examples: dict[str, dict[str, Any]] = json.loads(text)
    return examples


def _show_examples(operation: dict[str, Any], examples: dict[str, Any]) -> None:
    for status, example in examples.items():
        content = operation["responses"].get(status, {}).get("content", {})
        if "application/json" in content:
            content["application/json"]["example"] = example


def _tidy(path: str, method: str, operation: dict[str, Any]) -> None:
    words = re.sub(r"[^a-z0-9]+", "_", path.removeprefix("/unit_api").lower()).strip("_")
    operation["operationId"] = f"{method}_{words}"
    # The framework's own answer to a bad parameter; ours is 400.
    operation["responses"].pop("422", None)
