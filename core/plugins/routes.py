"""Routes of plug-ins: what is installed, their source, installing and uninstalling, and the charts they add."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError, NotFoundError
from core.flag_files import Flag, refuse_flagged
from core.plugins.found import FOLDER, regular_file
from core.plugins.installer import DEADLINE_S
from core.plugins.upload import FIELD, receive_plugin
from core.plugins.wanted import WantedPlugin, package_index, plugin_source
from core.schemas.errors import errors
from core.schemas.plugins import ChartItem, InstallPlugin, PluginItem, UninstallPlugin, UploadedPlugin
from core.schemas.tasks import Accepted
from core.system.multipart_file import file_form
from core.tagged import tagged, tagged_answer

router = APIRouter(prefix="/unit_api", tags=["plug-ins"])

_REQUIREMENT = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:==([A-Za-z0-9][A-Za-z0-9._+!-]*))?", re.ASCII
)
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/plugins/installed", response_model=list[PluginItem], responses=errors())
async def installed(service: ServiceHere) -> JSONResponse:
    """Return the installed plug-ins, sorted by name, and how loading each went."""
    await service.plugins.look_again()
    return JSONResponse(service.plugins.items())


@router.get("/plugins/installed/{filename}", response_class=Response, responses={**_TEXT, **errors(404)})
async def source(service: ServiceHere, filename: str) -> Response:
    """Return the text of a dropped-in file; nothing of it is executed."""
    text = await asyncio.to_thread(_read_source, service.data_dir / FOLDER, filename)
    return Response(text, media_type="text/plain")


@router.api_route(
    "/plugins/install",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 413),
    openapi_extra=documented(InstallPlugin),
)
async def install(service: ServiceHere, request: Request) -> JSONResponse:
    """Install a plug-in: a package by name, or a file or folder of the data folder. The task can be cancelled."""
    await refuse_flagged(service.data_dir, Flag.INSTALLS)
    body = await body_of(InstallPlugin)(request)
    name, version = _requirement(body.args[0])
    given, index = _text_option(body, "source"), _text_option(body, "index_url")
    index_url = None if index is None else package_index(index)
    source = None if given is None else await asyncio.to_thread(plugin_source, service.data_dir, given)
    wanted = WantedPlugin(name, version, source, index_url)
    task_id = service.tasks.spawn(
        "plugins/install", lambda: service.plugin_installer.install(wanted), DEADLINE_S, can_be_cancelled=True
    )
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.post(
    "/plugins/upload",
    status_code=201,
    response_model=UploadedPlugin,
    responses=errors(400, 413),
    openapi_extra=file_form(FIELD),
)
async def upload(service: ServiceHere, request: Request) -> JSONResponse:
    """Take a plug-in's file into the folder `incoming` of the data folder; nothing of it is run before an install."""
    await refuse_flagged(service.data_dir, Flag.INSTALLS)
    place, size_bytes = await receive_plugin(request, service.data_dir)
    return JSONResponse({"source": place, "size_bytes": size_bytes}, 201)


@router.api_route(
    "/plugins/uninstall",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(UninstallPlugin),
)
async def uninstall(service: ServiceHere, request: Request) -> JSONResponse:
    """Uninstall a plug-in; a dropped-in file is deleted. The task can be cancelled while it waits."""
    await refuse_flagged(service.data_dir, Flag.INSTALLS)
    body = await body_of(UninstallPlugin)(request)
    name, _ = _requirement(body.args[0])
    await service.plugins.look_again()
    plugin = service.plugins.find(name)
    if plugin is None:
        known = [item["name"] for item in service.plugins.items()]
        raise NotFoundError(f"No plug-in {name!r} is installed.", known=known)
    service.plugin_installer.refuse_foreign(plugin)
    task_id = service.tasks.spawn(
        "plugins/uninstall", lambda: service.plugin_installer.uninstall(plugin), DEADLINE_S, can_be_cancelled=True
    )
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.get("/charts/descriptors", response_model=list[ChartItem], responses=errors())
async def charts(service: ServiceHere, request: Request) -> Response:
    """Return the charts that plug-ins add, in the order the plug-ins were loaded."""
    return tagged_answer(request, *tagged(service.plugins.charts()))


def _text_option(body: InstallPlugin, name: str) -> str | None:
    given = body.options.get(name)
    if given is not None and not isinstance(given, str):
        raise BadRequestError(f"options.{name} must be a text.", fields=[f"options.{name}"])
    return given


def _requirement(text: str) -> tuple[str, str | None]:
    """Return name and version of what `args` names; raise BadRequestError for options, URLs, paths and the like."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        raise BadRequestError(
            f"{text[:80]!r} is no name of a plug-in.",
            cause="A name has letters, digits, dots, underscores and hyphens, and may end with ==version.",
            remedy="Give the name alone; a file or folder goes into options.source, an index into options.index_url.",
            fields=["args"],
        )
    return match[1], match[2]


def _read_source(folder: Any, filename: str) -> bytes:
    path = regular_file(folder, filename) if filename.endswith(".py") else None
    if path is None:
        raise NotFoundError(
            f"There is no file {filename[:200]!r} in the folder of plug-ins.", remedy="See /unit_api/plugins/installed."
        )
    content: bytes = path.read_bytes()
    return content
