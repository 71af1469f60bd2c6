"""The visible readings as a table: UTC, values with units, and a header that says what they are."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gui.live.decimation import Flags, Floats
from gui.live.trace import Trace
from gui.live.utc_text import utc_text

COLUMNS = ("timestamp_utc", "hours_since_start", "series", "name", "value", "unit", "after_gap")


@dataclass(frozen=True)
class ExportedSeries:
    """Samples of one curve inside the visible span; `bucket_s` above 0 says they are minima and maxima per bucket."""

    trace: Trace
    t: Floats
    values: Floats
    after_gap: Flags
    bucket_s: float


@dataclass(frozen=True)
class ExportedView:
    """Everything a file of the visible range holds, copied, so that it can be written in another thread."""

    unit: str
    experiment: str
    start_utc_s: float | None
    span: tuple[float, float]
    exported_utc_s: float
    series: list[ExportedSeries] = field(default_factory=list)


def csv_text(view: ExportedView) -> str:
    """Return the file's text: lines of `# key: value`, then the table, by series and time."""
    text = io.StringIO(newline="")
    for key, value in _header(view):
        text.write(f"# {key}: {value}\r\n")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for series in view.series:
        writer.writerows(_rows(view, series))
    return text.getvalue()


def write_csv(view: ExportedView, path: Path) -> None:
    """Write the file whole or not at all; OSError says why not."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_text(csv_text(view), encoding="utf-8", newline="")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _header(view: ExportedView) -> list[tuple[str, str]]:
    rough = [
        f"{s.trace.label} in buckets of {s.bucket_s:g} s, minimum and maximum of each"
        for s in view.series
        if s.bucket_s
    ]
    return [
        ("experiment", view.experiment),
        ("unit", view.unit),
        ("from", utc_text(view.span[0])),
        ("to", utc_text(view.span[1])),
        ("start of experiment", "unknown" if view.start_utc_s is None else utc_text(view.start_utc_s)),
        ("exported", utc_text(view.exported_utc_s)),
        ("resolution", "; ".join(rough) or "every reading"),
    ]


def _rows(view: ExportedView, series: ExportedSeries) -> list[tuple[object, ...]]:
    moments = np.datetime_as_string(np.round(series.t * 1000).astype("datetime64[ms]"), unit="ms").tolist()
    start_s = view.start_utc_s
    hours = [""] * len(series.t) if start_s is None else [f"{h:.6f}" for h in ((series.t - start_s) / 3600).tolist()]
    trace = series.trace
    return [
        (f"{moment}Z", hour, trace.series, trace.label, f"{value:.9g}", trace.unit, int(gap))
        for moment, hour, value, gap in zip(
            moments, hours, series.values.tolist(), series.after_gap.tolist(), strict=True
        )
    ]
