"""What the unit's record does with what it holds: families of units, runs, batches, attachments, metadata."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from running_services import Served
from unit_record_requests import ENDED, STARTED, UNKNOWN, Asker, asker, refusal_of


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Return a user's asker, with part P1 there."""
    made = await asker(served, user="ada@example.org")
    await made.ok("POST", "/parts", {"number": "P1"})
    return made


@pytest.fixture
async def procedure(ada: Asker) -> str:
    """Return a procedure's id."""
    made: str = (await ada.ok("POST", "/procedures", {"name": "Optics"}))["id"]
    return made


async def children(ada: Asker, serial_number: str) -> list[str]:
    unit = await ada.ok("GET", f"/units/{serial_number}")
    return [child["serial_number"] for child in unit["children"]]


async def test_units_contain_units_but_never_themselves(ada: Asker) -> None:
    ids = {f"U{number}": await ada.unit(f"U{number}") for number in range(11)}
    for number in range(10):
        linked = await ada.ok("PUT", f"/units/U{number}/children", {"child_serial_number": f"u{number + 1}"})
        assert linked["id"] == ids[f"U{number + 1}"]
    for child in ("U10", "U0", "U5"):
        await ada.refused(400, "PUT", "/units/U10/children", {"child_serial_number": child})
    await ada.refused(404, "PUT", "/units/U0/children", {"child_serial_number": "nobody"})
    await ada.refused(404, "PUT", "/units/nobody/children", {"child_serial_number": "U1"})
    await ada.refused(400, "PUT", "/units/U0/children", {"child_serial_number": " "})
    await ada.ok("PUT", "/units/U0/children", {"child_serial_number": "U5"})  # moves, with all below it
    assert await children(ada, "U4") == []
    assert await children(ada, "U0") == ["U1", "U5"]
    assert await children(ada, "U5") == ["U6"]
    said = await ada.refused(400, "DELETE", "/units/U0/children", child_serial_number="U6")
    assert "is not a child of" in said["message"]
    assert (await ada.ok("DELETE", "/units/U0/children", child_serial_number="u5"))["id"] == ids["U5"]
    assert (await ada.ok("GET", "/units/U5"))["parent"] is None
    top = await ada.ok("GET", "/units", exclude_units_with_parent="true", sort_by="serial_number", sort_order="asc")
    assert [(row["serial_number"], row["parent"]) for row in top["data"]] == [("U0", None), ("U5", None)]


async def test_deleting_units_takes_their_runs_and_leaves_their_children(ada: Asker, procedure: str) -> None:
    await ada.unit("A")
    await ada.unit("B")
    await ada.ok("PUT", "/units/A/children", {"child_serial_number": "B"})
    run = await ada.run(procedure, "A")
    await ada.refused(404, "DELETE", "/units", serial_numbers=["A", "nobody"])
    await ada.ok("GET", "/units/A")
    await ada.ok("DELETE", "/units", serial_numbers=["a", "A"])
    await ada.refused(404, "GET", f"/runs/{run}")
    assert (await ada.ok("GET", "/units/B"))["parent"] is None
    await ada.refused(400, "DELETE", "/units")


async def test_a_unit_is_changed_where_something_is_given(ada: Asker) -> None:
    await ada.unit("S1", metadata={"a": 1, "b": "x"})
    await ada.unit("S2")
    await ada.ok("POST", "/batches", {"number": "LOT"})
    await ada.ok("POST", "/parts/P1/revisions", {"number": "B"})
    await ada.refused(409, "PATCH", "/units/S1", {"new_serial_number": "s2"})
    await ada.ok("PATCH", "/units/S1", {"new_serial_number": "s1"})
    await ada.ok("PATCH", "/units/S1", {"revision_number": "b", "batch_number": "lot", "metadata": {"a": None, "c": 2}})
    unit = await ada.ok("GET", "/units/S1")
    assert (unit["serial_number"], unit["part"]["revision"]["number"], unit["batch"]["number"]) == ("s1", "B", "LOT")
    assert unit["metadata"] == {"b": "x", "c": 2}
    await ada.ok("PATCH", "/units/S1", {})
    assert (await ada.ok("GET", "/units/S1"))["batch"] is not None
    assert [row["serial_number"] for row in (await ada.ok("GET", "/units", batch_numbers=""))["data"]] == ["S2"]
    await ada.ok("PATCH", "/units/S1", {"batch_number": None})
    assert (await ada.ok("GET", "/units/S1"))["batch"] is None
    for change in ({"batch_number": "nope"}, {"part_number": "nope"}, {"attachments": [UNKNOWN]}):
        await ada.refused(404, "PATCH", "/units/S1", change)


