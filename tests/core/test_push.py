"""The unit's record pushed to another Vialdesk, which is a TofuPilot server: what arrives there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pushing import ENDED, STARTED, Lab, content_of, lab_in, until, upload, waiting, without_ids
from running_services import serving
from system_requests import over
from unit_record_requests import asker

from core.service import ServiceOptions

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


async def test_only_what_is_written_while_pushing_is_on_is_sent_and_the_rest_when_asked_for(lab: Lab) -> None:
    await lab.writer.ok("POST", "/parts", {"number": "P1"})
    await lab.writer.unit("S1")
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    earlier = await lab.writer.run(procedure)
    await upload(lab.writer, f"runs/{earlier}", "old.csv", b"old")
    assert (await lab.push())["earlier_run_count"] == 1
    await lab.writer.run(procedure, outcome="FAIL")
    await lab.all_sent()
    assert [run["outcome"] for run in await lab.runs()] == ["FAIL"]
    await lab.unit.json("PATCH", "/record/push", json={"is_on": False})
    await lab.writer.run(procedure, outcome="ERROR")
    await lab.unit.json("POST", "/record/push/earlier", 409)
    state = await lab.unit.json("PATCH", "/record/push", json={"is_on": True})
    assert (state["earlier_run_count"], waiting(state)) == (2, 0)
    assert (await lab.unit.json("POST", "/record/push/earlier"))["count"] == 3
    state = await lab.all_sent()
    assert state["earlier_run_count"] == 0
    assert sorted(run["outcome"] for run in await lab.runs()) == ["ERROR", "FAIL", "PASS"]
    [old] = [run for run in await lab.runs() if run["outcome"] == "PASS"]
    assert (await lab.reader.ok("GET", f"/runs/{old['id']}"))["attachments"][0]["name"] == "old.csv"
    assert (await lab.unit.json("POST", "/record/push/earlier"))["count"] == 0


async def test_what_becomes_of_a_unit_is_followed(lab: Lab) -> None:
    await lab.writer.ok("POST", "/parts", {"number": "P1"})
    await lab.writer.ok("POST", "/parts/P1/revisions", {"number": "B"})
    for serial_number in ("S1", "S2", "PUMP-1"):
        await lab.writer.unit(serial_number)
    await lab.push()
    await lab.writer.ok("PUT", "/units/S1/children", {"child_serial_number": "PUMP-1"})
    await lab.all_sent()
    assert (await lab.reader.ok("GET", "/units/PUMP-1"))["parent"]["serial_number"] == "S1"
    await lab.writer.ok("PUT", "/units/S2/children", {"child_serial_number": "PUMP-1"})
    await lab.writer.ok("PATCH", "/units/PUMP-1", {"new_serial_number": "PUMP-9", "revision_number": "B",
                                                   "part_number": "P1", "metadata": {"place": "left"}})  # fmt: skip
    await lab.all_sent()
    pump = await lab.reader.ok("GET", "/units/PUMP-9")
    assert (pump["parent"]["serial_number"], pump["part"]["revision"]["number"]) == ("S2", "B")
    assert pump["metadata"] == {"place": "left"}
    await lab.reader.refused(404, "GET", "/units/PUMP-1")
    await lab.writer.ok("DELETE", "/units/S2/children", child_serial_number="PUMP-9")
    await lab.all_sent()
    assert (await lab.reader.ok("GET", "/units/PUMP-9"))["parent"] is None


async def test_what_the_server_knows_besides_is_left_alone(lab: Lab) -> None:
    for who in (lab.writer, lab.reader):
        await who.ok("POST", "/parts", {"number": "P1"})
        await who.unit("S1")
    await lab.reader.unit("RACK-1")
    await lab.reader.ok("PUT", "/units/RACK-1/children", {"child_serial_number": "S1"})
    await lab.reader.ok("POST", "/batches", {"number": "LOT-3"})
    await lab.reader.ok("PATCH", "/units/S1", {"batch_number": "LOT-3", "metadata": {"owner": "QA"}})
    first = (await lab.reader.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    await lab.push()
    await lab.writer.run((await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"], "s1")
    await lab.all_sent()
    unit = await lab.reader.ok("GET", "/units/S1")
    assert (unit["parent"]["serial_number"], unit["batch"]["number"]) == ("RACK-1", "LOT-3")
    assert unit["metadata"] == {"owner": "QA"}
    [run] = await lab.runs()
    assert run["procedure"]["id"] == first


async def test_a_stations_key_pushes_to_what_it_is_linked_to_and_says_what_is_missing(lab: Lab) -> None:
    station = (await lab.reader.ok("POST", "/stations", {"name": "Bench 2"}))["id"]
    key = (await lab.server.json("POST", "/keys", 201, json={"station": "Bench 2"}))["key"]
    here = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    await lab.push(api_key=key)
    await lab.writer.run(here)
    await lab.until(lambda state: state["stopped_count"] == 1)
    [item] = await lab.pending()
    assert "Stations cannot" in item["reason"]
    assert "user's key" in item["remedy"]
    there = (await lab.reader.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    link = {"json": {"id": station, "procedure_id": there}}
    headers = {"Authorization": f"Bearer {lab.reader.key}"}
    assert (await lab.server.http.post("/api/trpc/station.linkProcedure", json=link, headers=headers)).is_success
    await lab.unit.json("POST", "/record/push/retry", json={})
    await lab.all_sent()
    assert (await lab.runs())[0]["created_by_station"]["name"] == "Bench 2"


async def test_a_procedure_that_is_gone_from_the_server_is_found_or_made_again(lab: Lab) -> None:
    await lab.push()
    here = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    await lab.writer.run(here)
    await lab.all_sent()
    [run] = await lab.runs()
    await lab.reader.ok("DELETE", f"/procedures/{run['procedure']['id']}")
    await lab.writer.run(here, outcome="FAIL")
    state = await lab.all_sent()
    assert state["stopped_count"] == 0
    assert [run["outcome"] for run in await lab.runs()] == ["FAIL"]


async def test_a_run_that_is_deleted_before_it_was_sent_is_not_sent(lab: Lab) -> None:
    await lab.push("http://127.0.0.1:9")
    run = await lab.writer.run((await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"])
    assert (await lab.state())["waiting_runs"] == 1
    await lab.writer.ok("DELETE", "/runs", ids=run)
    assert (await lab.state())["waiting_runs"] == 0


async def test_what_the_instrument_writes_itself_arrives_with_all_it_is_made_of(tmp_path: Path) -> None:
    async with (
        serving(ServiceOptions(tmp_path / "server")) as server,
        serving(ServiceOptions(tmp_path / "unit")) as unit,
    ):
        reader = await asker(server, user="quality")
        body = {"url": server.url, "api_key": reader.key, "is_on": True}
        await unit.json("PATCH", "/record/push", json=body)
        await unit.json("PATCH", "/board", json={"url": "simulated:"})
        board = unit.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        body = {"model_name": "pioreactor_20ml", "model_version": "1.5"}
        await over(unit.http, await unit.json("POST", "/hardware/check", 202, json=body))

        async def arrived() -> Any:
            state = await unit.json("GET", "/record/push")
            return (await reader.ok("GET", "/runs"))["data"], waiting(state)

        [run], _ = await until(arrived, lambda told: len(told[0]) == 1 and told[1] == 0)
        assert run["procedure"]["name"] == "Hardware check"
        serial_number = run["unit"]["serial_number"]
        here = await unit.json("GET", f"/record/units/{serial_number}")
        there = await reader.ok("GET", f"/units/{serial_number}")
        assert _names(there) == _names(here)
        assert there["part"]["number"] == here["part"]["number"]


def _names(unit: dict[str, Any]) -> list[str]:
    return sorted(child["serial_number"] for child in unit["children"])
