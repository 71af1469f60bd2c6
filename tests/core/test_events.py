"""The event stream: snapshot, then changes; replay; filters; readers that hang or are too many."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from running_services import Event, Served, read_events

from core.bus import Bus, GapMarked, JobChanged, LedChanged, PwmChanged, ReadingTaken, SettingChanged
from core.clock import Clock, new_loop
from core.errors import ServiceError
from core.events import EventHub

_EVENTS = "/unit_api/events"


@contextlib.asynccontextmanager
async def following(served: Served, query: str = "", last_event_id: str = "") -> AsyncIterator[AsyncIterator[Event]]:
    """Open a stream for the length of the block."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    async with served.http.stream("GET", _EVENTS + query, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read_events(answer)


def take_reading(served: Served, value: float, experiment: str = "e", series: str = "od2") -> None:
    """Tell of a reading."""
    served.service.bus.publish(ReadingTaken(1_927_857_600.123, experiment, series, value))


def a_row(experiment: str) -> dict[str, Any]:
    """Return a job's row as the runner tells it."""
    return {
        "job_id": 1,
        "job_name": "stirring",
        "job_source": "user",
        "experiment": experiment,
        "is_running": 1,
        "started_at": "2031-02-03T04:05:06.789Z",
        "ended_at": None,
    }


async def test_snapshot_comes_first_then_changes_in_order(served: Served) -> None:
    served.service.bus.publish(LedChanged(1.0, "A", 80.0, "od_reading"))
    served.service.bus.publish(PwmChanged(1.0, 1, 30.0))
    async with following(served) as events:
        snapshot = await anext(events)
        assert (snapshot.name, snapshot.id) == ("snapshot", str(snapshot.data["seq"]))
        assert snapshot.data["unit"] == served.service.unit
        assert snapshot.data["experiment"] is None
        assert snapshot.data["board"]["link"] == "disconnected"
        assert [row["job_name"] for row in snapshot.data["jobs"]] == ["monitor"]
        assert snapshot.data["leds"] == {"A": 80.0, "B": 0.0, "C": 0.0, "D": 0.0}
        assert snapshot.data["pwms"]["1"] == 30.0
        served.service.bus.publish(SettingChanged(1, "stirring", "target_rpm", 300.0))
        take_reading(served, 0.5)
        served.service.bus.publish(GapMarked(1_927_857_601.0, "e", "od2", "link lost"))
        setting, reading, gap = await anext(events), await anext(events), await anext(events)
    assert (setting.name, setting.data["setting"], setting.data["value"]) == ("setting", "target_rpm", 300.0)
    assert (reading.name, reading.data["value"], reading.data["t"]) == ("reading", 0.5, "2031-02-03T04:00:00.123Z")
    assert (gap.name, gap.data["reason"]) == ("gap", "link lost")
    seqs = [event.data["seq"] for event in (snapshot, setting, reading, gap)]
    assert seqs == list(range(seqs[0], seqs[0] + 4))


async def test_requests_that_change_something_are_told(served: Served) -> None:
    async with following(served, "?topics=experiment,log,task") as events:
        await anext(events)
        await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})

        async def nothing() -> dict[str, Any]:
            return {}

        async def refused() -> dict[str, Any]:
            raise ServiceError("It cannot be.")

        served.service.tasks.spawn("test", nothing)
        created = await anext(events)
        assert (created.name, created.data["experiment"], created.data["is_active"]) == ("experiment", "exp one", True)
        assert [(await anext(events)).data["status"] for _ in range(3)] == ["pending", "running", "complete"]
        served.service.tasks.spawn("test", refused)
        told = [await anext(events) for _ in range(3)][-1]
        assert (told.data["status"], told.data["error"]) == ("failed", "It cannot be.")


async def test_it_is_told_which_jobs_wait_for_the_board(served: Served) -> None:
    async with following(served, "?topics=job") as events:
        rows = (await anext(events)).data["jobs"]
        assert [(row["job_name"], row["needs_board"]) for row in rows] == [("monitor", False)]
        body = {"options": {"automation_name": "silent"}}
        await served.json("POST", "/jobs/run/job_name/led_automation", 202, json=body)
        began = await anext(events)
        assert (began.data["job_name"], began.data["needs_board"]) == ("led_automation", False)
        served.service.bus.publish(JobChanged(a_row("mine"), "ready"))
        while (told := await anext(events)).data["experiment"] != "mine":
            continue
        assert told.data["needs_board"] is True


