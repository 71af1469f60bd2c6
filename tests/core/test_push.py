"""The unit's record pushed to another Vialdesk, which is a TofuPilot server: what arrives there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pushing import ENDED, STARTED, Lab, content_of, lab_in, upload, waiting, without_ids

PHASES = [
    {
        "name": "Heater", "outcome": "FAIL", "started_at": STARTED, "ended_at": ENDED, "retry_count": 1,
        "docstring": "Warms for a minute.",
        "measurements": [
            {"name": "warming", "outcome": "FAIL", "measured_value": 0.3, "units": "°C", "lower_limit": 1.0,
             "upper_limit": 4, "docstring": "in 60 s"},
            {"name": "steps", "outcome": "PASS", "measured_value": 3,
             "validators": [{"outcome": "PASS", "operator": "in", "expected_value": [1, 3]},
                            {"expression": "x is odd", "is_decisive": False}]},
            {"name": "label", "outcome": "UNSET", "measured_value": "ok"},
            {"name": "lid", "outcome": "PASS", "measured_value": False},
            {"name": "nothing", "outcome": "UNSET"},
            {"name": "table", "outcome": "PASS", "measured_value": {"a": [1, 2.5]},
             "aggregations": [{"type": "avg", "value": 1.75, "unit": "V", "outcome": "PASS",
                               "validators": [{"operator": "<", "expected_value": 2}]}]},
        ],
    },
    {
        "name": "Optics", "outcome": "PASS", "started_at": STARTED, "ended_at": ENDED,
        "measurements": [
            {"name": "ramp", "outcome": "PASS",
             "x_axis": {"data": [0, 50, 100], "units": "%", "name": "intensity", "description": "of the LED"},
             "y_axis": [{"data": [0.1, 0.2, 0.3], "units": "V",
                         "aggregations": [{"type": "max", "value": 0.3}]}, {"data": [1, 2, 3]}]},
        ],
    },
]  # fmt: skip
LOGS = [{"level": "INFO", "timestamp": STARTED, "message": "begins", "source_file": "t.py", "line_number": 7}]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path) as made:
        yield made


async def both(lab: Lab, here: str, there: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return await lab.writer.ok("GET", f"/runs/{here}"), await lab.reader.ok("GET", f"/runs/{there}")


async def test_a_run_arrives_complete_with_its_unit_sub_units_and_files(lab: Lab) -> None:
    await lab.push()
    await lab.writer.ok("POST", "/parts", {"number": "P1", "name": "Bioreactor"})
    for serial_number in ("S1", "PUMP-1"):
        await lab.writer.unit(serial_number)
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    run = await lab.writer.run(
        procedure, outcome="FAIL", procedure_version="1.4", batch_number="B7", docstring="after the repair",
        phases=PHASES, logs=LOGS, sub_units=["PUMP-1"], operated_by="ada@example.org", metadata={"bench": 2},
        execution_id="e1", slot_key="k", slot_name="n",
    )  # fmt: skip
    await upload(lab.writer, f"runs/{run}", "raw.csv", b"t,volt\n" * 90_000)
    await upload(lab.writer, "units/S1", "certificate.txt", b"good")
    state = await lab.all_sent()
    assert (state["stopped_count"], state["last_error"], state["state"]) == (0, None, "idle")
    assert state["last_sent_at"]
    [sent] = await lab.runs()
    here, there = await both(lab, run, sent["id"])
    assert without_ids(there) == without_ids(here)
    assert there["metadata"] == {"bench": 2, "operated_by": "ada@example.org"}
    assert there["created_by_user"]["email"] == "line-7@example.org"
    assert await content_of(there["attachments"][0], lab.server.http) == b"t,volt\n" * 90_000
    unit = await lab.reader.ok("GET", "/units/S1")
    assert unit["part"]["name"] == "Bioreactor"
    assert [child["serial_number"] for child in unit["children"]] == ["PUMP-1"]
    assert await content_of(unit["attachments"][0], lab.server.http) == b"good"
    assert waiting(state) == 0
