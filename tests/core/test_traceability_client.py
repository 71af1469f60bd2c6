"""The unit's record is read and written with the client test engineers have, as they have it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from running_services import Served
from unit_record_requests import UNKNOWN, make_key

# Before the client is loaded, which otherwise tells its makers what goes wrong.
os.environ["DISABLE_TELEMETRY"] = "true"

from tofupilot.v2 import TofuPilot, errors

_STARTED = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_analytics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing sent anywhere, whatever the client does."""
    import posthog

    assert posthog.disabled
    monkeypatch.setattr(posthog, "disabled", True)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


async def with_client(served: Served, work: Callable[[Any], None], base: str = "", **whose: str) -> None:
    """Do `work` with a client in a thread, as a test program would."""
    key = await make_key(served, **(whose or {"user": "ada@example.org"}))

    def run() -> None:
        with TofuPilot(api_key=key, server_url=f"{served.url}{base}", timeout_ms=10_000) as client:
            work(client)

    await asyncio.to_thread(run)


def store_run(client: Any, procedure: str, serial: str = "S1", **more: Any) -> str:
    made: str = client.runs.create(
        outcome="PASS", procedure_id=procedure, serial_number=serial, part_number="P1", started_at=_STARTED,
        ended_at=_STARTED + timedelta(minutes=5), **more,
    ).id  # fmt: skip
    return made


@pytest.mark.parametrize("base", ["", "/api"])
async def test_parts_revisions_units_and_batches(served: Served, base: str) -> None:
    def work(client: Any) -> None:
        part = client.parts.create(number="P1", name="Reactor", revision_number="B", metadata={"a": 1})
        assert client.parts.get(number="p1").id == part.id
        assert [each.number for each in client.parts.get(number="P1").revisions] == ["B"]
        client.parts.revisions.create(part_number="P1", number="C")
        assert client.parts.revisions.get(part_number="P1", revision_number="c").part.name == "Reactor"
        client.parts.revisions.update(part_number="P1", revision_number="C", number="D")
        client.parts.revisions.delete(part_number="P1", revision_number="D")
        assert client.parts.update(number="P1", name="Vial").name == "Vial"
        assert [row.number for row in client.parts.list(search_query="via").data] == ["P1"]

        unit = client.units.create(serial_number="S1", part_number="P1", revision_number="B")
        client.units.create(serial_number="S2", part_number="P1", revision_number="B")
        batch = client.batches.create(number="LOT-1")
        client.units.update(serial_number="S1", batch_number="lot-1", new_serial_number="S1b")
        read = client.units.get(serial_number="s1B")
        assert (read.id, read.batch.id, read.created_by_user.name) == (unit.id, batch.id, "ada@example.org")
        assert client.batches.get(number="LOT-1").units[0].serial_number == "S1b"
        assert client.batches.list(part_numbers=["P1"]).data[0].unit_count == 1
        client.batches.update(number="LOT-1", new_number="LOT-2")
        client.units.add_child(serial_number="S1b", child_serial_number="S2")
        assert client.units.get(serial_number="S2").parent.id == unit.id
        rows = client.units.list(exclude_units_with_parent=True, sort_by="serial_number").data
        assert [(row.serial_number, row.children[0].serial_number) for row in rows] == [("S1b", "S2")]
        client.units.remove_child(serial_number="S1b", child_serial_number="S2")
        assert client.batches.delete(number="LOT-2").id == [batch.id]
        assert client.units.delete(serial_numbers=["S1b"]).id == [unit.id]
        client.units.delete(serial_numbers=["S2"])
        assert len(client.parts.delete(number="P1").deleted_revision_ids) == 1

    await with_client(served, work, base)


