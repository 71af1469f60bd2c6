"""Reboot and shut down: of the jobs, the board and the service; of the computer only when it belongs to the unit."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from core.errors import UnavailableError
from core.service import Restart, Service
from core.system.host import change_host_power
from core.system.left_tasks import REBOOT
from core.tasks import LeftToNextInstance
from device.board import BoardError

_log = logging.getLogger(__name__)

# The asker and one more request still get an answer before the service goes.
GRACE_S = 1.0
_BOARD_WITHIN_S = 5.0


async def reboot(service: Service) -> dict[str, Any]:
    """Stop every job, restart the board and then the service; the next instance finishes the task.

    A unit that was shut down uses its former board again.
    """
    await asyncio.sleep(GRACE_S)
    _log.info("The unit is restarted.")
    allow = service.jobs.refuse_starts(UnavailableError("The unit is being restarted."))
    try:
        service.interrupted.expect_cut()
        await service.jobs.end(service.jobs.running)
        board = await _restart_board(service)
        host = await change_host_power(service.config, "reboot")
    except BaseException:
        service.interrupted.no_cut()
        allow()
        service.jobs.start_long_running()
        raise
    service.restart_with(Restart(service.shut_down.board_url or service.board_link.url))
    result = {"action": "reboot", "board": board, "service": "restarted", "host": host}
    raise LeftToNextInstance({"kind": REBOOT, "result": result})


async def shut_down(service: Service) -> dict[str, Any]:
    """Stop every job, switch everything off, let go of the board; the service stays up to answer."""
    _log.info("The unit is shut down.")
    former_url = service.board_link.url
    allow = service.jobs.refuse_starts(UnavailableError("The unit is being shut down."))
    try:
        ended = await service.jobs.end(service.jobs.running)
        board = await _make_safe(service)
        await service.shut_down.enter(former_url)
    finally:
        allow()
    host = await change_host_power(service.config, "shutdown")
    return {"action": "shutdown", **ended, "board": board, "link": "closed", "host": host}


async def _restart_board(service: Service) -> str:
    board = service.board_link.current
    if board is None or not service.board_link.is_usable:
        return "not connected"
    try:
        async with asyncio.timeout(_BOARD_WITHIN_S):
            await board.reboot()
    except (BoardError, TimeoutError) as error:
        _log.error("The board did not confirm that it restarts (%s); its outputs go off by themselves.", error)
        return "not restarted"
    return "restarted"


async def _make_safe(service: Service) -> str:
    board = service.board_link.current
    if board is None or not service.board_link.is_usable:
        return "not connected"
    try:
        async with asyncio.timeout(_BOARD_WITHIN_S):
            await board.all_off()
    except (BoardError, TimeoutError) as error:
        _log.error("The board did not confirm that everything is off (%s); leases end by themselves.", error)
        return "not confirmed"
    return "safe"
