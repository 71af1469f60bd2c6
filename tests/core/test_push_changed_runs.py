"""What is added to the metadata of a run that is sent, waits, or is on its way reaches the server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from faulty_server import Fault, FaultyServer, refusal
from pushing import Lab, upload, waiting

pytestmark = pytest.mark.usefixtures("short_push_waits")


async def a_run(lab: Lab, **more: Any) -> str:
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    return await lab.writer.run(procedure, **more)


async def told(lab: Lab, run: str, **metadata: Any) -> None:
    await lab.writer.ok("PATCH", f"/runs/{run}/metadata", {"metadata": metadata})


async def metadata_there(lab: Lab) -> dict[str, Any]:
    """Return the metadata of the only run on the server."""
    [run] = await lab.runs()
    return dict((await lab.reader.ok("GET", f"/runs/{run['id']}"))["metadata"])


async def test_metadata_that_come_later_are_sent_to_the_run_that_is_there(lab: Lab) -> None:
    await lab.push()
    run = await a_run(lab, metadata={"bench": 2})
    await lab.all_sent()
    await told(lab, run, bench=3, lot="L7")
    state = await lab.all_sent()
    assert await metadata_there(lab) == {"bench": 3, "lot": "L7"}
    assert (state["earlier_run_count"], state["stopped_count"]) == (0, 0)
    await told(lab, run, bench=3)
    assert waiting(await lab.state()) == 0, "nothing changed"


NOTHING = {"data": [], "meta": {"has_more": False, "next_cursor": None}}
_LOST = Fault("POST", "/runs", happens=True)
_ON_ITS_WAY = Fault("GET", "/procedures", 200, NOTHING)  # the run was read before, and arrives at once


@pytest.mark.parametrize("meanwhile", [_LOST, _ON_ITS_WAY], ids=["answer lost", "on its way"])
async def test_metadata_that_change_while_the_run_is_sent_arrive_too(
    lab: Lab, way: FaultyServer, meanwhile: Fault
) -> None:
    run = await a_run(lab, metadata={"bench": 2})

    def change() -> None:
        headers = {"Authorization": f"Bearer {lab.writer.key}"}
        url = f"{lab.unit.url}/v2/runs/{run}/metadata"
        httpx.patch(url, json={"metadata": {"lot": "L7"}}, headers=headers, trust_env=False).raise_for_status()

    way.faults = [replace(meanwhile, then=change)]
    await lab.push(way.url)
    await lab.unit.json("POST", "/record/push/earlier")
    await lab.all_sent()
    assert not way.faults
    assert await metadata_there(lab) == {"bench": 2, "lot": "L7"}


async def test_a_change_the_server_refuses_stops_alone_and_is_not_counted_as_a_run_to_be_sent(
    lab: Lab, way: FaultyServer
) -> None:
    await lab.push(way.url)
    run = await a_run(lab)
    await lab.all_sent()
    way.faults = [Fault("PATCH", "/metadata", 400, refusal("Too many keys."))]
    await told(lab, run, lot="L7")
    state = await lab.until(lambda state: state["stopped_count"] == 1)
    assert state["earlier_run_count"] == 0
    [item] = await lab.pending()
    assert "Too many keys." in item["reason"]
    way.faults = [Fault("POST", "/attachments", 500, times=1_000)]
    await upload(lab.writer, f"runs/{run}", "raw.csv", b"t,volt")
    await lab.unit.json("DELETE", f"/record/push/pending/{item['id']}")
    assert waiting(await lab.state()) == 1, "its file goes on waiting: its run is there"
    way.faults = []
    await lab.all_sent()
    [there] = await lab.runs()
    assert [file["name"] for file in (await lab.reader.ok("GET", f"/runs/{there['id']}"))["attachments"]] == ["raw.csv"]
