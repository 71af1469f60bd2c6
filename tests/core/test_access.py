"""Who may talk to the service: what it tells of that, and a token that is made anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from multipart_body import multipart
from running_services import Served, ServiceProcess, serving, write_config
from test_plugins_packages import wait_until

from core.embedded import EmbeddedService
from core.service import ServiceOptions

OLD = {"Authorization": "Bearer secret"}


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def ask(url: str, method: str, path: str, token: str, status: int = 200) -> Any:
    """Ask a service with a token and insist on a status."""
    answer = httpx.request(method, f"{url}/unit_api{path}", headers=bearer(token), timeout=20, trust_env=False)
    assert answer.status_code == status, answer.text
    return answer.json()


def files_with(folder: Path, token: str) -> list[Path]:
    """Return the files that hold a token."""
    return [path for path in folder.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]


async def test_on_loopback_no_token_is_needed_and_none_is_made(served: Served) -> None:
    access = await served.json("GET", "/system/web_server/access")
    assert access.pop("names")[:3] == ["localhost", "127.0.0.1", "[::1]"]
    assert access == {
        "address": served.url.removeprefix("http://"),
        "beyond_this_computer": False,
        "needs_token": False,
        "has_token": False,
        "token_made_at": None,
    }
    refused = await served.json("POST", "/system/web_server/token", 409)
    assert "config.ini" in refused["error_info"]["remediation"]
    assert served.service.access.token_hash is None


async def test_a_new_token_takes_the_place_of_the_old_one_at_once(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir), hashlib.sha256(b"secret").hexdigest()) as served:
        await served.json("POST", "/system/web_server/token", 401)
        await served.json("POST", "/system/web_server/token", 401, headers=bearer("guess"))
        made = await served.json("POST", "/system/web_server/token", 201, headers=OLD)
        await served.json("GET", "/health", 401, headers=OLD)
        new = bearer(made["token"])
        access = await served.json("GET", "/system/web_server/access", headers=new)
        assert (access["needs_token"], access["has_token"]) == (True, True)
        assert access["token_made_at"] == made["made_at"]
        again = await served.json("POST", "/system/web_server/token", 201, headers=new)
        assert again["token"] != made["token"]
    assert files_with(data_dir, made["token"]) == []


@pytest.mark.parametrize("way", ["reboot", "web_server/restart"])
def test_a_new_token_holds_after_restarts(
    start_service: Callable[..., ServiceProcess], data_dir: Path, way: str
) -> None:
    service = start_service("--host", "0.0.0.0")
    url = service.url()
    assert url.startswith("http://127.0.0.1:")
    wait_until(lambda: "shown only once: " in service.said)
    first = service.said.partition("shown only once: ")[2].split()[0]
    token = ask(url, "POST", "/system/web_server/token", first, 201)["token"]
    assert ask(url, "GET", "/system/web_server/access", token)["beyond_this_computer"] is True
    accepted = ask(url, "POST", f"/system/{way}", token, 202)
    wait_until(lambda: _is_over(url, accepted["result_url_path"], token))
    ask(url, "GET", "/health", first, 401)
    service.end()
    again = start_service("--host", "0.0.0.0")
    assert ask(again.url(), "GET", "/health", token)["status"] == "ok"
    assert token not in again.said + service.said
    again.end()
    assert files_with(data_dir, token) == []


def test_an_import_does_not_bring_an_old_token_back(start_service: Callable[..., ServiceProcess]) -> None:
    service = start_service("--host", "0.0.0.0")
    url = service.url()
    wait_until(lambda: "shown only once: " in service.said)
    first = service.said.partition("shown only once: ")[2].split()[0]
    export = f"{url}/unit_api/zipped_dot_pioreactor"
    archive = httpx.get(export, headers=bearer(first), timeout=20, trust_env=False).content
    token = ask(url, "POST", "/system/web_server/token", first, 201)["token"]
    body, kind = multipart("archive", "unit.zip", archive)
    headers = {**bearer(token), "Content-Type": kind}
    into = f"{url}/unit_api/import_zipped_dot_pioreactor"
    accepted = httpx.post(into, content=body, headers=headers, timeout=20, trust_env=False)
    assert accepted.status_code == 202, accepted.text
    wait_until(lambda: _is_over(url, accepted.json()["result_url_path"], token))
    ask(url, "GET", "/health", first, 401)
    service.end()
    again = start_service("--host", "0.0.0.0")
    url = again.url()
    assert ask(url, "GET", "/health", token)["status"] == "ok"
    ask(url, "GET", "/health", first, 401)
    again.end()


def _is_over(url: str, path: str, token: str) -> bool:
    try:
        answer = httpx.get(url + path, headers=bearer(token), timeout=20, trust_env=False)
    except httpx.TransportError:  # between two instances
        return False
    return answer.status_code == 200 and answer.json()["status"] == "complete"


async def test_a_window_reaches_its_own_service_also_when_others_may(data_dir: Path) -> None:
    write_config(data_dir, "[http]\nhost = 0.0.0.0\nport = 0\n")
    embedded = EmbeddedService(data_dir)
    try:
        address = await embedded.start("", "stop")
        async with httpx.AsyncClient(base_url=address.url, trust_env=False) as http:
            assert (await http.get("/unit_api/health")).status_code == 401
            own = bearer(address.token)
            access = (await http.get("/unit_api/system/web_server/access", headers=own)).json()
            assert (access["needs_token"], access["has_token"]) == (True, False)
            made = (await http.post("/unit_api/system/web_server/token", headers=own)).json()
            for headers in (own, bearer(made["token"])):
                assert (await http.get("/unit_api/health", headers=headers)).status_code == 200
    finally:
        await embedded.stop()
    assert files_with(data_dir, made["token"]) == []
    assert files_with(data_dir, address.token) == []
