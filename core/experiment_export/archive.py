"""The archive of an export: CSV and Parquet files, and beside them what they are (schema.json, manifest.json)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.experiment_export.csv_file import WrittenCsv, write_csv
from core.experiment_export.parquet import write_parquet
from core.experiment_export.plan import ExportPlan
from core.experiment_export.rows import HOURS, DatasetRows, Part, local_columns, timestamp_columns

SCHEMA_VERSION = 1
_COMPRESS_LEVEL = 4
_BLOCK_BYTES = 1024 * 1024
# What no file can be called on some system, and spaces.
_NOT_IN_NAMES = re.compile(r'[\s<>:"/\\|?*\x00-\x1f]')
_MOST_NAME = 100

OnProgress = Callable[[str, int, int], None]


class ExportArchive:
    """Writes the archive of one export, dataset by dataset; on the disk there is one dataset beside it at a time.

    Args:
        connection: on the records, with the export's tables.
        plan: what to export.
        scratch: folder for what is under way.
        on_progress: told the dataset, how many are done, and how many rows were written in all.
    """

    def __init__(
        self, connection: sqlite3.Connection, plan: ExportPlan, scratch: Path, on_progress: OnProgress
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._scratch = scratch
        self._on_progress = on_progress
        self._rows = 0
        self._names: set[str] = set()
        self._written: list[dict[str, Any]] = []
        self._schemas: list[dict[str, Any]] = []
        self._left_out: list[dict[str, str]] = []

    def write(self, target: Path) -> dict[str, Any]:
        """Write the archive; return what it holds.

        Raises:
            OSError, sqlite3.Error: the disk does not take it, or the records cannot be read.
        """
        options = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": _COMPRESS_LEVEL}
        with target.open("wb") as file:
            with zipfile.ZipFile(file, "w", **options) as archive:  # type: ignore[call-overload]
                for done, dataset in enumerate(self._plan.datasets):
                    self._on_progress(dataset["dataset_name"], done, self._rows)
                    self._add(archive, dataset, done)
                archive.writestr("schema.json", _json({"schema_version": SCHEMA_VERSION, "datasets": self._schemas}))
                archive.writestr("manifest.json", _json(self._manifest()))
            file.flush()
            os.fsync(file.fileno())
        self._on_progress("", len(self._plan.datasets), self._rows)
        datasets = [
            {"dataset_name": each["dataset_name"], "rows": each["rows"], "files": len(each["files"])}
            for each in self._written
        ]
        return {"datasets": datasets, "left_out": self._left_out}

    def _add(self, archive: zipfile.ZipFile, dataset: dict[str, Any], done: int) -> None:
        name = dataset["dataset_name"]

        def count(rows: int) -> None:
            self._rows += rows
            self._on_progress(name, done, self._rows)

        try:
            found = DatasetRows(self._connection, dataset, self._plan)
            files = [file for part in found.parts() for file in self._add_part(archive, dataset, found, part, count)]
        except (sqlite3.OperationalError, sqlite3.DatabaseError, ValueError) as error:
            if "disk" in str(error) or self._has_files(name):
                raise
            self._left_out.append({"dataset_name": name, "reason": f"Its query cannot be used: {error}."})
            return
        if dataset["not_recorded"]:
            self._left_out.append({"dataset_name": name, "reason": dataset["not_recorded"]})
        rows = sum(file["rows"] for file in files if file["format"] == "csv")
        self._written.append({"dataset_name": name, "rows": rows, "files": files})
        self._schemas.append(_schema(dataset, found.columns))

    def _has_files(self, dataset_name: str) -> bool:
        return any(name.startswith(f"{dataset_name}/") for name in self._names)

    def _add_part(
        self,
        archive: zipfile.ZipFile,
        dataset: dict[str, Any],
        found: DatasetRows,
        part: Part,
        count: Callable[[int], None],
    ) -> list[dict[str, Any]]:
        stem = self._stem(dataset, part)
        source = self._scratch / "part.csv"
        written = write_csv(source, found.columns, part.batches, count)
        files = [self._take(archive, source, f"{stem}.csv", "csv", written.rows, part)]
        if self._plan.parquet:
            target = self._scratch / "part.parquet"
            write_parquet(source, target, _types(dataset, written), self._scratch)
            files.append(self._take(archive, target, f"{stem}.parquet", "parquet", written.rows, part))
            target.unlink()
        source.unlink()
        return files

    def _take(
        self, archive: zipfile.ZipFile, source: Path, name: str, form: str, rows: int, part: Part
    ) -> dict[str, Any]:
        info = zipfile.ZipInfo(name, _zip_date(self._plan.stamp))
        info.compress_type = zipfile.ZIP_STORED if form == "parquet" else zipfile.ZIP_DEFLATED
        info.external_attr = 0o100644 << 16
        digest, size = hashlib.sha256(), source.stat().st_size
        info.file_size = size
        with source.open("rb") as file, archive.open(info, "w") as entry:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                entry.write(block)
        return {
            "path": name, "format": form, "rows": rows, "size_bytes": size, "sha256": digest.hexdigest(),
            "experiment": part.experiment, "pioreactor_unit": part.unit,
        }  # fmt: skip

    def _stem(self, dataset: dict[str, Any], part: Part) -> str:
        """Return a file's path without its ending; two experiments whose names look alike get a number."""
        chosen = self._plan.experiments
        one = chosen[0] if len(chosen) == 1 and dataset["has_experiment"] else "all_experiments"
        name = dataset["dataset_name"]
        words = (name, part.experiment or one, part.unit or "all_units", self._plan.stamp)
        stem = first = f"{name}/{'-'.join(_in_names(word) for word in words)}"
        number = 2
        while stem.casefold() in self._names:
            stem, number = f"{first}-{number}", number + 1
        self._names.add(stem.casefold())
        return stem

    def _manifest(self) -> dict[str, Any]:
        plan = self._plan
        return {
            "schema_version": SCHEMA_VERSION,
            "exported_at": plan.exported_at,
            "pioreactor_unit": plan.unit,
            "app": "Vialdesk",
            "app_version": plan.app_version,
            "experiments": plan.experiments or "all",
            "start_time": plan.start_time,
            "end_time": plan.end_time,
            "partition_by_experiment": plan.partition_by_experiment,
            "partition_by_unit": plan.partition_by_unit,
            "datasets": self._written,
            "left_out": self._left_out,
        }