async def test_topics_and_experiment_are_filtered(served: Served) -> None:
    async with following(served, "?topics=reading,job&experiment=mine") as events:
        assert (await anext(events)).name == "snapshot"
        served.service.bus.publish(SettingChanged(1, "stirring", "target_rpm", 300.0))
        take_reading(served, 1.0, "other")
        served.service.bus.publish(JobChanged(a_row("other"), "ready"))
        take_reading(served, 2.0, "mine")
        served.service.bus.publish(JobChanged(a_row("mine"), "ready"))
        reading, job = await anext(events), await anext(events)
        assert (reading.data["value"], reading.data["experiment"]) == (2.0, "mine")
        assert (job.name, job.data["state"], job.data["experiment"]) == ("job", "ready", "mine")


async def test_unknown_topics_and_impossible_experiments_are_400(served: Served) -> None:
    answer = await served.json("GET", "/events?topics=readings", 400)
    assert "reading" in answer["error_info"]["known"]
    await served.json("GET", "/events?experiment=a%23b", 400)


async def test_missed_events_are_replayed_instead_of_a_snapshot(served: Served) -> None:
    async with following(served, "?topics=reading") as events:
        await anext(events)
        take_reading(served, 1.0)
        last = await anext(events)
    take_reading(served, 2.0)
    take_reading(served, 3.0)
    async with following(served, "?topics=reading", last.id) as events:
        assert [(await anext(events)).data["value"] for _ in range(2)] == [2.0, 3.0]
        take_reading(served, 4.0)
        assert (await anext(events)).data["value"] == 4.0


@pytest.mark.parametrize("last", ["1", "99999999999999", "x", "-3"])
async def test_a_place_that_is_not_known_gets_a_snapshot(served: Served, last: str) -> None:
    take_reading(served, 1.0)
    async with following(served, "", last) as events:
        assert (await anext(events)).name == "snapshot"


async def test_what_was_missed_too_long_ago_is_not_replayed(served: Served) -> None:
    async with following(served) as events:
        first = await anext(events)
    for number in range(2001):
        take_reading(served, float(number))
    async with following(served, "", first.id) as events:
        assert (await anext(events)).name == "snapshot"


async def test_numbers_json_cannot_hold_become_null(served: Served) -> None:
    async with following(served, "?topics=setting") as events:
        await anext(events)
        served.service.bus.publish(SettingChanged(1, "x", "y", {"z": float("nan")}))
        assert (await anext(events)).data["value"] == {"z": None}


async def test_head_answers_headers_only(served: Served) -> None:
    answer = await served.http.head(_EVENTS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_at_most_64_streams(served: Served) -> None:
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(following(served)) for _ in range(64)]
        for events in streams:
            await anext(events)
        answer = await served.http.get(_EVENTS)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
    # Those that have gone make room.
    async with asyncio.timeout(5):
        while not await is_free(served):
            continue


async def is_free(served: Served) -> bool:
    """Whether a stream can be opened."""
    async with served.http.stream("GET", _EVENTS) as answer:
        return answer.status_code == 200


async def test_a_reader_that_falls_behind_is_told_and_let_go_and_others_are_not_hurt(served: Served) -> None:
    loop = asyncio.get_running_loop()
    host, _, port = served.service.address.rpartition(":")
    with socket.socket() as hung:
        hung.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hung.setblocking(False)
        await loop.sock_connect(hung, (host, int(port)))
        await loop.sock_sendall(hung, f"GET {_EVENTS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b"snapshot" in await loop.sock_recv(hung, 4096)
        async with following(served, "?topics=reading") as events:
            await anext(events)
            # More than the sockets between service and reader can hold.
            for number in range(2400):
                take_reading(served, float(number), series="s" * 5000)
                assert (await anext(events)).data["value"] == float(number)
        received = await read_to_the_end(hung)
    assert received.count(b"event: resync") == 1
    assert received.endswith(b"0\r\n\r\n")


def test_the_connection_of_a_reader_that_does_not_even_hear_that_is_cut() -> None:
    async def hang() -> list[float]:
        clock, bus, cut = Clock(asyncio.get_running_loop()), Bus(), list[float]()
        reader = EventHub(bus, clock).open(None, None)
        reader.cut = lambda: cut.append(clock.monotonic_s())
        for number in range(1001):
            bus.publish(ReadingTaken(0.0, "e", "od2", float(number)))
        await asyncio.sleep(60)
        return cut

    with asyncio.Runner(loop_factory=lambda: new_loop(math.inf)) as runner:
        assert runner.run(hang()) == [10.0]


async def read_to_the_end(connection: socket.socket) -> bytes:
    """Return everything a connection still brings."""
    loop = asyncio.get_running_loop()
    received = bytearray()
    async with asyncio.timeout(10):
        while part := await loop.sock_recv(connection, 65536):
            received += part
            if received.endswith(b"0\r\n\r\n"):
                break
    return bytes(received)
