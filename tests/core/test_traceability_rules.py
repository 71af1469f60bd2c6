"""The rules of the unit record's API that no single operation owns: keys, order of checks, errors, pages, addresses."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving
from unit_record_requests import ENDED, STARTED, UNKNOWN, Asker, asker, make_key, refusal_of

from core.service import ServiceOptions

_LOG = {"level": "INFO", "timestamp": STARTED, "message": "", "source_file": "", "line_number": 1.5}


@pytest.fixture
async def user(served: Served) -> Asker:
    """Return a user's asker, with part P1 there."""
    made = await asker(served, user="ada@example.org")
    await made.ok("POST", "/parts", {"number": "P1"})
    return made


@pytest.fixture
async def station(served: Served, user: Asker) -> Asker:
    """Return a station's asker."""
    return await asker(served, station="Bench")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic {key}", "Bearer {key}x", "Bearer x", "{key}"])
async def test_every_request_needs_a_key_on_this_computer_too(served: Served, user: Asker, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.format(key=user.key)}
    for path in ("/v2/units", "/api/v2/units/x", "/v2/whoami"):
        answer = await served.http.get(path, headers=headers)
        refusal_of(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await served.http.get("/v2/units", headers={"Authorization": f"bearer {user.key}"})).status_code == 200


async def test_a_revoked_key_is_worthless(served: Served, user: Asker) -> None:
    prefix = user.key.rpartition("_")[0]
    listed = await served.json("GET", "/keys")
    assert [(key["prefix"], key["user"], key["revoked_at"]) for key in listed] == [(prefix, "ada@example.org", None)]
    await served.json("DELETE", f"/keys/{prefix}")
    await user.refused(401, "GET", "/units")
    await served.json("DELETE", f"/keys/{prefix}", 409)
    await served.json("DELETE", "/keys/vd_user_nope", 404)
    assert (await served.json("GET", "/keys"))[0]["revoked_at"]


async def test_a_key_is_shown_once_and_never_stored(served: Served, user: Asker) -> None:
    await served.service.records.flush()
    secret = user.key.rpartition("_")[2].encode()
    files = [path for path in served.service.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "record.sqlite" for path in files)
    assert not [path for path in files if secret in path.read_bytes()]


async def test_keys_are_named_for_one_user_or_one_station(served: Served) -> None:
    for body in ({}, {"user": "a", "station": "b"}, {"user": ""}, {"user": " "}, {"user": "x" * 61}, {"name": "x"}):
        await served.json("POST", "/keys", 400, json=body)
    first, second = await make_key(served, user="Ada B."), await make_key(served, user="Ada B.")
    assert first != second
    users = await Asker(served.http, first).ok("GET", "/users")
    assert [user["name"] for user in users][1:] == ["Ada B."]
    assert users[1]["email"] == f"ada.b@{served.service.unit}.local"


async def test_beyond_loopback_the_records_keys_take_the_place_of_the_token(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir), token_hash="0" * 64) as served:
        record = served.service.unit_record
        from core.traceability.keys import make_user_key

        key = await record.change(await record.owner(), lambda change: make_user_key(change, "ada", "unit"))
        await Asker(served.http, key).ok("GET", "/units")
        assert (await served.http.get("/v2/units")).status_code == 401
        assert (await served.http.get("/unit_api/keys", headers={"Authorization": f"Bearer {key}"})).status_code == 401