def _types(dataset: dict[str, Any], written: WrittenCsv) -> dict[str, str]:
    """Return DuckDB's type of each column."""
    columns = list(written.types)
    moments, local = timestamp_columns(dataset, columns), local_columns(dataset, columns)
    # What has a unit is a number, also where there is none yet.
    measured = dict.fromkeys(dataset["column_units"], "DOUBLE")
    types = {name: kind or measured.get(name, "VARCHAR") for name, kind in written.types.items()}
    types |= dict.fromkeys(moments, "TIMESTAMPTZ") | dict.fromkeys(local, "TIMESTAMP")
    return types | ({HOURS: "DOUBLE"} if HOURS in types else {})


def _schema(dataset: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    words, units = dict(dataset["column_descriptions"]), dict(dataset["column_units"])
    for moment, local in zip(timestamp_columns(dataset, columns), local_columns(dataset, columns), strict=True):
        words[local] = f"{moment} in the local time of the unit's computer."
    words[HOURS], units[HOURS] = "Hours from the experiment's creation.", "h"
    return {
        "dataset_name": dataset["dataset_name"],
        "display_name": dataset["display_name"],
        "description": dataset["description"],
        "source": dataset["source"],
        "columns": [
            {"name": name, "description": words.get(name, ""), "unit": units.get(name, "")} for name in columns
        ],
    }


def _in_names(word: str) -> str:
    return _NOT_IN_NAMES.sub("_", word)[:_MOST_NAME]


def _zip_date(stamp: str) -> tuple[int, int, int, int, int, int]:
    year, month, day, hour, minute, second = (int(stamp[a:b]) for a, b in
                                              ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14)))  # fmt: skip
    return max(year, 1980), month, day, hour, minute, second


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