async def test_a_run_reads_back_as_it_was_sent(served: Served) -> None:
    def work(client: Any) -> None:
        procedure = client.procedures.create(name="Optics").id
        operator = client.users.get_current()
        client.parts.create(number="PUMP")
        client.units.create(serial_number="PUMP-1", part_number="PUMP", revision_number="A")
        check = {"outcome": "PASS", "operator": ">=", "expected_value": 3.0}
        phase = {
            "name": "Dark", "outcome": "FAIL", "started_at": _STARTED, "ended_at": _STARTED + timedelta(seconds=2),
            "measurements": [
                {"name": "dark_v", "outcome": "PASS", "measured_value": 3.3, "units": "V", "validators": [check]},
                {"name": "limits", "outcome": "FAIL", "measured_value": 5, "lower_limit": 1, "upper_limit": 4},
                {"name": "ok", "outcome": "PASS", "measured_value": True},
                {"name": "note", "outcome": "UNSET", "measured_value": "fine"},
                {"name": "curve", "outcome": "PASS",
                 "x_axis": {"data": [1, 2], "units": "s"},
                 "y_axis": [{"data": [1.5, 2.5], "units": "V", "validators": [check],
                             "aggregations": [{"type": "max", "value": 2.5, "outcome": "PASS"}]}]},
            ],
        }  # fmt: skip
        retry = {**phase, "retry_count": 1, "outcome": "PASS"}
        log = {"level": "INFO", "timestamp": _STARTED, "message": "", "source_file": "a.py", "line_number": 7}
        made = store_run(
            client, procedure, procedure_version="1.0", batch_number="LOT", sub_units=["pump-1"], docstring="why",
            operated_by=operator.email, phases=[retry, phase], logs=[log], metadata={"bench": 4},
        )  # fmt: skip
        run = client.runs.get(id=made)
        assert (run.outcome, run.duration, run.docstring) == ("PASS", "PT5M", "why")
        assert (run.procedure.version.tag, run.operated_by.email) == ("1.0", operator.email)
        assert (run.unit.serial_number, run.unit.batch.number, run.unit.part.number) == ("S1", "LOT", "P1")
        assert [phase.retry_count for phase in run.phases] == [0, 1]
        dark, limits, ok, note, curve = run.phases[0].measurements
        assert (dark.measured_value, dark.units, dark.validators[0].expression) == (3.3, "V", "x >= 3.0")
        assert [each.outcome for each in limits.validators] == ["PASS", "FAIL"]
        assert (ok.measured_value, note.measured_value, curve.measured_value) == (True, "fine", None)
        assert [series.data for series in curve.data_series] == [[1, 2], [1.5, 2.5]]
        assert curve.data_series[1].aggregations[0].value == 2.5
        assert (run.logs[0].message, run.logs[0].line_number) == ("(empty)", 7)
        assert [each.serial_number for each in run.sub_units] == ["PUMP-1"]
        unit = client.units.get(serial_number="S1")
        assert unit.created_during.id == made
        assert [child.serial_number for child in unit.children] == ["PUMP-1"]

        rows = client.runs.list(
            search_query=made[:8], outcomes=["PASS"], serial_numbers=["s1"], duration_min="PT1M", duration_max="PT5M",
            procedure_versions=["1.0"], started_after=_STARTED, operated_by_ids=[operator.id], sort_by="serial_number",
        ).data  # fmt: skip
        assert [row.id for row in rows] == [made]
        client.runs.update_metadata(id=made, metadata={"bench": 5})
        assert client.runs.delete(ids=[made]).id == [made]
        with pytest.raises(errors.ErrorNOTFOUND):
            client.runs.get(id=made)
        assert client.units.get(serial_number="S1").created_during is None

    await with_client(served, work)


