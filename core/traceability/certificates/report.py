"""The report of a self-test or hardware check: each test, what it measured, against which limits, and what it found."""

from __future__ import annotations

from typing import Any

from core.schemas.self_test_titles import TITLES
from core.traceability.certificates.document import Column, Document
from core.traceability.own_runs import OwnRun

_WORDS = {"PASS": "passed", "FAIL": "failed", "SKIP": "left out", "UNSET": "", "ABORTED": "aborted"}
_COLUMNS = (Column("Measured", 0.34), Column("Value", 0.2, True), Column("Limits", 0.28), Column("Outcome", 0.18))


def run_report(run: OwnRun, unit: str, serial_number: str, when: str, program: str) -> Document:
    """Return a run's report."""
    document = Document(
        title=run.procedure,
        author=run.person,
        foot=f"{serial_number} · {run.procedure} · {when}",
        made_s=run.started_s,
    )
    document.facts(
        [
            ("Unit", f"{serial_number} ({unit})"),
            ("Outcome", _WORDS.get(run.outcome, run.outcome.lower())),
            ("Begun at", when),
            ("Took", f"{max(0.0, run.ended_s - run.started_s):.0f} s"),
            ("By", run.person or "not said"),
            ("Note", run.docstring or ""),
            ("Written by", program),
        ]
    )
    for phase in run.phases:
        title = TITLES.get(phase["name"], phase["name"])
        document.heading(f"{title}: {_WORDS.get(phase['outcome'], phase['outcome'])}")
        numbers = [each for each in phase["measurements"] if not isinstance(each["measured_value"], str)]
        texts = [each["measured_value"] for each in phase["measurements"] if isinstance(each["measured_value"], str)]
        for text in texts or [phase.get("docstring") or ""]:
            document.text(text)
        if numbers:
            document.table(_COLUMNS, [_row(each) for each in numbers])
    return document


def _row(measurement: dict[str, Any]) -> list[str]:
    units = measurement["units"] or ""
    low, high = measurement["lower_limit"], measurement["upper_limit"]
    limits = [*([f"at least {low:g}"] if low is not None else []), *([f"at most {high:g}"] if high is not None else [])]
    value = f"{measurement['measured_value']:.5g} {units}".strip()
    return [
        measurement["name"],
        value,
        f"{', '.join(limits)} {units}".strip() if limits else "",
        _WORDS[measurement["outcome"]],
    ]
