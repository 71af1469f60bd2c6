"""The client against a real socket: answers, refusals, silence, tasks and streams."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings

import pytest
from loop_driver import LoopDriver
from stand_in_service import StandInService, refusal

from gui.service_client import (
    ServiceBusyError,
    ServiceClient,
    ServiceRefusedError,
    ServiceUnreachableError,
    is_loopback,
)


def client_of(service: StandInService, token: str | None = None) -> ServiceClient:
    return ServiceClient(service.url, token)


async def close_after(client: ServiceClient, coroutine: object) -> object:
    try:
        return await coroutine  # type: ignore[misc]
    finally:
        await client.close()


def test_get_returns_the_json_answer_and_leaves_out_what_is_none(driver: LoopDriver, service: StandInService) -> None:
    service.routes["GET /x"] = lambda body, query: (200, query)
    client = client_of(service)
    assert driver.run(close_after(client, client.get("/x", a=1, b=None, c="two words"))) == {"a": "1", "c": "two words"}


def test_post_and_patch_send_their_bodies(driver: LoopDriver, service: StandInService) -> None:
    service.answer("POST /x", 201, {"made": 1})
    service.answer("PATCH /x", 200, {"changed": 1})
    client = client_of(service)

    async def both() -> tuple[object, object]:
        return await client.post("/x", {"a": 1}), await client.patch("/x", {"b": None})

    assert driver.run(close_after(client, both())) == ({"made": 1}, {"changed": 1})
    assert service.asked("POST", "/x") == [{"a": 1}]
    assert service.asked("PATCH", "/x") == [{"b": None}]


def test_a_refusal_carries_what_the_service_said(driver: LoopDriver, service: StandInService) -> None:
    service.answer("POST /x", *refusal(409, "Stirring runs already.", "Job 3 holds it.", "Stop it first."))
    client = client_of(service)
    with pytest.raises(ServiceRefusedError) as caught:
        driver.run(close_after(client, client.post("/x")))
    told = caught.value
    assert (told.error, told.cause, told.remedy) == ("Stirring runs already.", "Job 3 holds it.", "Stop it first.")
    assert told.status == 409


def test_another_program_at_the_address_is_told_as_such(driver: LoopDriver, service: StandInService) -> None:
    service.answer("GET /x", 404, "who?")
    client = client_of(service)
    with pytest.raises(ServiceRefusedError, match="404"):
        driver.run(close_after(client, client.get("/x")))


def test_nobody_there_is_unreachable_and_says_where(driver: LoopDriver) -> None:
    client = ServiceClient("http://127.0.0.1:9")
    with pytest.raises(ServiceUnreachableError) as caught:
        driver.run(close_after(client, client.get("/x")))
    assert "http://127.0.0.1:9" in caught.value.cause
    assert caught.value.remedy


def test_without_an_address_it_is_unreachable(driver: LoopDriver) -> None:
    with pytest.raises(ServiceUnreachableError, match="not running yet"):
        driver.run(ServiceClient().get("/x"))


def test_a_task_is_awaited_and_its_result_returned(driver: LoopDriver, service: StandInService) -> None:
    polls = [
        (202, {"status": "pending"}),
        (202, {"status": "running"}),
        (200, {"status": "complete", "result": {"a": 1}}),
    ]
    service.answer("POST /x", 202, {"task_id": "t", "result_url_path": "/task", "status": "accepted"})
    service.routes["GET /task"] = lambda body, query: polls.pop(0)
    client = client_of(service)
    assert driver.run(close_after(client, client.run_task("/x"))) == {"a": 1}


def test_a_failed_task_is_a_refusal_with_its_reason(driver: LoopDriver, service: StandInService) -> None:
    failed = {"status": "failed", "error": "No bar.", "error_info": {"cause": "c", "remediation": "r", "status": 503}}
    service.answer("POST /x", 202, {"task_id": "t", "result_url_path": "/task", "status": "accepted"})
    service.answer("GET /task", 200, failed)
    client = client_of(service)
    with pytest.raises(ServiceRefusedError) as caught:
        driver.run(close_after(client, client.run_task("/x")))
    assert (caught.value.error, caught.value.status) == ("No bar.", 503)


def test_a_task_that_does_not_end_is_given_up(driver: LoopDriver, service: StandInService) -> None:
    service.answer("POST /x", 202, {"task_id": "t", "result_url_path": "/task", "status": "accepted"})
    service.answer("GET /task", 202, {"status": "running"})
    client = client_of(service)
    with pytest.raises(ServiceUnreachableError, match="did not finish"):
        driver.run(close_after(client, client.run_task("/x", timeout_s=0.1)))


def test_an_exclusive_operation_in_the_way_is_a_refusal(driver: LoopDriver, service: StandInService) -> None:
    service.answer("POST /x", 202, {"status": "in_progress", "lock": "power-lock", "retry_after_s": 2})
    client = client_of(service)
    with pytest.raises(ServiceBusyError) as caught:
        driver.run(close_after(client, client.run_task("/x")))
    assert caught.value.error == "The unit is being restarted or shut down."
    assert caught.value.remedy == "Try again in 2 s."


def test_the_stream_yields_events_in_order_and_ends_with_the_service(
    driver: LoopDriver, service: StandInService
) -> None:
    client = client_of(service)

    async def read() -> list[str]:
        names = []
        async for event in client.stream("/unit_api/events"):
            if event is None:
                names.append("open")
                continue
            names.append(event.name)
            if event.name == "snapshot":
                service.send("log", message="a\nb")
                service.end_streams()
        return names

    assert driver.run(close_after(client, read())) == ["open", "snapshot", "log"]


def test_leaving_a_stream_halfway_closes_its_connection(driver: LoopDriver, service: StandInService) -> None:
    client = client_of(service)

    async def read_one() -> None:
        async with contextlib.aclosing(client.stream("/unit_api/events")) as events:
            async for event in events:
                if event is not None:
                    break

    driver.run(close_after(client, read_one()))
    service.send("log", message="to nobody")
    service.send("log", message="to nobody")
    driver.until(lambda: service.streams == 0, "the connection is closed")


def test_the_token_is_sent_as_bearer(driver: LoopDriver, service: StandInService) -> None:
    service.answer("GET /x", 200, {})
    client = client_of(service, "secret")
    driver.run(close_after(client, client.get("/x")))
    assert service.headers[-1]["authorization"] == "Bearer secret"


def test_after_point_at_the_other_service_is_asked(driver: LoopDriver, service: StandInService) -> None:
    service.answer("GET /x", 200, {"here": True})
    client = ServiceClient("http://127.0.0.1:9")
    client.point_at(service.url + "/")
    assert client.base_url == service.url
    assert driver.run(close_after(client, client.get("/x"))) == {"here": True}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4999", True),
        ("http://localhost:1", True),
        ("http://[::1]:4999", True),
        ("http://192.168.1.4:4999", False),
        ("https://unit7.local", False),
    ],
)
def test_loopback_is_told_from_the_network(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_preparing_loads_what_requests_need(driver: LoopDriver) -> None:
    import sys

    driver.run(ServiceClient().prepare())
    assert "httpx" in sys.modules


def test_a_comment_and_unreadable_data_are_passed_over(driver: LoopDriver) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        writer.write(b': hello\n\nevent: a\ndata: {broken\n\nevent: b\ndata: {"x":\ndata: 1}\nid: 7\n\ndata: 5\n\n')
        writer.close()

    async def read() -> list[tuple[str, str, object]]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = ServiceClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        events = [event async for event in client.stream("/s")]
        await client.close()
        server.close()
        return [(event.name, event.id, event.data) for event in events if event is not None]

    assert driver.run(read()) == [("b", "7", {"x": 1})]


@pytest.mark.parametrize("turns", range(1, 10))
def test_connections_that_broke_are_closed_though_the_next_request_is_given_up(
    turns: int, driver: LoopDriver, service: StandInService
) -> None:
    service.routes["GET /x"] = lambda body, query: (200, query)
    client = client_of(service)

    async def use() -> None:
        await asyncio.gather(*(client.get("/x") for _ in range(8)))
        await service.stop()
        asking = asyncio.ensure_future(client.get("/x"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await client.close()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        driver.run(use())
        driver.turn()
        gc.collect()
    assert [str(each.message) for each in told] == []
