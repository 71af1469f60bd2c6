"""The process of a dry run: reads its plan, says on stdout how far it is, one JSON object a line, and last the result.

It ends with whoever started it, however that ends: its stdin is a pipe from there. It has no way to a real board, its
whole world is the work folder.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from core.clock import new_loop
from core.dry_run.plan import read_plan
from core.dry_run.rehearsal import rehearse

# The experiment comes first: whoever controls the culture has the processor when both want it.
_NICENESS = 19


def run_worker(arguments: Sequence[str]) -> int:
    """Rehearse the plan in the file that is named, beginning at the UTC seconds that may follow; return exit code."""
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    plan = read_plan(Path(arguments[0]))
    epoch_utc_s = float(arguments[1]) if len(arguments) > 1 else None
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever else is printed must not come between the lines

    def tell(hours: float, of_hours: float, phase: str) -> None:
        _say(out, {"progress": {"hours": hours, "of_hours": of_hours, "phase": phase}})

    try:
        with asyncio.Runner(loop_factory=lambda: new_loop(math.inf)) as runner:
            result = runner.run(rehearse(plan, epoch_utc_s, tell))
    except Exception as error:  # noqa: BLE001 - whatever it was, who started this must hear of it
        words = error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
        _say(out, {"fault": words})
        return 1
    _say(out, {"result": result})
    return 0


def _say(out: TextIO, what: dict[str, Any]) -> None:
    out.write(json.dumps(what) + "\n")
    out.flush()


def _end_with_parent() -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    os._exit(1)