async def test_parts_in_use_stay(ada: Asker) -> None:
    await ada.unit("S1")
    await ada.refused(409, "DELETE", "/parts/P1")
    await ada.refused(409, "DELETE", "/parts/P1/revisions/A")
    await ada.refused(409, "POST", "/parts", {"number": "p1"})
    await ada.refused(409, "POST", "/parts/P1/revisions", {"number": "a"})
    await ada.ok("POST", "/parts", {"number": "P2", "revision_number": "a"})
    await ada.refused(409, "PATCH", "/parts/P2", {"new_number": "p1"})
    await ada.refused(400, "PATCH", "/parts/P2", {})
    await ada.refused(400, "PATCH", "/parts/P2", {"new_number": ""})
    await ada.ok("PATCH", "/parts/P2", {"new_number": "p2"})
    await ada.refused(404, "GET", f"/parts/{UNKNOWN}/revisions/A")
    assert len((await ada.ok("DELETE", "/parts/p2"))["deletedRevisionIds"]) == 1


async def test_a_batch_that_is_deleted_leaves_its_units(ada: Asker, procedure: str) -> None:
    await ada.run(procedure, "S1", batch_number="lot.1:a+b")
    batch = await ada.ok("GET", "/batches/LOT.1:A+B")
    assert [unit["serial_number"] for unit in batch["units"]] == ["S1"]
    assert (await ada.ok("DELETE", "/batches/lot.1:a+b"))["id"] == [batch["id"]]
    assert (await ada.ok("GET", "/units/S1"))["batch"] is None


async def test_a_run_finds_or_makes_what_it_names(ada: Asker, procedure: str) -> None:
    await ada.refused(422, "POST", "/runs", {
        "outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED, "serial_number": "NEW",
    })  # fmt: skip
    first = await ada.run(procedure, "S1", procedure_version="V1", revision_number="R2")
    second = await ada.run(procedure, "s1", procedure_version="v1", part_number="NEXT", batch_number="LOT")
    unit = await ada.ok("GET", "/units/S1")
    assert unit["created_during"]["id"] == first
    assert set(unit["created_during"]) == {
        "id", "created_at", "started_at", "ended_at", "duration", "outcome", "procedure",
    }  # fmt: skip
    part = unit["part"]
    assert (part["number"], part["name"], part["revision"]["number"], unit["batch"]["number"]) == (
        "NEXT", "NEXT", "A", "LOT",
    )  # fmt: skip
    assert (await ada.ok("GET", f"/procedures/{procedure}/versions/v1"))["run_count"] == 2
    row = (await ada.ok("GET", "/units", run_count_min=2, run_count_max=2))["data"][0]
    assert row["last_run"]["id"] == second
    await ada.ok("DELETE", "/runs", ids=[second])
    row = (await ada.ok("GET", "/units"))["data"][0]
    assert row["last_run"]["id"] == first
    await ada.ok("DELETE", "/runs", ids=[first])
    row = (await ada.ok("GET", "/units", run_count_max=0))["data"][0]
    assert row["last_run"] is None
    await ada.refused(404, "DELETE", "/runs", ids=[first])
    await ada.refused(404, "PATCH", f"/runs/{first}", {"attachments": []})


async def test_a_run_sent_again_is_not_stored_twice(ada: Asker, procedure: str) -> None:
    made = await asyncio.gather(*(ada.run(procedure, client_run_ref="bench-1/77") for _ in range(4)))
    assert len(set(made)) == 1
    assert len((await ada.ok("GET", "/runs"))["data"]) == 1


