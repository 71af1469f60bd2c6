"""What one export is to hold, as it is handed to the process that makes it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExportPlan:
    """One export.

    Attributes:
        database: file of the records.
        target: file to write; it is whole when the process has ended well.
        unit: name of the unit.
        stamp: UTC of the export as YYYYmmddHHMMSS, part of file names.
        exported_at: the same moment as a timestamp.
        app_version: of this program.
        experiments: names; none means all.
        datasets: descriptors as the API shows them.
        start_time, end_time: limits of the time window as timestamps in UTC, inclusive; None for none.
        partition_by_experiment, partition_by_unit: whether each has files of its own.
        parquet: whether a Parquet file is beside each CSV.
        calibrations: as the API answers them, each with its `device`.
        measures: the unit of each series.
    """

    database: str
    target: str
    unit: str
    stamp: str
    exported_at: str
    app_version: str
    experiments: list[str]
    datasets: list[dict[str, Any]]
    start_time: str | None = None
    end_time: str | None = None
    partition_by_experiment: bool = False
    partition_by_unit: bool = False
    parquet: bool = False
    calibrations: list[dict[str, Any]] = field(default_factory=list)
    measures: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it to a file; raises OSError."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_plan(path: Path) -> ExportPlan:
    """Read a plan that `write` wrote."""
    return ExportPlan(**json.loads(path.read_text(encoding="utf-8")))
