"""The service's hold on the process that makes an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import ServiceError
from core.experiment_export.worker import COMMAND
from core.own_process import OwnProcess

_FULL = "See that the disk with the data folder has space, or export less, then try again."
_AGAIN = "Try again; if it comes back, restart the service: records that cannot be read are set aside then."


class ExportFailedError(ServiceError):
    """The export was not made; nothing of it is left."""


class ExportProcess:
    """One run of `vialdesk export-datasets`.

    Args:
        plan: file of the plan.
        on_progress: called with what the process says of how far it is, in the thread that runs `finish`.
    """

    def __init__(self, plan: Path, on_progress: Callable[[dict[str, Any]], object]) -> None:
        self._process = OwnProcess([COMMAND, str(plan)], on_progress)
        self.kill = self._process.kill

    def finish(self) -> dict[str, Any]:
        """Run it to its end, which blocks; return what the export holds, {} when it was killed before.

        Raises ExportFailedError.
        """
        try:
            code, last = self._process.finish()
        except OSError as error:
            raise ExportFailedError("The export was not begun.", f"{error.strerror}.") from error
        if code is None:
            return {}
        if "result" in last and code == 0:
            result: dict[str, Any] = last["result"]
            return result
        cause = last.get("fault") or f"The process that made it ended with {code}."
        raise ExportFailedError("The export was not made.", f"{cause}.", _FULL if last.get("is_disk") else _AGAIN)
