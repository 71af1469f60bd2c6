"""What makes an export, in a process of its own: the service's loop and its memory do not notice.

`vialdesk export-datasets PLAN` reads its plan, says on stdout how far it is, one JSON object a line, and last what came
of it. It ends with the service, however that ends: its stdin is a pipe from there.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from core.disk_room import refuse_no_room
from core.experiment_export.archive import ExportArchive
from core.experiment_export.plan import ExportPlan, read_plan
from core.experiment_export.rows import allow_looking_only
from core.experiment_export.tables import make_tables

COMMAND = "export-datasets"
_CACHE_KIB = 16_384
_ROWS_BETWEEN_LINES = 20_000
# The experiment comes first: whoever controls the culture has the processor when both want it.
_NICENESS = 10


def make_export(arguments: Sequence[str]) -> int:
    """Make the export of a plan; return the exit code."""
    threading.Thread(target=_end_with_service, name="service", daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    path = Path(arguments[0])
    plan = read_plan(path)
    try:
        _say({"result": _make(plan, path.parent)})
    except (OSError, sqlite3.Error) as error:
        _say({"fault": _fault(error), "is_disk": _is_disk(error)})
        return 1
    return 0


def _make(plan: ExportPlan, scratch: Path) -> dict[str, Any]:
    # What SQLite has to sort on the disk goes where the export goes, and with it.
    os.environ["SQLITE_TMPDIR"] = str(scratch)
    progress = _Progress(scratch)
    with closing(sqlite3.connect(f"{Path(plan.database).as_uri()}?mode=ro", uri=True, isolation_level=None)) as records:
        records.execute("PRAGMA temp_store = FILE")
        records.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        # Everything is of one moment, whatever is recorded meanwhile.
        records.execute("BEGIN")
        make_tables(records, plan.unit, plan.experiments, plan.calibrations, plan.measures)
        allow_looking_only(records)
        return ExportArchive(records, plan, scratch, progress.tell).write(Path(plan.target))


class _Progress:
    """Says how far it is, not for every row; looks at the same time whether the disk has room for more."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._dataset, self._rows = "", 0

    def tell(self, dataset: str, done: int, rows: int) -> None:
        """Say it when the dataset is another one, or many rows were written; raises OSError where room is short."""
        if dataset != self._dataset or rows - self._rows >= _ROWS_BETWEEN_LINES:
            self._dataset, self._rows = dataset, rows
            refuse_no_room(self._scratch)
            _say({"dataset": dataset, "datasets_done": done, "rows": rows})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _fault(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _is_disk(error: Exception) -> bool:
    """Whether it is the disk that is full, rather than the records that cannot be read."""
    if isinstance(error, OSError):
        return error.errno in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _end_with_service() -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    os._exit(1)