async def test_foreign_hosts_and_sites_are_refused_in_the_records_form(served: Served, user: Asker) -> None:
    for foreign in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        answer = await served.http.get("/v2/units", headers={"Authorization": f"Bearer {user.key}", **foreign})
        refusal_of(answer, 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/"), ("GET", "/nope"), ("GET", "/units/"), ("DELETE", "/units/"), ("PATCH", "/units/"),
     ("PUT", "/units//children"), ("GET", "/parts//revisions/A"), ("PUT", "/units"), ("POST", "/units/S1"),
     ("GET", "/units/S1/children"), ("GET", "/deployments"), ("GET", f"/deployments/{UNKNOWN}"),
     ("POST", "/imports/structured"), ("GET", "/users/someone"), ("HEAD", "/units"), ("GET", "/Units")],
)  # fmt: skip
async def test_unknown_routes_are_404_and_never_redirected(served: Served, user: Asker, method: str, path: str) -> None:
    for base in ("/v2", "/api/v2"):
        answer = await served.http.request(
            method, f"{base}{path}", headers={"Authorization": f"Bearer {user.key}"}, follow_redirects=False
        )
        assert answer.status_code == 404
        if method != "HEAD":
            refusal_of(answer, 404)


async def test_both_prefixes_lead_to_one_record(served: Served, user: Asker) -> None:
    made = await user.unit("S1")
    assert (await Asker(served.http, user.key, "/api/v2").ok("GET", "/units/s1"))["id"] == made


async def test_unknown_parameters_and_keys_are_ignored(user: Asker) -> None:
    await user.unit("S1", colour="blue", sample=None, metadata=None)
    assert len((await user.ok("GET", "/units", colour="blue", search_query=""))["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/procedures", {"name": ""}),
        ("POST", "/stations", {"name": ""}),
        ("PATCH", "/parts/P1", {}),
        ("PATCH", "/parts/P1/revisions/nope", {}),
        ("DELETE", "/parts/nope", None),
        ("DELETE", "/units", None),
        ("PATCH", "/batches/x", {}),
        ("DELETE", "/batches/x", None),
        ("DELETE", "/attachments", None),
        ("DELETE", "/runs", None),
        ("PATCH", "/procedures/x", {}),
        ("DELETE", "/procedures/x", None),
        ("DELETE", "/procedures/x/versions/y", None),
        ("GET", "/stations?limit=0", None),
        ("PATCH", "/stations/x", {}),
        ("DELETE", "/stations/x", None),
        ("GET", "/users/current", None),
    ],
)
async def test_what_is_not_for_stations_is_refused_before_anything_is_read(
    station: Asker, method: str, path: str, body: Any
) -> None:
    said = await station.refused(403, method, path, body)
    assert "Stations cannot" in said["message"]


async def test_a_station_may_run_what_it_is_linked_to(served: Served, user: Asker, station: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "P"}))["id"]
    run = {"outcome": "PASS", "started_at": STARTED, "ended_at": ENDED, "serial_number": "S1", "part_number": "P1"}
    await station.refused(400, "POST", "/runs", {**run, "procedure_id": "no uuid"})
    for known in (UNKNOWN, procedure):
        said = await station.refused(403, "POST", "/runs", {**run, "procedure_id": known})
        assert "not authorized" in said["message"]
    me = (await station.ok("GET", "/stations/current"))["id"]
    shim = {"json": {"id": me, "procedure_id": procedure}}
    assert (
        await Asker(served.http, station.key, "").raw("POST", "/api/trpc/station.linkProcedure", json=shim)
    ).status_code == 403
    await Asker(served.http, user.key, "").ok("POST", "/api/trpc/station.linkProcedure", shim)
    made = await station.run(procedure)
    read = await user.ok("GET", f"/runs/{made}")
    assert (read["created_by_user"], read["created_by_station"]["name"]) == (None, "Bench")
    assert (await station.ok("GET", "/stations/current"))["procedures"][0]["runs_count"] == 1
    await station.refused(400, "POST", "/procedures/x/versions", {"tag": "1"})
    await station.refused(403, "POST", f"/procedures/{UNKNOWN}/versions", {"tag": "1"})
    await station.refused(403, "POST", f"/procedures/{procedure}/versions", {"tag": "1"})
    await user.refused(403, "GET", "/stations/current")
    assert await station.ok("GET", "/users", current="true") == []
    assert len(await user.ok("GET", "/users", current="true")) == 1


