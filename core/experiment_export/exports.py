"""The exports of this unit: making one, those that are kept, deleting one."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.clock import timestamp
from core.disk_room import refuse_no_room
from core.errors import ConflictError, NotFoundError
from core.experiment_export.plan import ExportPlan
from core.experiment_export.process import ExportFailedError, ExportProcess
from core.folders import EXPORTS, DataFolder
from core.to_the_end import to_the_end

_SUFFIX = ".zip"
_NOT_IN_NAMES = re.compile(r"[^\w.\-()]+")
_MOST_NAME = 80


class Exports:
    """Makes one export at a time and keeps it in the data folder.

    Attributes:
        under_way: how far the one that is being made is, as the API shows it; None when none is.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.under_way: dict[str, Any] | None = None

    def claim(self, datasets: int) -> None:
        """Take the place of the one export that can be made; raise ConflictError when one is being made."""
        if self.under_way is not None:
            cause = "Exports are made one after the other, so that the culture is not kept waiting."
            raise ConflictError("An export is under way.", cause, "Wait for its end, or cancel it.")
        self.under_way = {"task_id": "", "dataset": "", "datasets_done": 0, "datasets": datasets, "rows": 0}

    def release(self) -> None:
        """Give the place free again."""
        self.under_way = None

    async def make(self, plan: ExportPlan, name: str) -> dict[str, Any]:
        """Make the export of `plan`, whose target is set here, and keep it as `name`; return what came of it.

        Cancelled or failed, it leaves nothing. Raises ExportFailedError.
        """
        scratch = self._data_dir / DataFolder.WORK / f"export-{uuid.uuid4().hex[:12]}"
        plan = replace(plan, target=str(scratch / "export.zip"))
        loop = asyncio.get_running_loop()

        def tell(line: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self._on_progress, line)

        try:
            path = await to_the_end(lambda: _write_plan(plan, scratch))
            process = ExportProcess(path, tell)
            result = await to_the_end(process.finish, process.kill)
            kept = await self._keep_or_leave_nothing(Path(plan.target), name)
            return {"export": _item(kept), **result}
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))

    def kept(self) -> list[dict[str, Any]]:
        """Return the exports that are kept, the newest first. Blocks."""
        try:
            paths = [path for path in (self._data_dir / EXPORTS).iterdir() if _is_export(path)]
        except OSError:
            return []  # nothing was ever exported
        return sorted(
            (_item(path) for path in paths), key=lambda item: (item["created_at"], item["name"]), reverse=True
        )

    def find(self, name: str) -> Path:
        """Return the file of an export. Blocks. Raises NotFoundError."""
        path = self._data_dir / EXPORTS / name
        if path.name != name or not name.isprintable() or not _is_export(path):
            known = [item["name"] for item in self.kept()[:50]]
            raise NotFoundError(f"There is no export {name[:80]!r}.", known=known)
        return path

    def delete(self, name: str) -> None:
        """Delete an export. Blocks. Raises NotFoundError, and ExportFailedError when the disk does not let it go."""
        try:
            self.find(name).unlink()
        except OSError as error:
            raise ExportFailedError(f"{name} could not be deleted.", f"{error.strerror}.") from error

    def _on_progress(self, line: dict[str, Any]) -> None:
        if self.under_way is not None and "dataset" in line:
            self.under_way |= {key: line[key] for key in ("dataset", "datasets_done", "rows")}

    async def _keep_or_leave_nothing(self, made: Path, name: str) -> Path:
        """Give a whole export its name, and take it away again when that is cancelled meanwhile."""
        keeping = asyncio.ensure_future(asyncio.to_thread(self._keep, made, name))
        try:
            return await asyncio.shield(keeping)
        except asyncio.CancelledError:
            await asyncio.wait({keeping})
            if not keeping.cancelled() and keeping.exception() is None:
                await asyncio.to_thread(keeping.result().unlink, missing_ok=True)
            raise

    def _keep(self, made: Path, name: str) -> Path:
        """Give a whole export its name; it is on the disk then."""
        folder = self._data_dir / EXPORTS
        try:
            folder.mkdir(exist_ok=True)
            target, number = folder / f"{name}{_SUFFIX}", 2
            while target.exists():
                target, number = folder / f"{name}-{number}{_SUFFIX}", number + 1
            made.rename(target)
        except OSError as error:
            raise ExportFailedError("The export could not be kept.", f"{error.strerror}.") from error
        return target


def export_name(experiments: list[str], stamp: str) -> str:
    """Return the name of an export without its ending: `export_yeast_2-20310203040506`."""
    if len(experiments) == 1:
        what = _NOT_IN_NAMES.sub("_", experiments[0])[:_MOST_NAME].strip("_.") or "experiment"
    else:
        what = f"{len(experiments)}_experiments" if experiments else "all_experiments"
    return f"export_{what}-{stamp}"


def _write_plan(plan: ExportPlan, scratch: Path) -> Path:
    try:
        scratch.mkdir(parents=True)
        refuse_no_room(scratch)
        plan.write(scratch / "plan.json")
    except OSError as error:
        remedy = "See that the data folder may be written and its disk has space, then try again."
        raise ExportFailedError("The export was not begun.", f"{error.strerror}.", remedy) from error
    return scratch / "plan.json"


def _is_export(path: Path) -> bool:
    return path.suffix == _SUFFIX and not path.name.startswith(".") and path.is_file() and not path.is_symlink()


def _item(path: Path) -> dict[str, Any]:
    status = os.stat(path)
    return {
        "name": path.name,
        "size_bytes": status.st_size,
        "created_at": timestamp(status.st_mtime),
        "url_path": f"/unit_api/exports/{quote(path.name, safe='')}",
    }