async def test_attachments_travel_both_ways(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(os.urandom(300_000))

    def work(client: Any) -> None:
        procedure = client.procedures.create(name="Optics").id
        run = store_run(client, procedure)
        made = client.runs.attachments.upload(run, file)
        [attached] = client.runs.get(id=run).attachments
        assert (attached.id, attached.name, attached.size) == (made, "report.pdf", 300_000)
        assert attached.content_type == "application/pdf"
        client.runs.attachments.download(attached, tmp_path / "run.pdf")
        assert (tmp_path / "run.pdf").read_bytes() == file.read_bytes()

        kept = client.units.attachments.upload("S1", file)
        [attached] = client.units.get(serial_number="S1").attachments
        client.units.attachments.download(attached, tmp_path / "unit.pdf")
        assert (tmp_path / "unit.pdf").read_bytes() == file.read_bytes()
        client.units.attachments.delete("S1", [kept])
        assert client.units.get(serial_number="S1").attachments == []

        announced = client.attachments.initialize(name="later.txt")
        client.runs.update(id=run, attachments=[announced.id])
        client.units.update(serial_number="S1", attachments=[made])
        assert client.attachments.finalize(id=made).url.startswith(served.url)
        assert [each.size for each in client.runs.get(id=run).attachments] == [300_000, None]

    await with_client(served, work)


async def test_procedures_versions_and_stations(served: Served) -> None:
    def work(client: Any) -> None:
        procedure = client.procedures.create(name="Optics").id
        client.procedures.update(id=procedure, name="Optics 2")
        run = store_run(client, procedure, procedure_version="v1")
        version = client.procedures.versions.create(procedure_id=procedure, tag="v2").id
        assert client.procedures.versions.get(procedure_id=procedure, tag="V2").id == version
        assert client.procedures.versions.get(procedure_id=procedure, tag="v1").run_count == 1
        client.procedures.versions.delete(procedure_id=procedure, tag="v2")
        with pytest.raises(errors.ErrorCONFLICT):
            client.procedures.versions.delete(procedure_id=procedure, tag="v1")
        station = client.stations.create(name="Bench 1", procedure_id=procedure).id
        read = client.procedures.get(id=procedure)
        assert (read.name, read.runs_count, read.recent_runs[0].id) == ("Optics 2", 1, run)
        assert [each.name for each in read.stations] == ["Bench 1"]
        assert client.procedures.list(search_query="optics").data[0].id == procedure
        assert client.stations.get(id=station).procedures[0].name == "Optics 2"
        assert client.stations.list(search_query="bench").data[0].procedures_count == 1
        assert client.stations.update(id=station, name="Bench 2").name == "Bench 2"
        assert client.stations.remove(id=station).id == station
        assert client.procedures.delete(id=procedure).id == procedure
        assert client.runs.list().data == []
        assert [user.email for user in client.users.list()][1:] == ["ada@example.org"]
        assert client.identity.whoami().user.email == "ada@example.org"

    await with_client(served, work)


async def test_what_runs_consist_of_across_runs(served: Served) -> None:
    def work(client: Any) -> None:
        procedure = client.procedures.create(name="Optics").id
        measurement = {"name": "dark_v", "outcome": "PASS", "measured_value": 3.3, "units": "V"}
        phase = {"name": "Dark", "outcome": "PASS", "started_at": _STARTED, "ended_at": _STARTED,
                 "measurements": [measurement]}  # fmt: skip
        log = {"level": "INFO", "timestamp": _STARTED, "message": "hm", "source_file": "a.py", "line_number": 7}
        run = store_run(client, procedure, phases=[phase, {**phase, "retry_count": 1}], logs=[log])
        [row] = client.measurements.list(procedure_id=procedure, measurement_name="dark_v", value_min=3).data
        assert (row.value, row.run_id, row.measurement_type, row.is_final_attempt) == (3.3, run, "numeric", True)
        assert client.measurements.get(id=row.id).measured_value == 3.3
        assert client.measurements.list(procedure_id=procedure, value_max=3).data == []
        rows = client.phases.list(procedure_id=procedure, exclude_retries=False, sort_by="phase_name").data
        assert sorted(each.retry_count for each in rows) == [0, 1]
        assert client.phases.get(id=rows[0].id).run.serial_number == "S1"
        [line] = client.logs.list(procedure_ids=[procedure]).data
        assert client.logs.get(id=line.id).message == "hm"

    await with_client(served, work)


async def test_a_station_has_its_own_rights(served: Served) -> None:
    procedures: list[str] = []

    def prepare(client: Any) -> None:
        linked = client.procedures.create(name="Linked").id
        client.stations.create(name="Bench", procedure_id=linked)
        procedures.extend([linked, client.procedures.create(name="Other").id])

    def work(client: Any) -> None:
        linked, other = procedures
        assert client.identity.whoami().station.name == "Bench"
        here = client.stations.get_current()
        assert (here.name, here.api_key[:11]) == ("Bench", "vd_station_")
        run = client.runs.get(id=store_run(client, linked))
        assert (run.created_by_station.name, run.created_by_user) == ("Bench", None)
        for procedure in (other, UNKNOWN):
            with pytest.raises(errors.ErrorFORBIDDEN, match="not authorized"):
                store_run(client, procedure)
        with pytest.raises(errors.ErrorFORBIDDEN):
            client.users.get_current()
        with pytest.raises(errors.APIError, match="FORBIDDEN"):
            client.procedures.create(name="")

    await with_client(served, prepare)
    await with_client(served, work, station="Bench")


async def test_refusals_become_the_clients_own_exceptions(served: Served) -> None:
    def work(client: Any) -> None:
        client.parts.create(number="P1")
        client.units.create(serial_number="S1", part_number="P1", revision_number="A")
        with pytest.raises(errors.ErrorCONFLICT, match="already exists"):
            client.units.create(serial_number="s1", part_number="P1", revision_number="A")
        with pytest.raises(errors.ErrorNOTFOUND, match="revision"):
            client.units.create(serial_number="S2", part_number="nope", revision_number="A")
        with pytest.raises(errors.ErrorBADREQUEST, match="is not a child of"):
            client.units.remove_child(serial_number="S1", child_serial_number="S1")
        with pytest.raises(errors.ErrorBADREQUEST, match="validation"):
            client.batches.create(number="a b")
        procedure = client.procedures.create(name="P").id
        with pytest.raises(errors.ErrorUNPROCESSABLECONTENT, match="part number"):
            client.runs.create(
                outcome="PASS", procedure_id=procedure, serial_number="N1", started_at=_STARTED, ended_at=_STARTED
            )
        with pytest.raises(errors.ErrorINTERNALSERVERERROR):
            client.runs.create(
                outcome="PASS", procedure_id=procedure, serial_number="S1", started_at=_STARTED,
                ended_at=_STARTED - timedelta(seconds=1),
            )  # fmt: skip
        for gone in (lambda: client.deployments.list(), lambda: client.deployments.get(id=UNKNOWN)):
            with pytest.raises(errors.ErrorNOTFOUND):
                gone()

    await with_client(served, work)


async def test_without_a_valid_key_there_is_nothing(served: Served) -> None:
    def run() -> None:
        with TofuPilot(api_key="vd_user_x_y", server_url=served.url) as client, pytest.raises(errors.ErrorUNAUTHORIZED):
            client.units.list()

    await asyncio.to_thread(run)
