"""A calibration as a run: its points and how well its curve fits; with its file, and a certificate to put on file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from core.bus import CalibrationGivenUp
from core.calibrations.calibration import Calibration, StoredThing
from core.calibrations.sessions.session import Session
from core.clock import timestamp
from core.safe_yaml import write_yaml
from core.times import utc_seconds
from core.traceability.certificates.calibration import (
    Origin,
    calibration_certificate,
    fit_of,
    measured_of,
    units_of,
)
from core.traceability.certificates.document import Document
from core.traceability.own_runs import OwnFile, OwnRun, phase
from core.traceability.self_test_run import measurement_of
from core.version import VERSION

_CALIBRATION = "Calibration of {}"
_YAML = "application/yaml"


@dataclass(frozen=True)
class Calibrated:
    """What was made: a calibration or an estimator, by whom, and in which guided calibration, if any.

    Attributes:
        unit, serial_number: of the unit that keeps it now.
    """

    made: StoredThing
    device: str
    name: str
    kind: str
    now_s: float
    person: str
    session: Session | None
    unit: str
    serial_number: str


def calibration_run(calibrated: Calibrated) -> tuple[OwnRun, OwnFile, Document | None]:
    """Return the run, the calibration's file and its certificate, which an estimator has not; takes milliseconds."""
    made, session = calibrated.made, calibrated.session
    content = write_yaml(made.mapping()).encode()
    named = {"name": f"{calibrated.kind}_name", "outcome": "PASS", "measured_value": calibrated.name}
    measurements, kind, certificate = [named], calibrated.kind, None
    if isinstance(made, Calibration):
        kind = made.calibration_type
        measurements += _measurements(made)
        certificate = calibration_certificate(made, _origin(calibrated, made, content))
    started_s = calibrated.now_s if session is None else session.created_utc_s
    run = OwnRun(
        _CALIBRATION.format(calibrated.device), "PASS", started_s, calibrated.now_s,
        [phase(kind, "PASS", started_s, calibrated.now_s, measurements)], calibrated.person, _told(calibrated),
        {} if session is None else {"protocol": session.protocol_name, "session_id": session.session_id},
    )  # fmt: skip
    return run, OwnFile(f"{calibrated.name}.yaml", _YAML, content), certificate


def given_up_run(event: CalibrationGivenUp, now_s: float, person: str) -> OwnRun | None:
    """Return the run of a guided calibration that came to nothing; None when nothing had been done for it."""
    session = event.session
    has_failed = session["status"] == "failed"
    if not has_failed and not event.has_acted:
        return None
    metadata = {"protocol": session["protocol_name"], "session_id": session["session_id"]}
    return OwnRun(
        _CALIBRATION.format(session["target_device"]), "FAIL" if has_failed else "ABORTED",
        utc_seconds(session["created_at"]), now_s, [], person, session["error"], metadata,
    )  # fmt: skip


def _measurements(made: Calibration) -> list[dict[str, Any]]:
    x_units, y_units = units_of(made)
    points = {
        "name": "recorded points",
        "outcome": "PASS",
        "docstring": f"{made.y} against {made.x}",
        "x_axis": {"data": list(made.recorded_data.x), "name": made.x, "units": x_units or None},
        "y_axis": [{"data": list(made.recorded_data.y), "name": made.y, "units": y_units or None}],
    }
    return [points, *(measurement_of(each) for each in measured_of(made, fit_of(made)))]


def _origin(calibrated: Calibrated, made: Calibration, content: bytes) -> Origin:
    return Origin(
        unit=calibrated.unit,
        serial_number=calibrated.serial_number,
        device=calibrated.device,
        made_at=timestamp(made.created_at.timestamp()),
        person=calibrated.person,
        protocol="" if calibrated.session is None else calibrated.session.protocol_name,
        program=f"Vialdesk {VERSION}",
        file_name=f"{calibrated.name}.yaml",
        file_sha256=hashlib.sha256(content).hexdigest(),
    )


def _told(calibrated: Calibrated) -> str | None:
    """Return where a calibration comes from when it was not made by a guided calibration of this unit."""
    if calibrated.session is not None:
        return None
    made = calibrated.made
    at = timestamp(made.created_at.timestamp())
    return f"Added as a file; it was made at {at} on {made.calibrated_on_pioreactor_unit}."