async def test_a_station_that_was_removed_is_only_remembered(user: Asker, station: Asker) -> None:
    me = (await station.ok("GET", "/stations/current"))["id"]
    await station.unit("S1")
    assert (await user.ok("DELETE", f"/stations/{me}"))["id"] == me
    await station.refused(401, "GET", "/units")
    await user.refused(404, "GET", f"/stations/{me}")
    await user.refused(404, "DELETE", f"/stations/{me}")
    assert (await user.ok("GET", "/stations"))["data"] == []
    assert (await user.ok("GET", "/units/S1"))["created_by_station"]["name"] == "Bench"
    await user.ok("POST", "/stations", {"name": "Bench"})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/units", {"serial_number": " ", "part_number": "P1", "revision_number": "A"}, "at least 1 character"),
        ("/units", {"serial_number": "S" * 61, "part_number": "P1", "revision_number": "A"}, "60"),
        ("/units", {"serial_number": "a/b", "part_number": "P1", "revision_number": "A"}, "invalid"),
        ("/units", {"serial_number": 5, "part_number": "P1", "revision_number": "A"}, "serial_number"),
        ("/parts", {"number": ""}, "validation"),
        ("/parts", {"number": "x" * 61}, "60"),
        ("/parts", {"number": "P2", "name": "x" * 256}, "255"),
        ("/parts/P1/revisions", {"number": ""}, "validation"),
        ("/parts/P1/revisions", {"number": "x" * 61}, "length"),
        ("/batches", {"number": ""}, "validation"),
        *(("/batches", {"number": f"a{character}b"}, "invalid") for character in " /\\()[]#@&=,;\"'"),
        ("/procedures", {"name": "  "}, "validation"),
        ("/procedures", {"name": "x" * 1026}, "validation"),
        ("/stations", {"name": ""}, "required"),
        ("/attachments", {"name": " "}, "file name"),
        ("/units", [], "JSON"),
    ],
)
async def test_what_does_not_fit_is_named(user: Asker, path: str, body: Any, words: str) -> None:
    answer = await user.raw("POST", path, json=body)
    refusal_of(answer, 400)
    assert words.lower() in answer.text.lower()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("serial_number", " ", "serial number"),
        ("serial_number", "S" * 61, "length"),
        ("procedure_id", "nope", "uuid"),
        ("batch_number", "", "batch"),
        ("part_number", "", "part"),
        ("operated_by", "", "operated_by"),
        ("operated_by", "ada", "email"),
        ("outcome", "GOOD", "outcome"),
        ("started_at", "yesterday", "moment"),
        ("phases", [{"name": "x", "outcome": "PASS"}], "phases.0.started_at"),
        (
            "logs",
            [{"level": "INFO", "timestamp": STARTED, "message": "", "source_file": "", "line_number": 1.5}],
            "line",
        ),
    ],
)
async def test_the_first_issue_says_what_is_wrong_with_a_run(user: Asker, field: str, value: Any, words: str) -> None:
    body = {"outcome": "PASS", "procedure_id": UNKNOWN, "started_at": STARTED, "ended_at": ENDED,
            "serial_number": "S1", "part_number": "P1", field: value}  # fmt: skip
    said = await user.refused(400, "POST", "/runs", body)
    assert words in said["issues"][0]["message"].lower()


async def test_versions_have_tags_of_60_characters_at_most(user: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": " P "}))["id"]
    path = f"/procedures/{procedure}/versions"
    assert "60 character" in (await user.refused(400, "POST", path, {"tag": "x" * 61}))["issues"][0]["message"]
    assert "tag" in (await user.refused(400, "POST", path, {"tag": ""}))["issues"][0]["message"]
    said = await user.refused(404, "POST", f"/procedures/{UNKNOWN}/versions", {"tag": "1"})
    assert "procedure" in said["message"]
    await user.ok("POST", path, {"tag": "v1"})
    await user.refused(409, "POST", path, {"tag": "V1"})
    assert (await user.ok("GET", f"{path}/V1"))["tag"] == "v1"


async def test_a_run_must_not_end_before_it_starts(user: Asker) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "P"}))["id"]
    body = {"outcome": "PASS", "procedure_id": procedure, "started_at": ENDED, "ended_at": STARTED,
            "serial_number": "S1", "part_number": "P1"}  # fmt: skip
    await user.refused(500, "POST", "/runs", body)
    await user.ok("POST", "/runs", {**body, "ended_at": ENDED})
    assert (await user.ok("GET", "/runs"))["data"][0]["duration"] == "PT0S"


