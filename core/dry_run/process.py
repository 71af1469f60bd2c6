"""The hold on the process of a dry run, from the service or from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.dry_run.plan import COMMAND
from core.errors import ServiceError
from core.own_process import OwnProcess

_AGAIN = "Try again with fewer hours; if it comes back, look whether the disk has space."


class DryRunFailedError(ServiceError):
    """The dry run did not come to a result; nothing real has moved."""


class DryRunProcess:
    """One process.

    Args:
        plan: file of the plan.
        epoch_utc_s: UTC at which the rehearsal begins, None for now.
        on_progress: called with hours, of_hours and phase, in the thread that runs `finish`.
    """

    def __init__(self, plan: Path, epoch_utc_s: float | None, on_progress: Callable[[dict[str, Any]], object]) -> None:
        self._on_progress = on_progress
        begins = () if epoch_utc_s is None else (repr(epoch_utc_s),)
        self._process = OwnProcess([COMMAND, str(plan), *begins], self._on_line)
        self.kill = self._process.kill

    def finish(self) -> dict[str, Any]:
        """Run it to its end, which blocks; return the result, {} when killed before. Raises DryRunFailedError."""
        try:
            code, last = self._process.finish()
        except OSError as error:
            raise DryRunFailedError("The dry run was not begun.", f"{error.strerror}.") from error
        if code is None:
            return {}
        if "result" in last and code == 0:
            result: dict[str, Any] = last["result"]
            return result
        cause = last.get("fault") or f"Its process ended with {code}"
        raise DryRunFailedError("The dry run came to no result. Nothing real has moved.", f"{cause}.", _AGAIN)

    def _on_line(self, line: dict[str, Any]) -> None:
        if "progress" in line:
            self._on_progress(line["progress"])
