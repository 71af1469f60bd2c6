"""Routes that export the whole data folder as a zip file, and import one."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from core.app_state import ServiceHere
from core.clock import timestamp
from core.config import ConfigError
from core.errors import BadRequestError, ServiceError, UnavailableError
from core.exclusive import Lock
from core.flag_files import Flag, refuse_flagged
from core.folders import BACKUPS, DataFolder
from core.records.database import check_readable
from core.schemas.errors import errors
from core.schemas.tasks import Accepted, InProgress
from core.service import Restart, Service
from core.system.export import export
from core.system.file_routes import in_thread
from core.system.import_archive import MOST_BYTES, unpack
from core.system.import_swap import Swap, swap_in
from core.system.left_tasks import IMPORT
from core.system.multipart_file import file_form, receive_file
from core.system.power import GRACE_S
from core.tasks import LeftToNextInstance

router = APIRouter(prefix="/unit_api", tags=["files"])

_FIELD = "archive"
_DEADLINE_S = 1800.0
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip file.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/zipped_dot_pioreactor", response_class=Response, responses={**_ZIP, **errors()})
async def export_data_folder(service: ServiceHere, request: Request) -> Response:
    """Export the whole data folder as a zip file; databases in it are consistent copies."""
    await refuse_flagged(service.data_dir, Flag.FILE_SYSTEM)
    name = f"{service.unit}_dot_pioreactor.zip"
    headers = {"Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{name}"'}
    if request.scope.get("is_head"):
        answer = Response(headers=headers)
        del answer.headers["content-length"]
        return answer
    blocks = export(service.data_dir, service.unit, service.clock.utc_s())
    return StreamingResponse(in_thread(blocks), headers=headers)


@router.post(
    "/import_zipped_dot_pioreactor",
    status_code=202,
    response_model=Accepted | InProgress,
    responses=errors(400, 413, 503),
    openapi_extra=file_form(_FIELD),
)
async def import_data_folder(service: ServiceHere, request: Request) -> JSONResponse:
    """Put an archive's content in the place of the data folder's, of which a backup is kept, and restart the service.

    Everything is checked and unpacked before this answers; any fault later puts everything back.
    """
    await refuse_flagged(service.data_dir, Flag.FILE_SYSTEM)
    service.exclusive.refuse(Lock.IMPORT)
    place = f"{DataFolder.WORK}/import-{uuid.uuid4().hex[:12]}"
    folder = service.data_dir / place
    try:
        files = await _receive(service, request, folder)
        stamp = timestamp(service.clock.utc_s())[:19].replace("-", "").replace(":", "")
        backup = f"{BACKUPS}/before-import-{stamp}Z-{place[-4:]}"
        swap = Swap(staged=f"{place}/new", backup=backup, files=files)
        work = service.exclusive.holding(Lock.IMPORT, lambda: _import(service, swap))
    except BaseException:
        # Not waited for: whoever asked may be gone, and it must happen all the same.
        asyncio.get_running_loop().run_in_executor(None, partial(shutil.rmtree, folder, ignore_errors=True))
        raise
    # For good: this instance ends with the import, and the next one starts jobs again.
    service.jobs.refuse_starts(UnavailableError("An import is under way.", remedy="Wait until it is done."))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("import", work, _DEADLINE_S)), 202)


async def _receive(service: Service, request: Request, folder: Path) -> int:
    """Receive, check and unpack an archive into `folder`/new; return its number of files."""
    archive = folder / "archive.zip"
    try:
        await asyncio.to_thread(partial(folder.mkdir, parents=True))
        await receive_file(request, _FIELD, archive, MOST_BYTES)
        files = await asyncio.to_thread(unpack, archive, folder / "new", service.unit)
        await asyncio.to_thread(_check_records, folder / "new" / service.config.text("storage", "database"))
        await asyncio.to_thread(archive.unlink)
    except OSError as error:
        remedy = "See that the disk has space and that the data folder may be written, then try again."
        raise ServiceError("The archive could not be stored.", f"{error.strerror}.", remedy) from None
    return files


def _check_records(path: Path) -> None:
    """Refuse records that could not be read: the unit would begin new ones, and its history would seem to be gone."""
    if not path.is_file():
        return
    try:
        check_readable(path)
    except sqlite3.Error as error:
        remedy = "Export the archive again. To import the rest alone, take the file out of the archive first."
        cause = f"{path.name}: {error}."
        raise BadRequestError("The archive's records cannot be read.", cause, remedy, fields=[_FIELD]) from None


async def _import(service: Service, swap: Swap) -> dict[str, Any]:
    """Stop every job and end this instance; the swap follows, and the next instance finishes the task."""
    await asyncio.sleep(GRACE_S)
    await service.jobs.end(service.jobs.running)
    between = partial(swap_in, service.data_dir, swap)
    service.restart_with(Restart(service.shut_down.board_url or service.board_link.url, between))
    raise LeftToNextInstance({"kind": IMPORT, "vial_ml": _in_vial_ml(service)})


def _in_vial_ml(service: Service) -> float:
    """Return what can be in the vial now; an archive does not know that."""
    try:
        return service.bioreactor.fill_ml(service.experiments.active())
    except ConfigError:  # perhaps it is to be mended by the import
        return service.bioreactor.vial.greatest_ml or 0.0
