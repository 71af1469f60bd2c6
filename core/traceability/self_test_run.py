"""A self-test and a hardware check as runs: a phase for each test, with what was measured against its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.bus import HardwareChecked, PartTested
from core.clock import timestamp
from core.measured import Measured
from core.traceability.certificates.document import Document
from core.traceability.certificates.report import run_report
from core.traceability.own_runs import OwnRun, phase
from core.version import VERSION

SELF_TEST, HARDWARE_CHECK = "Self-test", "Hardware check"
_OUTCOMES = {True: "PASS", False: "FAIL", None: "SKIP"}
_LONGEST_TEXT = 2000


@dataclass
class SelfTestRun:
    """A self-test under way.

    Attributes:
        person: who started it.
        passed: what it says of itself as a whole; None while it does not.
    """

    started_s: float
    person: str
    phases: list[dict[str, Any]] = field(default_factory=list)
    passed: bool | None = None
    _phase_started_s: float = 0.0

    def add(self, test: PartTested, now_s: float) -> None:
        """Take in a test that is done."""
        started_s, self._phase_started_s = self._phase_started_s or self.started_s, now_s
        measurements = [] if test.passed is None else _measurements(test.passed, test.detail, test.measured)
        made = phase(test.test, _OUTCOMES[test.passed], started_s, now_s, measurements)
        self.phases.append({**made, "docstring": test.detail[:_LONGEST_TEXT] or None})

    def ended(self, now_s: float) -> OwnRun | None:
        """Return the run, None when there was nothing to test."""
        if self.passed is None:
            return OwnRun(SELF_TEST, "ABORTED", self.started_s, now_s, self.phases, self.person)
        if not self.phases:
            return None
        return OwnRun(SELF_TEST, "PASS" if self.passed else "FAIL", self.started_s, now_s, self.phases, self.person)


def hardware_check_run(event: HardwareChecked, person: str) -> OwnRun:
    """Return the run of a hardware check."""
    phases = []
    for check in event.result["checks"]:
        measurements = _measurements(check["ok"], check["detail"], event.measured.get(check["name"], ()))
        outcome = _OUTCOMES[bool(check["ok"])]
        phases.append(phase(check["name"], outcome, event.started_s, event.ended_s, measurements))
    outcome = "PASS" if event.result["ok"] else "FAIL"
    model = f"Against the reactor model {event.result['model_name']} {event.result['model_version']}."
    return OwnRun(HARDWARE_CHECK, outcome, event.started_s, event.ended_s, phases, person, model)


def report_of(run: OwnRun, unit: str, serial_number: str) -> tuple[str, Document]:
    """Return the report of a run, and the name of its file."""
    when = timestamp(run.started_s)
    name = run.procedure.lower().replace(" ", "-")
    return f"{name}-{when[:10]}.pdf", run_report(run, unit, serial_number, when, f"Vialdesk {VERSION}")


def measurement_of(measured: Measured) -> dict[str, Any]:
    """Return a measured number as runs hold it; its limits become validators."""
    outcome = "UNSET" if not measured.has_limits else "PASS" if measured.is_fine else "FAIL"
    return {
        "name": measured.name,
        "outcome": outcome,
        "measured_value": measured.value,
        "units": measured.units or None,
        "lower_limit": measured.at_least,
        "upper_limit": measured.at_most,
    }


def _measurements(passed: bool, detail: str, measured: Sequence[Measured]) -> list[dict[str, Any]]:
    found = {"name": "found", "outcome": "PASS" if passed else "FAIL", "measured_value": detail[:_LONGEST_TEXT]}
    return [*map(measurement_of, measured), found]
