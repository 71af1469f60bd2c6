"""Pushing to a server that is away, at fault, busy, refuses, or whose answers are lost: a real one, told to."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from faulty_server import Fault, FaultyServer, faulty_server, refusal
from pushing import Lab, upload, waiting
from running_services import serving
from unit_record_requests import UNKNOWN, asker

from core.service import ServiceOptions
from core.traceability.schema import MOST_WAITING

pytestmark = pytest.mark.usefixtures("short_push_waits")


async def procedure(lab: Lab) -> str:
    return str((await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"])


async def runs_there(lab: Lab, count: int) -> list[dict[str, Any]]:
    state = await lab.all_sent()
    assert state["stopped_count"] == 0
    found = await lab.runs()
    assert len(found) == count
    return found


@pytest.mark.parametrize("forgets_refs", [False, True])
async def test_a_run_whose_answer_is_lost_is_not_there_twice(lab: Lab, way: FaultyServer, forgets_refs: bool) -> None:
    way.forgets_refs = forgets_refs
    way.faults = [Fault("POST", "/runs", happens=True)]
    await lab.push(way.url)
    first = await procedure(lab)
    await lab.writer.run(first)
    await lab.writer.run(first, outcome="FAIL")
    await runs_there(lab, 2)
    assert way.count("POST", "/runs") == 2


async def test_a_run_that_is_not_found_again_is_known_to_the_server_by_its_own_id(lab: Lab, way: FaultyServer) -> None:
    nothing = {"data": [], "meta": {"has_more": False, "next_cursor": None}}
    way.faults = [Fault("POST", "/runs", happens=True), Fault("GET", "/runs", 200, nothing)]
    await lab.push(way.url)
    await lab.writer.run(await procedure(lab))
    await runs_there(lab, 1)
    assert way.count("POST", "/runs") == 2


@pytest.mark.parametrize("forgets_refs", [False, True])
async def test_twins_are_two_also_when_both_answers_are_lost(lab: Lab, way: FaultyServer, forgets_refs: bool) -> None:
    way.forgets_refs = forgets_refs
    way.faults = [Fault("POST", "/runs", happens=True, times=2)]
    await lab.push(way.url)
    first = await procedure(lab)
    twins = [await lab.writer.run(first), await lab.writer.run(first)]
    await runs_there(lab, 2)
    for twin in twins:
        await upload(lab.writer, f"runs/{twin}", f"{twin}.csv", b"1")
    there = await runs_there(lab, 2)
    files = [(await lab.reader.ok("GET", f"/runs/{run['id']}"))["attachments"] for run in there]
    assert sorted(file["name"] for [file] in files) == sorted(f"{twin}.csv" for twin in twins)


async def test_whatever_answer_is_lost_everything_is_there_once(lab: Lab, way: FaultyServer) -> None:
    asked = [
        ("GET", "/whoami"), ("GET", "/units/S2"), ("POST", "/units"), ("POST", "/parts"), ("PATCH", "/units/S3"),
        ("GET", "/procedures"), ("POST", "/procedures"), ("POST", "/runs"), ("POST", "/attachments"),
        ("PUT", "/content"), ("POST", "/finalize"), ("PUT", "/children"),
    ]  # fmt: skip
    for happens in (False, True):
        way.faults += [Fault(method, path, happens=happens) for method, path in asked]
    way.forgets_refs = True
    await lab.push(way.url)
    await lab.writer.unit("S3")
    run = await lab.writer.run(await procedure(lab), "S2", sub_units=["S1"])
    await upload(lab.writer, f"runs/{run}", "raw.csv", b"1,2\n")
    await lab.writer.ok("PATCH", "/units/S3", {"metadata": {"bench": 7}})
    await lab.writer.ok("PUT", "/units/S2/children", {"child_serial_number": "S3"})
    [there] = await runs_there(lab, 1)
    assert not way.faults
    [file] = (await lab.reader.ok("GET", f"/runs/{there['id']}"))["attachments"]
    assert (file["name"], file["size"]) == ("raw.csv", 4)
    assert len((await lab.reader.ok("GET", "/procedures"))["data"]) == 1
    assert len((await lab.reader.ok("GET", "/units"))["data"]) == 3
    children = (await lab.reader.ok("GET", "/units/S2"))["children"]
    assert sorted(child["serial_number"] for child in children) == ["S1", "S3"]


async def test_a_link_whose_answer_is_lost_links_one_file(lab: Lab, way: FaultyServer) -> None:
    await lab.push(way.url)
    run = await lab.writer.run(await procedure(lab))
    [there] = await runs_there(lab, 1)
    way.faults = [Fault("PATCH", f"/runs/{there['id']}", happens=True)]
    await upload(lab.writer, f"runs/{run}", "raw.csv", b"1,2\n")
    await lab.all_sent()
    assert len((await lab.reader.ok("GET", f"/runs/{there['id']}"))["attachments"]) == 1
    assert way.count("PUT", "/content") == 1


async def test_a_fault_with_one_run_lets_the_others_go_first(lab: Lab, way: FaultyServer) -> None:
    way.faults = [Fault("POST", "/runs", 500, refusal("It broke.", "INTERNAL_SERVER_ERROR"), times=3)]
    await lab.push(way.url)
    first = await procedure(lab)
    for outcome in ("FAIL", "PASS", "ERROR"):
        await lab.writer.run(first, outcome=outcome)
    await lab.until(lambda state: state["last_error"] and "It broke." in state["last_error"]["what"])
    await runs_there(lab, 3)
    state = await lab.state()
    assert state["last_error"] is None


async def test_what_the_server_had_a_fault_with_goes_behind_what_it_has_not_seen(lab: Lab, way: FaultyServer) -> None:
    way.faults = [
        Fault("POST", "/runs", 500, refusal("It broke.", "INTERNAL_SERVER_ERROR")),
        Fault("GET", "/runs", 401, refusal("No.", "UNAUTHORIZED")),
    ]
    await lab.push(way.url)
    first = await procedure(lab)
    await lab.writer.run(first, outcome="FAIL")
    await lab.until(lambda state: state["state"] == "paused")
    await lab.writer.run(first)
    await lab.push(way.url)
    await runs_there(lab, 2)
    by_age = (await lab.reader.ok("GET", "/runs", sort_by="created_at", sort_order="asc"))["data"]
    assert [run["outcome"] for run in by_age] == ["PASS", "FAIL"]


async def test_a_busy_server_is_left_alone_as_long_as_it_asks_for(lab: Lab, way: FaultyServer) -> None:
    way.faults = [Fault("POST", "/runs", 429, refusal("Slow down."), {"Retry-After": "100"})]
    await lab.push(way.url)
    await lab.writer.run(await procedure(lab))
    state = await lab.until(lambda state: state["state"] == "waiting" and state["last_error"])
    assert "busy" in state["last_error"]["what"]
    assert state["next_try_at"] > state["last_error"]["at"]
    assert way.count("POST", "/runs") == 1
    await lab.unit.json("POST", "/record/push/retry", json={})
    await runs_there(lab, 1)


async def test_a_refused_key_pauses_everything_until_another_one_is_given(lab: Lab, way: FaultyServer) -> None:
    await lab.push(way.url, api_key="wrong")
    await lab.writer.run(await procedure(lab))
    state = await lab.until(lambda state: state["state"] == "paused")
    assert "does not accept the key" in state["paused"]["what"]
    assert "new key" in state["paused"]["remedy"]
    asked = len(way.asked)
    await lab.writer.run(await procedure(lab), outcome="FAIL")
    assert (await lab.state())["waiting_runs"] == 2
    assert len(way.asked) == asked
    await lab.unit.json("PATCH", "/record/push", json={"api_key": lab.key})
    await runs_there(lab, 2)


async def test_what_is_refused_stops_says_why_and_can_be_tried_again_or_left(lab: Lab, way: FaultyServer) -> None:
    way.faults = [Fault("POST", "/runs", 422, refusal("The part number is not known."), times=2)]
    await lab.push(way.url)
    first = await procedure(lab)
    refused = [await lab.writer.run(first), await lab.writer.run(first, outcome="FAIL")]
    await upload(lab.writer, f"runs/{refused[1]}", "raw.csv", b"1")
    await lab.writer.run(first, outcome="ERROR")
    await lab.until(lambda state: state["stopped_count"] == 2 and state["waiting_runs"] == 0)
    assert [run["outcome"] for run in await lab.runs()] == ["ERROR"]
    stopped = await lab.pending(is_stopped=True)
    assert [item["run_id"] for item in stopped] == refused
    assert all("The part number is not known." in item["reason"] and item["remedy"] for item in stopped)
    assert [item["kind"] for item in await lab.pending()] == ["run", "run", "run_file"]
    await lab.unit.json("DELETE", f"/record/push/pending/{stopped[1]['id']}")
    await lab.unit.json("DELETE", f"/record/push/pending/{stopped[1]['id']}", 404)
    await lab.unit.json("POST", "/record/push/retry", 404, json={"ids": [stopped[1]["id"]]})
    assert await lab.unit.json("POST", "/record/push/retry", json={"ids": [stopped[0]["id"]]}) == {"count": 1}
    await runs_there(lab, 2)
    assert await lab.pending() == []


async def test_something_else_at_the_address_stops_nothing(lab: Lab, way: FaultyServer) -> None:
    way.faults = [
        Fault("GET", "/whoami", 404, "<html>no such page</html>"),
        Fault("GET", "/whoami", 302, "<html>log in</html>", {"Location": "/login"}),
        Fault("GET", "/whoami", 200, "<html>welcome</html>"),
        Fault("POST", "/runs", 403, "<html>forbidden by the proxy</html>"),
    ]
    await lab.push(way.url)
    await lab.writer.run(await procedure(lab))
    await runs_there(lab, 1)
    assert not way.faults


async def test_a_server_that_is_away_is_tried_until_it_is_back(tmp_path: Path, lab: Lab) -> None:
    with faulty_server(lab.server.url) as way:
        address = way.url
    await lab.push(address)
    await lab.writer.run(await procedure(lab))
    state = await lab.until(lambda state: state["state"] == "waiting" and state["last_error"])
    assert "is not reached" in state["last_error"]["what"]
    assert waiting(state) == 1
    await lab.unit.json("PATCH", "/record/push", json={"url": lab.server.url, "api_key": lab.key})
    await runs_there(lab, 1)


async def test_answers_of_an_unknown_form_keep_nobody_back(lab: Lab, way: FaultyServer) -> None:
    way.faults = [
        Fault("GET", "/procedures", 200, {"rows": []}),
        Fault("POST", "/procedures", 200, {"id": None}),
        Fault("POST", "/runs", 200, ["made"]),
        Fault("GET", "/runs", 200, {"data": [{"id": 7}]}),
    ]
    await lab.push(way.url)
    first = await procedure(lab)
    await lab.writer.run(first)
    await lab.writer.run(first, outcome="FAIL")
    await runs_there(lab, 2)
    assert not way.faults


async def test_a_silent_server_holds_up_neither_the_service_nor_its_end(tmp_path: Path) -> None:
    heard = asyncio.Event()

    async def listen_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(listen_only, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    async with silent, serving(ServiceOptions(tmp_path / "unit")) as unit:
        body = {"url": address, "api_key": "k", "is_on": True}
        await unit.json("PATCH", "/record/push", json=body)
        writer = await asker(unit, user="ada")
        await writer.run((await writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"])
        await heard.wait()
        state = await unit.json("GET", "/record/push")
        assert (state["state"], state["waiting_runs"]) == ("sending", 1)
        heard.clear()
        async with asyncio.timeout(5):
            await unit.json("PATCH", "/record/push", json={"allow_plain_http": True})
        await heard.wait()
        begun_s = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun_s < 5


async def test_what_does_not_fit_into_the_queue_is_counted_and_can_be_sent_later(lab: Lab, tmp_path: Path) -> None:
    await lab.push("http://127.0.0.1:9", api_key="k")
    first = await procedure(lab)
    with closing(sqlite3.connect(tmp_path / "unit" / "unit_record" / "record.sqlite")) as record, record:
        record.execute("DELETE FROM push_items")
        record.execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) "
            "INSERT INTO push_items (kind, is_stopped) SELECT 'unit', 1 FROM n", (MOST_WAITING,)
        )  # fmt: skip
    run = await lab.writer.run(first)
    state = await lab.state()
    assert (state["left_out_count"], state["waiting_runs"], state["earlier_run_count"]) == (1, 0, 1)
    with closing(sqlite3.connect(tmp_path / "unit" / "unit_record" / "record.sqlite")) as record, record:
        record.execute("DELETE FROM push_items")
    await lab.push()
    assert (await lab.unit.json("POST", "/record/push/earlier"))["count"] == 2
    assert [there["metadata"] for there in await runs_there(lab, 1)] == [{}]
    assert (await lab.state())["left_out_count"] == 0
    assert run


async def test_a_certificate_nobody_vouches_for_is_refused(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate),
    ]  # fmt: skip
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, key)
    with faulty_server(lab.server.url, own) as way:
        wanted = {"url": way.url, "api_key": lab.key}
        told = await lab.unit.json("POST", "/record/push/test", json=wanted)
        assert not told["ok"]
        assert "do not agree on a safe connection: certificate verify failed" in told["what"]
        assert "_ssl" not in told["what"]
        assert way.authorized == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert (await lab.unit.json("POST", "/record/push/test", json=wanted))["ok"]
        # What listens on this computer is no business of a server elsewhere.
        way.faults = [Fault("POST", "/attachments", 200, {"id": UNKNOWN, "upload_url": f"{lab.unit.url}/put"})]
        await lab.push(way.url)
        await upload(lab.writer, f"runs/{await lab.writer.run(await procedure(lab))}", "a.csv", b"secret")
        await lab.until(lambda state: state["stopped_count"] == 1)
        assert "not encrypted" in (await lab.pending())[0]["reason"]


async def test_a_server_without_https_is_told_as_one(lab: Lab) -> None:
    wanted = {"url": lab.server.url.replace("http:", "https:"), "api_key": lab.key}
    told = await lab.unit.json("POST", "/record/push/test", json=wanted)
    assert (told["ok"], told["what"].partition(": ")[2]) == (False, "it does not speak https there.")


async def test_a_file_is_not_sent_over_an_open_network_because_the_server_says_so(lab: Lab, way: FaultyServer) -> None:
    way.faults = [
        Fault("POST", "/attachments", 200, {"id": UNKNOWN, "upload_url": "http://storage.example/put"}),
        Fault("POST", "/attachments", 200, {"id": UNKNOWN, "upload_url": "file:///etc/passwd"}),
    ]
    await lab.push(way.url)
    run = await lab.writer.run(await procedure(lab))
    for name in ("a.csv", "b.csv"):
        await upload(lab.writer, f"runs/{run}", name, b"secret")
    await lab.until(lambda state: state["stopped_count"] == 2)
    assert all("not encrypted" in item["reason"] for item in await lab.pending())
    await lab.unit.json("POST", "/record/push/retry", json={})
    await lab.all_sent()
    [there] = await lab.runs()
    assert len((await lab.reader.ok("GET", f"/runs/{there['id']}"))["attachments"]) == 2
