"""What the instrument writes of itself when its board connects: what it is made of, and another firmware."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service
from running_services import Served, ServiceProcess, serving
from test_traceability_instrument import runs_of
from unit_record_requests import Asker, asker

from core.service import ServiceOptions
from core.traceability.units_store import delete_units
from device.firmware import dictionary

OWN = "SIM-000001"
SUB_UNITS = {
    "Media pump": f"{OWN}-media-pump",
    "Alt-media pump": f"{OWN}-alt-media-pump",
    "Waste pump": f"{OWN}-waste-pump",
    "Stirrer": f"{OWN}-stirrer",
    "Heater board": f"{OWN}-heater-board",
    "Optics": f"{OWN}-optics",
}
IN_OPTICS = {
    "Photodiode 1": f"{OWN}-photodiode-1",
    "Photodiode 2": f"{OWN}-photodiode-2",
    "LED A": f"{OWN}-led-A",
}


async def page_of(served: Served, serial_number: str = OWN) -> dict[str, Any]:
    """Return a unit of the record as the window sees it."""
    page: dict[str, Any] = await served.json("GET", f"/record/units/{serial_number}")
    return page


async def recorded(served: Served) -> dict[str, Any]:
    """Return the own unit as soon as it is in the record."""
    async with asyncio.timeout(20):
        while not (await served.json("GET", "/record"))["is_own_recorded"]:
            pass
    return await page_of(served)


def places(tree: list[dict[str, Any]]) -> dict[str, str]:
    """Return position and serial number of the parts of a tree, its first level only."""
    return {part["position"]: part["serial_number"] for part in tree}


async def test_the_first_connection_writes_down_what_the_unit_is_made_of(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        page = await recorded(served)
        tree = page["parts_tree"]
        assert places(tree) == SUB_UNITS
        [optics] = [part for part in tree if part["position"] == "Optics"]
        assert places(optics["parts_tree"]) == IN_OPTICS
        assert all(part["is_placeholder"] for part in (*tree, *optics["parts_tree"]))
        assert {part["part"]["number"] for part in tree} == {
            "peristaltic-pump", "stirrer", "heater-board", "optics",
        }  # fmt: skip
        assert {part["part"]["revision"]["number"] for part in tree} == {"1.5"}
        assert {move["position"] for move in page["moves"]} == set(SUB_UNITS)
        assert page["metadata"]["firmware_version"] == dictionary.FIRMWARE_VERSION


async def test_what_was_swapped_or_taken_out_does_not_come_back(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await recorded(served)
        children = f"/record/units/{OWN}/children"
        body = {"part_number": "peristaltic-pump", "replaces": SUB_UNITS["Media pump"]}
        await served.json("PUT", f"{children}/P-4711", json=body)
        await served.json("DELETE", f"{children}/{SUB_UNITS['Stirrer']}")
        ada = await asker(served, user="ada")
        await ada.ok("DELETE", "/units", serial_numbers=SUB_UNITS["Waste pump"])
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await recorded(served)
        await served.service.board_link.open("simulated:")
        page = await recorded(served)
        left = SUB_UNITS | {"Media pump": "P-4711"}
        del left["Stirrer"], left["Waste pump"]
        assert places(page["parts_tree"]) == left
        old = await page_of(served, SUB_UNITS["Media pump"])
        assert (old["parent"], [move["action"] for move in old["moves"]]) == (None, ["taken_out", "put_in"])
        assert [move["position"] for move in old["moves"]] == ["Media pump", "Media pump"]
        assert {move["parent"]["serial_number"] for move in old["moves"]} == {OWN}


def test_a_unit_whose_parts_were_all_taken_away_stays_without(tmp_path: Path) -> None:
    parts = [*SUB_UNITS.values(), *IN_OPTICS.values()]

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(2)
            record = service.unit_record
            assert len(await record.change(await record.owner(), lambda change: delete_units(change, parts))) == 9
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(2)
        assert units_in(tmp_path / "unit_record" / "record.sqlite") == 1

    bent(run())


async def test_a_unit_somebody_described_already_is_left_as_it_is(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, user="ada")
        await ada.ok("POST", "/parts", {"number": "P1"})
        for serial_number in (OWN, "PUMP-1"):
            await ada.unit(serial_number)
        await ada.ok("PUT", f"/units/{OWN}/children", {"child_serial_number": "PUMP-1"})
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        page = await recorded(served)
        while "firmware_version" not in page["metadata"]:
            page = await page_of(served)
        assert [part["serial_number"] for part in page["parts_tree"]] == ["PUMP-1"]


async def test_a_placeholder_gets_its_own_serial_number_and_stays_the_same_unit(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        before = await recorded(served)
        [pump] = [part for part in before["parts_tree"] if part["position"] == "Media pump"]
        route = f"/record/units/{pump['serial_number']}"
        named = await served.json("PATCH", route, json={"new_serial_number": "P-0815"})
        assert named["id"] == pump["id"]
        page = await page_of(served)
        [pump] = [part for part in page["parts_tree"] if part["position"] == "Media pump"]
        assert (pump["serial_number"], pump["is_placeholder"]) == ("P-0815", False)
        assert len(page["moves"]) == len(before["moves"])
        await served.json("PATCH", "/record/units/P-0815", 409, json={"new_serial_number": SUB_UNITS["Stirrer"]})
        await served.json("PATCH", "/record/units/P-0815", 400, json={"new_serial_number": "no spaces"})
        await served.json("PATCH", "/record/units/nobody", 404, json={"new_serial_number": "P-1"})


def test_kill_9_in_the_first_seconds_leaves_all_sub_units_or_none(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    process = start_service("--board", "simulated:")
    process.url()
    book = data_dir / "unit_record" / "record.sqlite"
    while not units_in(book):
        pass
    process.process.kill()
    process.wait()
    assert units_in(book) == 1 + len(SUB_UNITS) + len(IN_OPTICS)


def units_in(book: Path) -> int:
    """Return how many units there are."""
    with sqlite3.connect(f"file:{book}?mode=ro", uri=True, timeout=10) as connection:
        count: int = connection.execute("SELECT count(*) FROM units").fetchone()[0]
    connection.close()
    return count


def test_another_firmware_is_one_run_and_the_record_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        for version in ("0.1.0", "0.1.0", "0.2.0", "0.2.0"):
            monkeypatch.setattr(dictionary, "FIRMWARE_VERSION", version)
            async with bent_service(tmp_path) as (service, _):
                await asyncio.sleep(2)
        async with bent_service(tmp_path, None) as (service, _):
            [update] = await runs_of(service)
            assert (update["procedure"]["name"], update["outcome"]) == ("Firmware update", "PASS")
            [one] = update["phases"]
            assert {each["name"]: each["measured_value"] for each in one["measurements"]} == {
                "from_version": "0.1.0", "to_version": "0.2.0", "protocol_version": 1,
            }  # fmt: skip
            assert "0.2.0 in place of 0.1.0" in update["docstring"]

    bent(run())


async def test_what_a_person_does_in_a_window_is_kept_with_that_persons_name(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await recorded(served)
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        served.http.headers["X-Vialdesk-Person"] = "J%C3%BCrgen%20K."
        stirrer = f"/record/units/{OWN}/children/{SUB_UNITS['Stirrer']}"
        await served.json("DELETE", stirrer)
        page = await page_of(served)
        assert page["moves"][0]["created_by_user"]["name"] == "Jürgen K."
        body = {"model_name": "pioreactor_20ml", "model_version": "1.5"}
        await served.json("POST", "/hardware/check", 202, json=body)
        del served.http.headers["X-Vialdesk-Person"]
        await served.json("POST", "/hardware/check", 202, json=body)
        ada = await asker(served, user="ada")
        rows = await runs_listed(ada, 2)
        assert [row["operated_by"] and row["operated_by"]["name"] for row in rows] == [None, "Jürgen K."]
        by = [row["operated_by"]["id"] for row in rows if row["operated_by"]]
        assert len((await ada.ok("GET", "/runs", operated_by_ids=by))["data"]) == 1


async def runs_listed(ada: Asker, count: int) -> list[dict[str, Any]]:
    """Return the rows of the runs, newest first, as soon as there are that many."""
    async with asyncio.timeout(10):
        while True:
            rows: list[dict[str, Any]] = (await ada.ok("GET", "/runs"))["data"]
            if len(rows) == count:
                return rows


async def test_a_name_that_is_none_is_left_out(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await recorded(served)
        for name, serial_number in (("%00", "Stirrer"), ("x" * 101, "Waste pump"), ("%20", "Optics")):
            served.http.headers["X-Vialdesk-Person"] = name
            await served.json("DELETE", f"/record/units/{OWN}/children/{SUB_UNITS[serial_number]}")
        page = await page_of(served)
        assert len({move["created_by_user"]["name"] for move in page["moves"]}) == 1
