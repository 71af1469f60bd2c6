"""Tasks that one instance of the service begins and the next one finishes: restarts and imports."""

from __future__ import annotations

import asyncio

from core.errors import ServiceError
from core.service import Service
from core.system.import_swap import Swap, is_import_on_trial, settle_import

REBOOT, IMPORT = "reboot", "import"


async def finish_left_tasks(service: Service) -> None:
    """Finish what the former instance left, now that this one has started."""
    if await asyncio.to_thread(is_import_on_trial, service.data_dir):
        await _part_from_archive(service)
    swap = await asyncio.to_thread(settle_import, service.data_dir)
    for task in service.tasks.left_by_former_instance():
        will = task.will or {}
        if will.get("kind") == REBOOT:
            service.tasks.complete(task, will["result"])
        elif swap is not None and swap.phase == "swapped":
            service.tasks.complete(task, {"files": swap.files, "backup": swap.backup, "restarted": True})
        else:
            service.tasks.fail(task, _not_imported(swap))


async def _part_from_archive(service: Service) -> None:
    """Take nothing for what is here now that was so when the archive was made, perhaps elsewhere; kept for good."""
    service.interrupted.dismiss_all()
    wills = [task.will or {} for task in service.tasks.left_by_former_instance()]
    service.bioreactor.vial.counts_were_imported(max((will.get("vial_ml", 0.0) for will in wills), default=0.0))
    await service.records.flush()


def _not_imported(swap: Swap | None) -> ServiceError:
    cause = swap.fault if swap is not None and swap.fault else "The service ended before the files were put in place."
    remedy = "Everything is as it was before. Correct what is in the way, then import again."
    return ServiceError("The archive was not imported.", cause, remedy)