async def test_pages_stay_right_while_rows_are_added(user: Asker) -> None:
    for number in range(6):
        await user.unit(f"S{number}")
    seen, cursor, added = [], "0", 0
    while True:
        page = await user.ok("GET", "/units", limit=2, cursor=cursor)
        seen += [row["serial_number"] for row in page["data"]]
        assert page["meta"]["has_more"] is (page["meta"]["next_cursor"] is not None)
        if not page["meta"]["has_more"]:
            break
        assert page["meta"]["next_cursor"] == len(seen)
        cursor = f"{page['meta']['next_cursor']}.0"
        for _ in range(3):
            added += 1
            await user.unit(f"NEW{added}")
    assert seen == ["S5", "S4", "S3", "S2", "S1", "S0"]
    for query in ({"limit": 0}, {"limit": 101}, {"cursor": -1}, {"cursor": "x"}, {"sort_by": "colour"}):
        await user.refused(400, "GET", "/units", **query)


@pytest.mark.parametrize("sort_by", ["created_at", "serial_number", "part_number", "last_run_at", "last_run_procedure"])
async def test_ties_turn_round_with_the_order(user: Asker, sort_by: str) -> None:
    await asyncio.gather(*(user.unit(f"S{number}") for number in range(4)))
    up = await user.ok("GET", "/units", sort_by=sort_by, sort_order="asc")
    down = await user.ok("GET", "/units", sort_by=sort_by, sort_order="desc")
    assert [row["id"] for row in up["data"]] == [row["id"] for row in reversed(down["data"])]


@pytest.mark.parametrize("sort_by", ["started_at", "duration", "outcome", "part_number", "revision_number"])
async def test_ties_of_runs_turn_round_with_the_order(user: Asker, sort_by: str) -> None:
    procedure = (await user.ok("POST", "/procedures", {"name": "P"}))["id"]
    for _ in range(3):
        await user.run(procedure)
    up = await user.ok("GET", "/runs", sort_by=sort_by, sort_order="asc")
    down = await user.ok("GET", "/runs", sort_by=sort_by, sort_order="desc")
    assert [row["id"] for row in up["data"]] == [row["id"] for row in reversed(down["data"])]


async def test_what_changes_the_record_is_noted_without_its_content(served: Served, user: Asker) -> None:
    await user.unit("S1")
    rows = await served.service.records.read(
        lambda connection: connection.execute("SELECT method, path, body, status FROM actions").fetchall()
    )
    assert ("POST", "/v2/units", None, 200) in [tuple(row) for row in rows]


async def test_the_description_names_every_operation_and_needs_no_key(served: Served) -> None:
    for base in ("/v2", "/api/v2"):
        document = (await served.http.get(f"{base}/openapi.json")).json()
        assert len([1 for path in document["paths"].values() for _ in path]) >= 55
        assert document["servers"] == [{"url": "/v2"}, {"url": "/api/v2"}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"400", "401", "403", "500"} <= set(operation["responses"]), (method, path)
            assert operation["description"], (method, path)


async def test_no_operation_is_open_without_a_key_but_signed_links(served: Served) -> None:
    description = (await served.http.get("/v2/openapi.json")).json()
    open_to_all = []
    for path, operations in description["paths"].items():
        for method in operations:
            answer = await served.http.request(method, "/v2" + re.sub(r"\{\w+\}", UNKNOWN, path))
            if answer.status_code != 401:
                open_to_all.append((method, path))
    assert open_to_all == [("put", "/attachments/{id}/content"), ("get", "/attachments/{id}/content")]