async def test_sub_units_move_to_the_unit_under_test(ada: Asker, procedure: str) -> None:
    for serial in ("TOP", "OLD", "PUMP"):
        await ada.unit(serial)
    await ada.ok("PUT", "/units/OLD/children", {"child_serial_number": "PUMP"})
    made = await ada.run(procedure, "TOP", sub_units=["pump"])
    assert await children(ada, "OLD") == []
    assert await children(ada, "TOP") == ["PUMP"]
    [sub_unit] = (await ada.ok("GET", f"/runs/{made}"))["sub_units"]
    assert (sub_unit["serial_number"], sub_unit["part_number"]) == ("PUMP", "P1")
    body = {"outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED}
    for sub_units in (["PUMP"], ["TOP"]):
        await ada.refused(400, "POST", "/runs", {**body, "serial_number": "PUMP", "sub_units": sub_units})


async def test_outcomes_and_values_are_kept_as_sent(ada: Asker, procedure: str) -> None:
    odd: list[Any] = [3.3, 0, -7, 1234567890123456, True, "text", "", {"a": [1, {"b": None}]}, [[1, 2], [3]], None]
    measurements: list[dict[str, Any]] = [
        {"name": "same", "outcome": "PASS", "measured_value": value,
         "validators": [{"operator": ">=", "expected_value": {"odd": 1}, "outcome": "FAIL"}, {}],
         "aggregations": [{"type": "%max"}]}
        for value in odd
    ]  # fmt: skip
    measurements.append(
        {"name": "y", "outcome": "UNSET", "units": ["s", "V"], "y_axis": [{"data": []}], "validators": None}
    )
    phase = {"name": "Dark", "outcome": "FAIL", "started_at": STARTED, "ended_at": STARTED}
    phases = [{**phase, "measurements": measurements}, {**phase, "retry_count": 2}, {**phase, "retry_count": 1}]
    logs = [{"level": "CRITICAL", "timestamp": STARTED, "message": "x" * 10_001, "source_file": "d/" * 150,
             "line_number": 7.0}]  # fmt: skip
    made = await ada.run(procedure, outcome="PASS", phases=phases, logs=logs, docstring=" as is ")
    run = await ada.ok("GET", f"/runs/{made}")
    assert (run["outcome"], run["docstring"], run["started_at"]) == ("PASS", " as is ", STARTED)
    assert [each["retry_count"] for each in run["phases"]] == [0, 1, 2]
    assert run["phases"][0]["duration"] == "PT0S"
    shown = run["phases"][0]["measurements"]
    assert [each["measured_value"] for each in shown[:-1]] == odd
    folded, empty = shown[0]["validators"]
    assert (folded["outcome"], folded["expected_value"], folded["expression"]) == ("FAIL", None, 'x >= {"odd": 1}')
    assert (empty["outcome"], empty["is_expression_only"], empty["has_custom_expression"]) == ("UNSET", True, False)
    assert isinstance(empty["expression"], str)
    assert shown[-1]["data_series"][0]["data"] == []
    assert (shown[-1]["validators"], shown[-1]["units"]) == (None, "s, V")
    assert (len(run["logs"][0]["message"]), len(run["logs"][0]["source_file"])) == (10_000, 200)
    for key in ("config", "secrets", "sequences", "execution_id", "slot_key", "slot_name"):
        assert key in run


async def test_runs_are_found_by_what_is_known_of_them(ada: Asker, procedure: str) -> None:
    me = (await ada.ok("GET", "/users/current"))["id"]
    long = await ada.run(procedure, "LONG-1", operated_by="ADA@example.org", procedure_version="1")
    short = await ada.run(
        procedure, "SHORT-1", outcome="FAIL", started_at="2031-02-04T00:00:00+01:00", ended_at="2031-02-03T23:00:10Z",
        part_number="P2", revision_number="Z", batch_number="LOT",
    )  # fmt: skip

    async def found(**query: Any) -> list[str]:
        return [row["id"] for row in (await ada.ok("GET", "/runs", **query))["data"]]

    assert await found() == [short, long]
    for query in (
        {"search_query": "long"}, {"search_query": long[:9].upper()}, {"outcomes": ["PASS"]}, {"ids": [long, UNKNOWN]},
        {"serial_numbers": ["long-1", "x"]}, {"part_numbers": ["p1"]}, {"revision_numbers": ["a"]},
        {"duration_min": "PT5M"}, {"duration_min": "P0DT11S"}, {"started_before": STARTED}, {"ended_before": ENDED},
        {"operated_by_ids": [me]}, {"procedure_versions": ["1"]},
    ):  # fmt: skip
        assert await found(**query) == [long], query
    for query in (
        {"batch_numbers": ["lot"]}, {"duration_max": "PT10S"}, {"duration_max": "PT0.5M"},
        {"started_after": "2031-02-03T23:00:00"}, {"started_after": "2031-02-04T00:00:00+01:00"},
    ):  # fmt: skip
        assert await found(**query) == [short], query
    assert await found(created_by_user_ids=[me], procedure_ids=[procedure], sort_by="duration") == [long, short]
    assert await found(created_by_station_ids=[UNKNOWN]) == []
    for query in ({"duration_min": "5 minutes"}, {"started_after": "noon"}, {"outcomes": ["GOOD"]}):
        await ada.refused(400, "GET", "/runs", **query)
    await ada.refused(404, "POST", "/runs", {
        "outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED,
        "serial_number": "LONG-1", "operated_by": "nobody@example.org",
    })  # fmt: skip
    units = await ada.ok("GET", "/units", outcomes=["FAIL"], latest_only="true", sort_by="last_run_at")
    assert [row["serial_number"] for row in units["data"]] == ["SHORT-1"]


async def test_links_to_attachments_are_signed_and_for_one_purpose(served: Served, ada: Asker) -> None:
    await ada.unit("S1")
    made = await ada.ok("POST", "/units/S1/attachments", {"name": "größe.txt"})
    url = made["upload_url"]
    assert url.startswith(f"{served.url}/v2/attachments/")
    for bad in (url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("expires=1", "expires=9"),
                url.replace(made["id"], UNKNOWN), url.partition("?")[0]):  # fmt: skip
        assert (await served.http.put(bad, content=b"x")).status_code in (400, 403), bad
    refusal_of(await served.http.get(url), 403)
    await ada.refused(400, "POST", f"/attachments/{made['id']}/finalize")
    assert (await served.http.put(url, content=b"one")).status_code == 200
    assert (await served.http.put(url, content=b"number two", headers={"Content-Type": "nonsense"})).status_code == 200
    [file] = (await ada.ok("GET", "/units/S1"))["attachments"]
    assert (file["name"], file["size"]) == ("größe.txt", 10)
    read = await served.http.get(file["download_url"])
    assert (read.status_code, read.content) == (200, b"number two")
    assert "sandbox" in read.headers["content-security-policy"]
    assert read.headers["content-disposition"].startswith("attachment")
    refusal_of(await served.http.put(file["download_url"], content=b"x"), 403)
    assert len(list((served.service.data_dir / "unit_record" / "attachments").iterdir())) == 1
    url = (await ada.ok("POST", f"/attachments/{made['id']}/finalize"))["url"]
    assert (await served.http.get(url)).content == b"number two"
    assert (await ada.ok("DELETE", "/units/S1/attachments", ids=[made["id"]])) == {"ids": [made["id"]]}
    refusal_of(await served.http.get(url), 404)
    assert not list((served.service.data_dir / "unit_record" / "attachments").iterdir())
    await ada.refused(404, "DELETE", "/units/S1/attachments", ids=[made["id"]])


async def test_an_attachment_stays_as_long_as_something_has_it(served: Served, ada: Asker, procedure: str) -> None:
    run = await ada.run(procedure, "S1")
    made = await ada.ok("POST", "/attachments", {"name": "report.pdf"})
    await served.http.put(made["upload_url"], content=b"%PDF")
    await ada.ok("PATCH", "/units/S1", {"attachments": [made["id"]]})
    await ada.ok("PATCH", f"/runs/{run}", {"attachments": [made["id"], made["id"]]})
    [file] = (await ada.ok("GET", f"/runs/{run}"))["attachments"]
    assert (file["content_type"], file["is_report"]) == ("application/pdf", False)
    await ada.ok("DELETE", "/runs", ids=[run])
    [file] = (await ada.ok("GET", "/units/S1"))["attachments"]
    assert (await served.http.get(file["download_url"])).content == b"%PDF"
    await ada.ok("DELETE", "/units", serial_numbers=["S1"])
    refusal_of(await served.http.get(file["download_url"]), 404)


async def test_images_are_set_replaced_and_taken_away(ada: Asker) -> None:
    image = (await ada.ok("POST", "/attachments", {"name": "front.png"}))["id"]
    station = (await ada.ok("POST", "/stations", {"name": "Bench"}))["id"]
    for path in ("/parts/P1/revisions/A", f"/stations/{station}"):
        await ada.ok("PATCH", path, {"image_id": image})
        await ada.ok("PATCH", path, {})
        await ada.ok("PATCH", path, {"image_id": ""})
        await ada.refused(404, "PATCH", path, {"image_id": UNKNOWN})
    read = await ada.ok("GET", f"/stations/{station}")
    assert (read["api_key"], read["team"], read["connection_status"], read["procedures"]) == (None, None, None, [])
    assert (await ada.ok("PATCH", f"/stations/{station}", {"team_id": None}))["name"] == "Bench"
    await ada.refused(409, "POST", "/stations", {"name": "Bench"})
    await ada.refused(404, "POST", "/stations", {"name": "Other", "procedure_id": UNKNOWN})


async def test_procedures_need_not_have_names_of_their_own(ada: Asker, procedure: str) -> None:
    for name in ("Optics", "ŒUVRE 光学", "!@#"):
        await ada.ok("POST", "/procedures", {"name": name})
    rows = (await ada.ok("GET", "/procedures", search_query="œuvre"))["data"]
    assert [row["name"] for row in rows] == ["ŒUVRE 光学"]
    assert (rows[0]["runs"], rows[0]["linkedRepository"]) == ([], None)
    found = (await ada.ok("GET", "/procedures", search_query=procedure[2:9]))["data"]
    assert [row["id"] for row in found] == [procedure]
    second = (await ada.ok("GET", "/procedures", limit=1, cursor="1.0"))["data"]
    assert [row["name"] for row in second] == ["ŒUVRE 光学"]
    await ada.ok("PATCH", f"/procedures/{procedure}", {"productionBranch": "main"})
    await ada.refused(400, "PATCH", f"/procedures/{procedure}", {"name": ""})
    await ada.refused(404, "PATCH", f"/procedures/{UNKNOWN}", {"name": "x"})
    read = await ada.ok("GET", f"/procedures/{procedure}")
    assert (read["identifier"], read["runs_count"], read["stations"]) == (None, 0, [])
