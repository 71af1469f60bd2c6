"""The unit's record as the window reads and builds it, without a key: routes under /unit_api/record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving
from unit_record_requests import ENDED, STARTED, UNKNOWN, Asker, asker

from core.service import ServiceOptions

_PHASE = {
    "name": "Heater", "outcome": "PASS", "started_at": STARTED, "ended_at": ENDED,
    "measurements": [{"name": "warming", "outcome": "PASS", "measured_value": 2.5, "units": "°C", "lower_limit": 1.0}],
}  # fmt: skip


@pytest.fixture
async def user(served: Served) -> Asker:
    """Return a user's asker, with units S1 and PUMP-1 of part P1 there."""
    made = await asker(served, user="ada@example.org")
    await made.ok("POST", "/parts", {"number": "P1"})
    await made.unit("S1")
    await made.unit("PUMP-1")
    return made


async def _unit(served: Served, serial_number: str = "S1") -> dict[str, Any]:
    page: dict[str, Any] = await served.json("GET", f"/record/units/{serial_number}")
    return page


def _moves(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(move["action"], move["unit"]["serial_number"]) for move in page["moves"]]


async def test_the_record_says_what_it_holds_and_whether_this_unit_is_in_it(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        while (board := await served.json("GET", "/board"))["serial_number"] is None:
            pass
        known = await served.json("GET", "/record")
        assert known["own_serial_number"] == board["serial_number"]
        if not known["is_own_recorded"]:
            user = await asker(served, user="Ada")
            await user.ok("POST", "/parts", {"number": "P1"})
            await user.unit(board["serial_number"])
        assert (await served.json("GET", "/record"))["is_own_recorded"]


async def test_without_a_board_no_unit_is_this_one(served: Served, user: Asker) -> None:
    known = await served.json("GET", "/record")
    assert (known["own_serial_number"], known["is_own_recorded"], known["unit_count"]) == (None, False, 2)


async def test_a_new_sub_unit_is_made_with_its_part_and_its_coming_is_kept(served: Served, user: Asker) -> None:
    route = "/record/units/S1/children/STIRRER-1"
    refused = await served.json("PUT", route, 400, json={})
    assert refused["error_info"]["fields"] == ["part_number"]
    await served.json("PUT", route, json={"part_number": "STIRRER", "revision_number": "C"})
    page = await _unit(served)
    [child] = page["parts_tree"]
    assert (child["serial_number"], child["part"]["number"], child["part"]["revision"]["number"]) == (
        "STIRRER-1", "STIRRER", "C",
    )  # fmt: skip
    assert _moves(page) == [("put_in", "STIRRER-1")]
    assert page["moves"][0]["created_by_user"]["name"]
    await served.json("PUT", "/record/units/S1/children/STIRRER-2", json={"part_number": "stirrer"})
    assert [one["part"]["revision"]["number"] for one in (await _unit(served))["parts_tree"]] == ["C", "C"]


async def test_a_replaced_sub_unit_comes_out_in_the_same_moment_and_both_are_in_the_history(
    served: Served, user: Asker
) -> None:
    await served.json("PUT", "/record/units/S1/children/PUMP-1", json={})
    await user.unit("PUMP-2")
    await served.json("PUT", "/record/units/S1/children/PUMP-2", json={"replaces": "PUMP-1"})
    page = await _unit(served)
    assert [child["serial_number"] for child in page["children"]] == ["PUMP-2"]
    assert _moves(page) == [("put_in", "PUMP-2"), ("taken_out", "PUMP-1"), ("put_in", "PUMP-1")]
    assert page["moves"][0]["at"] == page["moves"][1]["at"]
    assert (await _unit(served, "PUMP-1"))["parent"] is None


async def test_a_refused_swap_leaves_everything_as_it_was(served: Served, user: Asker) -> None:
    await served.json("PUT", "/record/units/S1/children/PUMP-1", json={})
    before = await _unit(served)
    for status, child, body in (
        (400, "PUMP-9", {"replaces": "PUMP-1"}),
        (404, "PUMP-9", {"replaces": "NOBODY", "part_number": "P1"}),
        (400, "S1", {"replaces": "PUMP-1"}),
        (409, "PUMP-1", {"replaces": "pump-1"}),
        (409, "S1", {"part_number": "OTHER"}),
        (400, "a b", {"part_number": "P1"}),
    ):
        await served.json("PUT", f"/record/units/S1/children/{child}", status, json=body)
    assert await _unit(served) == before
    await served.json("GET", "/record/units/PUMP-9", 404)


async def test_what_clients_with_keys_change_is_in_the_history_too(served: Served, user: Asker) -> None:
    await user.unit("S2")
    await user.ok("PUT", "/units/S1/children", {"child_serial_number": "PUMP-1"})
    await user.ok("PUT", "/units/S2/children", {"child_serial_number": "PUMP-1"})
    await user.ok("PUT", "/units/S2/children", {"child_serial_number": "PUMP-1"})
    assert _moves(await _unit(served)) == [("taken_out", "PUMP-1"), ("put_in", "PUMP-1")]
    assert _moves(await _unit(served, "S2")) == [("put_in", "PUMP-1")]
    await served.json("DELETE", "/record/units/S2/children/PUMP-1")
    assert _moves(await _unit(served, "S2"))[0] == ("taken_out", "PUMP-1")
    await served.json("DELETE", "/record/units/S2/children/PUMP-1", 400)


async def test_runs_are_listed_filtered_and_read_with_their_files(served: Served, user: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    run = await user.run(procedure, phases=[_PHASE])
    await user.run(procedure, outcome="FAIL")
    upload = await user.ok("POST", f"/runs/{run}/attachments", {"name": "note.txt"})
    assert (await served.http.put(upload["upload_url"], content=b"hello")).status_code == 200
    listed = await served.json("GET", "/record/runs", params={"serial_numbers": "S1", "outcomes": "PASS"})
    assert [row["id"] for row in listed["data"]] == [run]
    detail = await served.json("GET", f"/record/runs/{run}")
    assert detail["phases"][0]["measurements"][0]["validators"][0]["operator"] == ">="
    [file] = detail["attachments"]
    assert (await served.http.get(f"/unit_api/record/attachments/{file['id']}")).content == b"hello"
    assert (await served.http.get(file["download_url"])).content == b"hello"
    [row] = (await served.json("GET", "/record/measurements", params={"procedure_id": procedure}))["data"]
    assert (row["measurement_name"], row["value"]) == ("warming", 2.5)
    assert (await _unit(served))["procedures"] == [{"id": procedure, "name": "Self-test", "run_count": 2}]


async def test_a_list_goes_on_where_it_stopped(served: Served, user: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    runs = [await user.run(procedure) for _ in range(3)]
    first = await served.json("GET", "/record/runs", params={"limit": 2})
    await user.run(procedure)
    rest = await served.json("GET", "/record/runs", params={"limit": 2, "cursor": first["meta"]["next_cursor"]})
    assert [row["id"] for row in (*first["data"], *rest["data"])] == runs[::-1]


async def test_the_whole_record_of_a_unit_is_one_document(served: Served, user: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    first, second = await user.run(procedure, phases=[_PHASE]), await user.run(procedure, started_at=ENDED)
    whole = await served.json("GET", "/record/units/s1/export")
    assert whole["unit"]["serial_number"] == "S1"
    assert [run["id"] for run in whole["runs"]] == [first, second]
    assert whole["runs"][0]["phases"][0]["measurements"][0]["measured_value"] == 2.5


async def test_what_is_not_there_or_not_meant_is_refused(served: Served, user: Asker) -> None:
    for path in ("/units/NOBODY", "/units/NOBODY/export", f"/runs/{UNKNOWN}", f"/attachments/{UNKNOWN}"):
        assert (await served.json("GET", f"/record{path}", 404))["error"]
    for path in ("/runs/nope", "/units?limit=0", "/runs?outcomes=MAYBE", "/measurements"):
        assert (await served.json("GET", f"/record{path}", 400))["error"]
