"""A dry run's result as a page of text that a person can read."""

from __future__ import annotations

from typing import Any

_ROWS = 13
_COLUMNS = (
    ("od", "OD600", "{:.3f}"),
    ("normalized_od", "relative", "{:.2f}"),
    ("growth_rate", "growth /h", "{:.3f}"),
    ("temperature", "°C", "{:.1f}"),
    ("volume_ml", "vial ml", "{:.2f}"),
)
_BOTTLES = {"media": "Medium", "alt_media": "Alternative medium", "waste": "Waste"}


def report(result: dict[str, Any]) -> str:
    """Return a `DryRunResult` as text."""
    lines = [f"Dry run of {result['profile']}", ""]
    lines += _problems(result["problems"])
    if not result["valid"]:
        return "\n".join([*lines, "It has errors, so nothing was rehearsed."])
    end = "came to its end" if result["is_complete"] else "was still running at the end"
    lines += [f"{_hours(result['hours'])} on a simulated unit; the profile {end}. Nothing real has moved.", ""]
    lines += [*_table(result["curves"]), "", *_bottles(result), "", *_jobs(result["jobs"]), ""]
    lines += [*_failed(result["actions"]), *_log(result["log"]), "This takes for granted:"]
    return "\n".join([*lines, *(f"  - {assumption}" for assumption in result["assumptions"])])


def _problems(problems: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in problems:
        where = f"line {each['line']}, column {each['column']}"
        lines.append(f"  {where}: {each['severity']}: {each['message']} {each['remedy']}".rstrip())
    return ["In the profile:", *lines, ""] if lines else []


def _table(curves: dict[str, list[float | None]]) -> list[str]:
    count = len(curves["hours"])
    picked = sorted({round(index * (count - 1) / (_ROWS - 1)) for index in range(_ROWS)}) if count > 1 else [0]
    lines = ["".join([f"{'after':>10}", *(f"{title:>11}" for _, title, _ in _COLUMNS)])]
    for index in picked:
        cells = [f"{_hours(curves['hours'][index] or 0.0):>10}"]
        for name, _, form in _COLUMNS:
            value = _near(curves[name], index, max(1, count // (2 * _ROWS)))
            cells.append(f"{'–' if value is None else form.format(value):>11}")
        lines.append("".join(cells))
    return lines


def _near(values: list[float | None], index: int, within: int) -> float | None:
    """Return the value at an index, or the nearest one before or after it: not everything is measured at every step."""
    for away in range(within + 1):
        for at in (index - away, index + away):
            if 0 <= at < len(values) and values[at] is not None:
                return values[at]
    return None


def _bottles(result: dict[str, Any]) -> list[str]:
    most = f"  The vial holds {result['most_volume_ml']:.2f} ml at most."
    if not result["bottles"]:
        return ["No liquid is moved.", most]
    lines = []
    for each in result["bottles"]:
        times = "1 dose" if each["doses"] == 1 else f"{each['doses']} doses"
        lines.append(f"  {_BOTTLES.get(each['bottle'], each['bottle']):<20}{each['ml']:>9.1f} ml in {times}")
    return ["Liquid that moves:", *lines, most]


def _jobs(jobs: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in jobs:
        end = "the end" if each["to_hours"] is None else _hours(each["to_hours"])
        lines.append(f"  {each['job_name']:<26}{_hours(each['from_hours']):>9} to {end}")
    return ["Jobs:", *lines] if lines else ["No job ran."]


def _failed(actions: list[dict[str, Any]]) -> list[str]:
    failed = [each for each in actions if each["outcome"] == "failed"]
    lines = [
        f"  {_hours(each['hours']):>9}  line {each['line']}, {each['action']} {each['job_name']}: {each['message']}"
        for each in failed
    ]
    return ["Actions that failed:", *lines, ""] if lines else []


def _log(log: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in log:
        times = f" ({each['times']} times)" if each["times"] > 1 else ""
        lines.append(f"  {_hours(each['hours']):>9}  {each['level']:<8}{each['message']}{times}")
    return ["In the log:", *lines, ""] if lines else []


def _hours(hours: float) -> str:
    """Return hours as `1 h 30 min`, short times as minutes."""
    minutes = round(hours * 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60:02d} min" if minutes % 60 else "")
