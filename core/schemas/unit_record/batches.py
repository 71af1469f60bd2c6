"""Batches: units made together."""

from __future__ import annotations

from core.schemas.unit_record.fields import BatchNumber, Sent
from core.schemas.unit_record.shared import Created, PartRef, UnitRef


class NewBatch(Sent):
    """A batch to create."""

    number: BatchNumber


class BatchChange(Sent):
    """A batch's new number."""

    new_number: BatchNumber


class BatchUnit(UnitRef):
    """A unit of a batch."""

    created_at: str
    part: PartRef


class BatchDetail(Created):
    """A batch and its units."""

    id: str
    number: str
    created_at: str
    units: list[BatchUnit]


class BatchRow(Created):
    """A batch in a list."""

    id: str
    number: str
    created_at: str
    unit_count: int
