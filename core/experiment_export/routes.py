"""Routes of the export: which datasets there are, making an export, and those that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.clock import timestamp
from core.descriptors.descriptors import Descriptors, Kind
from core.errors import BadRequestError
from core.experiment_export.exports import export_name
from core.experiment_export.plan import ExportPlan
from core.records.time_series import SERIES_UNITS
from core.schemas.datasets import DatasetDescriptor, Deleted, Exports, NewExport
from core.schemas.errors import errors
from core.schemas.tasks import Accepted
from core.service import Service
from core.system.file_routes import in_thread
from core.version import VERSION

router = APIRouter(prefix="/unit_api", tags=["export"])

DATASETS = Kind(".", DatasetDescriptor, "dataset_name")
# A year of readings on a slow disk; a user can cancel it at any time.
_DEADLINE_S = 6 * 3600.0
_BLOCK_BYTES = 256 * 1024
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip file.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/datasets/exportable", response_model=list[DatasetDescriptor], responses=errors())
async def exportable_datasets(service: ServiceHere) -> JSONResponse:
    """Return the datasets that can be exported: the program's own, the user's and those of plug-ins."""
    return JSONResponse(await _datasets(service))


@router.post(
    "/datasets/exportable/export",
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(NewExport),
)
async def export_datasets(
    service: ServiceHere, body: Annotated[NewExport, Depends(body_of(NewExport))]
) -> JSONResponse:
    """Begin to write datasets of experiments into an archive that is kept in the data folder; it can be cancelled."""
    plan = await _plan(service, body)
    service.exports.claim(len(plan.datasets))
    name = export_name(plan.experiments, plan.stamp)
    task_id = service.tasks.spawn("export", lambda: _export(service, plan, name), _DEADLINE_S, can_be_cancelled=True)
    if service.exports.under_way is not None:
        service.exports.under_way["task_id"] = task_id
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.get("/exports", response_model=Exports, responses=errors())
async def list_exports(service: ServiceHere) -> JSONResponse:
    """Return the exports that are kept, newest first, and how far the one is that is being made."""
    kept = await asyncio.to_thread(service.exports.kept)
    return JSONResponse({"exports": kept, "under_way": service.exports.under_way})


@router.get("/exports/{name}", response_class=Response, responses={**_ZIP, **errors(404)})
async def download_export(service: ServiceHere, request: Request, name: str) -> Response:
    """Download an export."""
    path = await asyncio.to_thread(service.exports.find, name)
    size_bytes = (await asyncio.to_thread(path.stat)).st_size
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{_ascii(name)}"',
        "Content-Length": str(size_bytes),
    }
    if request.scope.get("is_head"):
        return Response(headers=headers)
    return StreamingResponse(in_thread(_blocks(path)), headers=headers)


@router.delete("/exports/{name}", response_model=Deleted, responses=errors(404))
async def delete_export(service: ServiceHere, name: str) -> JSONResponse:
    """Delete an export for good; the records stay, and it can be made again."""
    await asyncio.to_thread(service.exports.delete, name)
    return JSONResponse({"deleted": name})


async def _export(service: Service, plan: ExportPlan, name: str) -> dict[str, Any]:
    try:
        await service.records.flush()
        return await service.exports.make(plan, name)
    finally:
        service.exports.release()


async def _datasets(service: Service) -> list[dict[str, Any]]:
    descriptors: Descriptors = service.datasets
    return await asyncio.to_thread(descriptors.items, DATASETS, service.plugins.folders())


async def _plan(service: Service, body: NewExport) -> ExportPlan:
    """Return what is asked for, once everything about it is known to be sound."""
    for experiment in body.experiments:
        service.experiments.get(experiment)
    datasets = _chosen(await _datasets(service), body.datasets)
    start, end = _utc(body.start_time, "start_time"), _utc(body.end_time, "end_time")
    if start is not None and end is not None and start >= end:
        raise BadRequestError("'start_time' must be before 'end_time'.", fields=["start_time", "end_time"])
    await service.calibrations.load()
    calibrations = [
        {**item, "device": device}
        for device in service.calibrations.devices
        for item in service.calibrations.items(device)
    ]
    now_s = service.clock.utc_s()
    return ExportPlan(
        database=str((service.data_dir / service.config.text("storage", "database")).absolute()),
        target="",
        unit=service.unit,
        stamp=datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%d%H%M%S"),
        exported_at=timestamp(now_s),
        app_version=VERSION,
        experiments=list(dict.fromkeys(body.experiments)),
        datasets=datasets,
        start_time=start,
        end_time=end,
        partition_by_experiment=body.partition_by_experiment,
        partition_by_unit=body.partition_by_unit,
        parquet=body.parquet,
        calibrations=calibrations,
        measures=service.plugins.series_units() | SERIES_UNITS,
    )


def _chosen(datasets: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    known = {dataset["dataset_name"]: dataset for dataset in datasets}
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(repr(name[:60]) for name in unknown[:5])
        raise BadRequestError(f"There is no dataset {listed}.", fields=["datasets"], known=sorted(known))
    return [dataset for name, dataset in known.items() if name in names or (not names and not dataset["not_recorded"])]


def _utc(text: str | None, field: str) -> str | None:
    """Return a moment with any zone as the records write it."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("it has no zone")
        return timestamp(max(0.0, moment.timestamp()))
    except (ValueError, OverflowError):
        cause = f"{text[:60]!r} does not have the form 2031-02-03T04:05:06+01:00, or ends in Z."
        raise BadRequestError(f"'{field}' is no moment with a zone.", cause, fields=[field]) from None


def _blocks(path: Path) -> Generator[bytes, None, None]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
