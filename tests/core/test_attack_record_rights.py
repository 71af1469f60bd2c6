"""Rights that end while they are used, and names made to deceive whoever looks at the keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from running_services import Served
from test_traceability_durable import keys_command
from unit_record_requests import Asker, asker, make_key, refusal_of


async def _while_its_body_comes(who: Asker, then: Callable[[], Awaitable[object]]) -> httpx.Response:
    """Begin to create a part, do something, and send the rest."""
    go_on, is_asked = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b'{"number":'
        is_asked.set()
        await go_on.wait()
        yield b'"P2"}'

    asking = asyncio.create_task(who.raw("POST", "/parts", content=body()))
    await is_asked.wait()
    # Another request with the same key is answered after this one's head was read.
    await who.ok("GET", "/whoami")
    await then()
    go_on.set()
    return await asking


@pytest.mark.parametrize("kind", ["user", "station"])
async def test_a_key_revoked_while_a_body_comes_changes_nothing_any_more(served: Served, kind: str) -> None:
    who = await asker(served, **{kind: "Bench"})
    prefix = who.key.rpartition("_")[0]
    answer = await _while_its_body_comes(who, lambda: served.json("DELETE", f"/keys/{prefix}"))
    refusal_of(answer, 401)
    assert (await (await asker(served, user="Ada")).ok("GET", "/parts"))["data"] == []


async def test_a_station_removed_while_its_body_comes_is_told_so(served: Served) -> None:
    ada, bench = await asker(served, user="Ada"), await asker(served, station="Bench")
    [station] = (await ada.ok("GET", "/stations"))["data"]
    answer = await _while_its_body_comes(bench, lambda: ada.ok("DELETE", f"/stations/{station['id']}"))
    refusal_of(answer, 401)
    assert (await ada.ok("GET", "/parts"))["data"] == []


async def test_a_name_cannot_write_lines_of_its_own_into_the_list_of_keys(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_key(served, station="Bench\nvd_user_0000000000  2031-02-03  valid  user root")
    await make_key(served, user="\x1b[2J\u202en\u00fcvil\t\x07")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    listed = await asyncio.to_thread(keys_command, served.service.data_dir, "list")
    assert len(listed.splitlines()) == 2
    assert all(line.isprintable() for line in listed.splitlines())
    assert "Bench" in listed
