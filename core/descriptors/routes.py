"""Routes of descriptors: how jobs, automations and settings are to be shown to people."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.app_state import ServiceHere
from core.descriptors.descriptors import AUTOMATION_TYPES, AUTOMATIONS, JOBS, SETTINGS, Kind
from core.errors import BadRequestError
from core.schemas.descriptors import AutomationDescriptor, JobDescriptor, SettingsDescriptor
from core.schemas.errors import errors
from core.service import Service
from core.tagged import tagged, tagged_answer

router = APIRouter(prefix="/unit_api", tags=["descriptors"])


@router.get("/jobs/descriptors", response_model=list[JobDescriptor], responses=errors())
async def job_descriptors(service: ServiceHere, request: Request) -> Response:
    """Return how each job is to be shown, in the order of display."""
    return await _answer(service, request, JOBS)


@router.get("/settings/descriptors", response_model=list[SettingsDescriptor], responses=errors())
async def settings_descriptors(service: ServiceHere, request: Request) -> Response:
    """Return how settings that belong to no job are to be shown."""
    return await _answer(service, request, SETTINGS)


@router.get("/automations/descriptors/{type}", response_model=list[AutomationDescriptor], responses=errors(400))
async def automation_descriptors(service: ServiceHere, request: Request, type: str) -> Response:
    """Return how the automations of a type are to be shown, and the values each is started with."""
    if type not in AUTOMATION_TYPES:
        raise BadRequestError(
            f"{type[:60]!r} is no type of automation.",
            remedy="Use one of the types in `known`.",
            fields=["type"],
            known=list(AUTOMATION_TYPES),
        )
    return await _answer(service, request, AUTOMATIONS[type])


async def _answer(service: Service, request: Request, kind: Kind) -> Response:
    items = await asyncio.to_thread(service.descriptors.items, kind, service.plugins.folders())
    return tagged_answer(request, *tagged(items))
