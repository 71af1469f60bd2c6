"""Where the unit record's answers once differed from those of TofuPilot's REST API v2."""

from __future__ import annotations

from typing import Any

import pytest
from running_services import Served
from unit_record_requests import STARTED, Asker, asker


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Return a user's asker, with part P1 and unit S1 there."""
    made = await asker(served, user="ada@example.org")
    await made.ok("POST", "/parts", {"number": "P1"})
    await made.unit("S1")
    return made


@pytest.fixture
async def procedure(ada: Asker) -> str:
    """Return the id of a procedure."""
    made: str = (await ada.ok("POST", "/procedures", {"name": "Optics"}))["id"]
    return made


async def test_an_image_outlives_the_run_it_was_attached_to(served: Served, ada: Asker, procedure: str) -> None:
    station = (await ada.ok("POST", "/stations", {"name": "Bench"}))["id"]
    for holder in ("/parts/P1/revisions/A", f"/stations/{station}"):
        run = await ada.run(procedure)
        made = await ada.ok("POST", f"/runs/{run}/attachments", {"name": "front.png"})
        await served.http.put(made["upload_url"], content=b"picture")
        await ada.ok("PATCH", holder, {"image_id": made["id"]})
        await ada.ok("DELETE", "/runs", ids=[run])
        url = (await ada.ok("POST", f"/attachments/{made['id']}/finalize"))["url"]
        assert (await served.http.get(url)).content == b"picture"


async def test_a_file_that_cannot_be_removed_does_not_spoil_the_answer(served: Served, ada: Asker) -> None:
    made = await ada.ok("POST", "/units/S1/attachments", {"name": "report.txt"})
    await served.http.put(made["upload_url"], content=b"text")
    [file] = (served.service.data_dir / "unit_record" / "attachments").iterdir()
    file.unlink()
    file.mkdir()  # which no file's removal removes
    assert await ada.ok("DELETE", "/units/S1/attachments", ids=[made["id"]]) == {"ids": [made["id"]]}


async def test_the_keys_of_a_station_that_is_archived_are_shown_as_worthless(served: Served, ada: Asker) -> None:
    station = await asker(served, station="Bench")
    await station.unit("S2")  # so the station is archived and not deleted
    await ada.ok("DELETE", f"/stations/{(await station.ok('GET', '/whoami'))['station']['id']}")
    [key] = [each for each in await served.json("GET", "/keys") if each["station"] == "Bench"]
    assert key["revoked_at"] is not None
    await served.json("DELETE", f"/keys/{key['prefix']}", 409)


async def test_metadata_have_50_keys_at_most_however_they_come_together(ada: Asker, procedure: str) -> None:
    many = {f"key{number}": number for number in range(50)}
    await ada.ok("PATCH", "/units/S1", {"metadata": many})
    said = await ada.refused(400, "PATCH", "/units/S1", {"metadata": {"one": 1}, "new_serial_number": "S2"})
    assert "50" in said["message"]
    await ada.ok("PATCH", "/units/S1", {"metadata": {"one": 1, "key0": None}})
    assert len((await ada.ok("GET", "/units/S1"))["metadata"]) == 50
    run = await ada.run(procedure, metadata=many)
    await ada.refused(400, "PATCH", f"/runs/{run}/metadata", {"metadata": {"one": 1}})


@pytest.mark.parametrize("change", [{"part_number": ""}, {"revision_number": ""}, {"part_number": " "}])
async def test_no_unit_is_moved_to_a_part_without_a_number(ada: Asker, change: dict[str, str]) -> None:
    said = await ada.refused(404, "PATCH", "/units/S1", change)
    assert "revision" in said["message"]


async def test_durations_may_have_the_comma_of_the_standard(ada: Asker, procedure: str) -> None:
    run = await ada.run(procedure, ended_at=STARTED.replace("06.123456", "07.623456"))
    for least, found in (("PT1,5S", [run]), ("PT1,6S", []), ("PT0,025M", [run])):
        assert [row["id"] for row in (await ada.ok("GET", "/runs", duration_min=least))["data"]] == found


async def test_every_refusal_says_what_to_do_next(served: Served, ada: Asker) -> None:
    said = await ada.refused(400, "POST", "/parts", {"number": ""})
    assert said["message"].endswith("Correct the request and send it again.")
    record = served.service.unit_record
    await record.change(await record.owner(), lambda change: change.connection.execute("DROP TABLE moves"))
    await ada.unit("S2")
    said = await ada.refused(500, "PUT", "/units/S1/children", {"child_serial_number": "S2"})
    assert "See that the disk has space" in said["message"]


async def test_log_lines_of_a_run_are_found_whatever_they_are_sorted_by(ada: Asker, procedure: str) -> None:
    log = {"level": "INFO", "timestamp": STARTED, "message": "m", "source_file": "f", "line_number": 1}
    runs = [await ada.run(procedure, logs=[log]) for _ in range(2)]
    for sort_by in ("created_at", "level", "run_id", "outcome"):
        rows = (await ada.ok("GET", "/logs", run_ids=[runs[0]], sort_by=sort_by))["data"]
        assert [row["run"]["id"] for row in rows] == [runs[0]]


@pytest.mark.parametrize(
    "query",
    [
        {"execution_ids": ["e1", "x"]},
        {"slot_keys": ["k1"]},
        {"slot_names": ["Left"]},
        {"samples": ["golden"]},
        {"samples": ["golden", "failing"], "sort_by": "serial_number"},
        {"operated_by_names": ["ada@example.org"]},
    ],
)
async def test_runs_are_found_by_slot_sample_and_operator(ada: Asker, procedure: str, query: dict[str, Any]) -> None:
    await ada.unit("GOLD", sample="golden")
    found = await ada.run(
        procedure, "GOLD", execution_id="e1", slot_key="k1", slot_name="Left", operated_by="ada@example.org"
    )
    other = await ada.run(procedure, "S1", execution_id="e2", slot_key="k2", slot_name="Right")
    assert [row["id"] for row in (await ada.ok("GET", "/runs", **query))["data"]] == [found]
    rows = (await ada.ok("GET", "/runs", samples=["production"]))["data"]
    assert [row["id"] for row in rows] == [other]
