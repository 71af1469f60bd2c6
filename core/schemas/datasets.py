"""Datasets that can be exported, exports, and how one is asked for."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.schemas.bodies import Body

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]*"
_ORDER = re.compile(rf"{_IDENTIFIER}( (ASC|DESC))?(, *{_IDENTIFIER}( (ASC|DESC))?)*", re.IGNORECASE)
_Name = Annotated[str, Field(max_length=200)]


class DatasetDescriptor(BaseModel):
    """A dataset as its YAML file describes it: what a row is, and by which table or query it is read."""

    model_config = ConfigDict(extra="ignore")

    dataset_name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    display_name: str = Field(min_length=1)
    description: str = ""
    has_experiment: bool = Field(default=True, description="Its rows have a column `experiment`.")
    has_unit: bool = Field(default=True, description="Its rows have a column `pioreactor_unit`.")
    default_order_by: str | None = None
    table: str | None = Field(default=None, pattern=rf"^{_IDENTIFIER}$")
    query: str | None = None
    source: str | None = Field(default=None, description="app, user, plugins, or the plug-in's name.")
    timestamp_columns: list[str] = Field(default=[], description="In UTC; the first is what a time window looks at.")
    always_partition_by_unit: bool = False
    column_descriptions: dict[str, str] = {}
    column_units: dict[str, str] = {}
    not_recorded: str | None = Field(default=None, description="Why this unit has no such rows; null where it has.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> DatasetDescriptor:
        if self.not_recorded is None and (self.table is None) == (self.query is None):
            raise ValueError("give either table or query")
        if self.default_order_by and not _ORDER.fullmatch(self.default_order_by.strip()):
            raise ValueError("default_order_by must be names of columns, each with ASC or DESC where wanted")
        for name in (*self.timestamp_columns, *self.column_descriptions):
            if not re.fullmatch(_IDENTIFIER, name):
                raise ValueError(f"{name!r} is no name of a column")
        return self


class NewExport(Body):
    """What to export; nothing named means everything."""

    experiments: list[_Name] = Field(default=[], max_length=1000, description="Names; none means all.")
    datasets: list[_Name] = Field(default=[], max_length=200, description="Names; none means all that are recorded.")
    start_time: str | None = Field(default=None, description="ISO 8601 with a zone; rows from then on.")
    end_time: str | None = Field(default=None, description="ISO 8601 with a zone; rows until then.")
    partition_by_experiment: bool = Field(default=False, description="One file for each experiment.")
    partition_by_unit: bool = Field(default=False, description="One file for each unit.")
    parquet: bool = Field(default=False, description="A Parquet file beside each CSV.")


class ExportItem(BaseModel):
    """An export that is kept in the data folder."""

    name: str
    size_bytes: int
    created_at: str
    url_path: str = Field(description="Where it can be downloaded.")


class ExportUnderWay(BaseModel):
    """An export that is being made."""

    task_id: str = Field(description="Cancel it with POST /unit_api/task_results/{task_id}/cancel.")
    dataset: str = Field(description='What is being written; "" before and after.')
    datasets_done: int
    datasets: int
    rows: int = Field(description="Written so far, in all.")


class Exports(BaseModel):
    """The exports of this unit."""

    exports: list[ExportItem] = Field(description="Newest first.")
    under_way: ExportUnderWay | None


class Deleted(BaseModel):
    """What is gone."""

    deleted: str
