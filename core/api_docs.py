"""The interactive description of the HTTP API: Swagger UI, served from this computer so that it works offline."""

from __future__ import annotations

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.openapi import PATH as DESCRIPTION_PATH

PATH = "/unit_api/docs"
# The files of Swagger UI are taken from the package that keeps them up to date; its own code is not used.
_PACKAGE = "fastapi_swagger.resources"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_START = f'SwaggerUIBundle({{url: "{DESCRIPTION_PATH}", dom_id: "#api", deepLinking: true, validatorUrl: null}});\n'
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vialdesk unit API</title>
<link rel="icon" href="{PATH}/favicon-32x32.png">
<link rel="stylesheet" href="{PATH}/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="{PATH}/swagger-ui-bundle.js"></script>
<script src="{PATH}/start.js"></script>
</body>
</html>
"""
# Nothing from anywhere else is loaded, nothing is sent anywhere else, and no page may frame this one.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)


def docs_routes() -> list[Route]:
    """Return the routes of the page and of the files it needs; none of them is part of the described API."""
    routes = [Route(PATH, _page, methods=["GET"], include_in_schema=False)]
    routes += [Route(f"{PATH}/{name}", _file, methods=["GET"], include_in_schema=False) for name in _FILES]
    routes.append(Route(f"{PATH}/start.js", _start, methods=["GET"], include_in_schema=False))
    return routes


async def _page(_: Request) -> Response:
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


async def _start(_: Request) -> Response:
    return Response(_START, media_type="text/javascript")


async def _file(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    body = resources.files(_PACKAGE).joinpath(name).read_bytes()
    return Response(body, media_type=_FILES[name], headers={"Cache-Control": "max-age=86400"})
