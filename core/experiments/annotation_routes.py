"""Routes of the notes on an experiment's time axis."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError
from core.schemas.annotations import AnnotationChange, AnnotationItem, NewAnnotation
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.times import utc_seconds, utc_seconds_in_query

router = APIRouter(prefix="/unit_api/experiments/{experiment}/annotations", tags=["experiments"])

_LARGEST_ID = 2**63 - 1
_NoteId = Annotated[int, Path(ge=0, le=_LARGEST_ID)]


@router.get("", response_model=list[AnnotationItem], responses=errors(400, 404))
async def list_annotations(
    service: ServiceHere,
    experiment: str,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10000, description="How many at most; the newest are given.")] = 1000,
) -> JSONResponse:
    """Return the notes on an experiment, in the order of the moments they are about."""
    service.experiments.get(experiment)
    low = 0.0 if from_ is None else utc_seconds_in_query(from_, "from")
    high = 1e15 if to is None else utc_seconds_in_query(to, "to")
    if low > high:
        raise BadRequestError("'from' must not be after 'to'.", fields=["from", "to"])
    notes = await service.annotations.list(experiment, low, high, limit)
    return JSONResponse([note.item() for note in notes])


@router.post(
    "",
    status_code=201,
    response_model=AnnotationItem,
    responses=errors(400, 404, 413),
    openapi_extra=documented(NewAnnotation),
)
async def add_annotation(
    service: ServiceHere,
    request: Request,
    experiment: str,
    body: Annotated[NewAnnotation, Depends(body_of(NewAnnotation))],
) -> dict[str, Any]:
    """Write down a note about a moment of the experiment, now when none is given."""
    service.experiments.get(experiment)
    moment_s = None if body.t is None else utc_seconds(body.t, "t")
    who = (body.who or "").strip() or (request.client.host if request.client else "?")
    return service.annotations.add(experiment, body.text, moment_s, who).item()


@router.patch(
    "/{note_id}",
    response_model=AnnotationItem,
    responses=errors(400, 404, 413),
    openapi_extra=documented(AnnotationChange),
)
async def change_annotation(
    service: ServiceHere,
    experiment: str,
    note_id: _NoteId,
    body: Annotated[AnnotationChange, Depends(body_of(AnnotationChange))],
) -> dict[str, Any]:
    """Change the text of a note, or the moment it is about; who wrote it, and when, stays."""
    service.experiments.get(experiment)
    moment_s = None if body.t is None else utc_seconds(body.t, "t")
    return (await service.annotations.change(experiment, note_id, body.text, moment_s)).item()


@router.delete("/{note_id}", response_model=Success, responses=errors(400, 404))
async def delete_annotation(service: ServiceHere, experiment: str, note_id: _NoteId) -> dict[str, str]:
    """Delete a note."""
    service.experiments.get(experiment)
    await service.annotations.delete(experiment, note_id)
    return {"status": "success"}
