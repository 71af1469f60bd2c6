"""The instrument writes its own record: its board is a unit; self-tests, checks and calibrations are runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml
from bent_service import bent, bent_service, misbehave, started
from calibration_data import pump
from running_services import serving
from system_requests import over
from unit_record_requests import Asker, asker

from core.service import Service, ServiceOptions
from core.traceability.attachment_links import Links
from core.traceability.runs_read import read_run


async def runs_of(service: Service) -> list[dict[str, Any]]:
    """Return every run, oldest first."""
    links = Links("", service.unit_record.signer)
    return await service.unit_record.read(
        lambda connection: [
            read_run(connection, row["uuid"], links)
            for row in connection.execute("SELECT uuid FROM runs ORDER BY id").fetchall()
        ]
    )


async def only_run(ada: Asker) -> dict[str, Any]:
    """Return the row of the one run, as soon as it is there."""
    async with asyncio.timeout(10):
        while True:
            rows = (await ada.ok("GET", "/runs"))["data"]
            if rows:
                [row] = rows
                found: dict[str, Any] = row
                return found


async def units_of(service: Service) -> list[tuple[str, str, str]]:
    """Return serial number, part and revision of every unit."""
    sql = (
        "SELECT serial_number, parts.number AS part, revisions.number AS revision FROM units "
        "JOIN revisions ON revisions.id = units.revision JOIN parts ON parts.id = revisions.part"
    )
    return await service.unit_record.read(lambda connection: [tuple(row) for row in connection.execute(sql)])


def test_the_first_connection_of_a_board_makes_its_unit_once(tmp_path: Path) -> None:
    async def run() -> None:
        for _ in range(2):
            async with bent_service(tmp_path) as (service, _):
                await asyncio.sleep(2)
                told = service.board_link.describe()["serial_number"]
        async with bent_service(tmp_path, None) as (service, _):
            assert (await units_of(service))[0] == (told, "pioreactor_20ml", "1.5")

    bent(run())


def test_a_self_test_is_a_run_with_a_phase_for_each_test(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(2)
            job = await started(service, "self_test", k="HAT_present")
            await job.gone.wait()
            misbehave(service, "sensor-missing")
            await asyncio.sleep(2)
            job = await started(service, "self_test", k="heating_pcb")
            await job.gone.wait()
            misbehave(service, "heal")
            await asyncio.sleep(2)
            job = await started(service, "self_test", k="dark_offset")
            await job.gone.wait()
            await asyncio.sleep(1)
            good, bad, dark = await runs_of(service)
            [offset] = [each for each in dark["phases"][0]["measurements"] if each["name"] == "dark_1"]
            assert (offset["units"], [each["expected_value"] for each in offset["validators"]]) == ("V", [0.08])
            assert 0 <= offset["measured_value"] < 0.08
            assert (good["outcome"], good["procedure"]["name"]) == ("PASS", "Self-test")
            assert [phase["name"] for phase in good["phases"]] == ["test_pioreactor_HAT_present"]
            assert good["phases"][0]["measurements"][-1]["measured_value"] == "firmware 0.1.0."
            assert (bad["outcome"], [phase["outcome"] for phase in bad["phases"]]) == ("FAIL", ["FAIL"])

    bent(run())


def test_a_self_test_that_is_stopped_is_an_aborted_run(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(2)
            job = await started(service, "self_test")
            await asyncio.sleep(30)
            await service.jobs.end(service.jobs.running)
            await job.gone.wait()
            await asyncio.sleep(1)
            [run] = await runs_of(service)
            assert run["outcome"] == "ABORTED"

    bent(run())


async def test_a_hardware_check_is_a_run_that_clients_can_read(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, "simulated:")) as served:
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        body = {"model_name": "pioreactor_20ml", "model_version": "1.5"}
        accepted = await served.json("POST", "/hardware/check", 202, json=body)
        result = (await over(served.http, accepted))["result"]
        ada = await asker(served, user="ada")
        row = await only_run(ada)
        assert (row["procedure"]["name"], row["outcome"]) == ("Hardware check", "PASS" if result["ok"] else "FAIL")
        read = await ada.ok("GET", f"/runs/{row['id']}")
        told = {phase["name"]: phase["measurements"][-1]["measured_value"] for phase in read["phases"]}
        assert told == {check["name"]: check["detail"] for check in result["checks"]}
        [supply] = [phase["measurements"][0] for phase in read["phases"] if phase["name"] == "supply"]
        assert (supply["name"], supply["units"], supply["outcome"]) == ("supply", "V", "PASS")
        limits = [(each["operator"], each["expected_value"], each["outcome"]) for each in supply["validators"]]
        assert limits == [(">=", 4.5, "PASS"), ("<=", 18.0, "PASS")]


async def test_a_calibration_is_a_run_with_its_points(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, "simulated:")) as served:
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        sent = {"calibration_data": yaml.safe_dump(pump("media-a"))}
        await served.json("POST", "/calibrations/media_pump", json=sent)
        ada = await asker(served, user="ada")
        row = await only_run(ada)
        assert row["procedure"]["name"] == "Calibration of media_pump"
        [phase] = (await ada.ok("GET", f"/runs/{row['id']}"))["phases"]
        name, points, *_ = phase["measurements"]
        assert (phase["name"], name["measured_value"]) == ("simple_peristaltic_pump", "media-a")
        assert [series["data"] for series in points["data_series"]] == [[6.0, 12.0, 18.0], [0.51, 1.0, 1.52]]
