"""The general rules of the HTTP API: who may ask, what paths and methods do, how bodies are read, how errors look."""

from __future__ import annotations

import asyncio
import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import Served, serving, write_config

from core.bodies import parse_object
from core.errors import BadRequestError
from core.service import ServiceOptions


def assert_error(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is an error in the one form errors have; return its error_info."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error"]
    info: dict[str, Any] = body["error_info"]
    assert info["cause"]
    assert info["remediation"]
    assert info["status"] == status
    return info


async def test_health_tells_unit_time_and_board(served: Served) -> None:
    answer = await served.http.get("/unit_api/health")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == "ok"
    assert body["pioreactor_unit"] == served.service.unit
    assert body["board"] == "disconnected"
    assert body["utc_time"].endswith("Z")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1234", "127.0.0.1", "[::1]:5", "bench.example"])
async def test_own_host_names_are_served(data_dir: Path, host: str) -> None:
    write_config(data_dir, "[http]\nallowed_hosts = other, Bench.Example\n")
    async with serving(ServiceOptions(data_dir)) as served:
        answer = await served.http.get("/unit_api/health", headers={"Host": host})
        assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.2", "localhost@evil", "::1"])
async def test_foreign_host_names_are_refused_before_anything_else(served: Served, host: str) -> None:
    assert_error(await served.http.get("/nowhere", headers={"Host": host}), 403)


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://{host}", "http://localhost:1", ""])
async def test_foreign_origins_are_refused(served: Served, origin: str) -> None:
    headers = {"Origin": origin.format(host=served.service.address)}
    assert_error(await served.http.get("/unit_api/health", headers=headers), 403)


async def test_own_origin_is_served_without_cors_headers(served: Served) -> None:
    answer = await served.http.get("/unit_api/health", headers={"Origin": served.url})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_beyond_loopback_every_request_needs_the_token(data_dir: Path) -> None:
    token_hash = hashlib.sha256(b"secret").hexdigest()
    async with serving(ServiceOptions(data_dir), token_hash) as served:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            answer = await served.http.get("/unit_api/health", headers=headers)
            assert_error(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        answer = await served.http.get("/unit_api/health", headers={"Authorization": "Bearer secret"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/unit_api", "/unit_api/", "/unit_api/health/", "/unit_api//health", "/Unit_api/health", "/unit_api/nope",
     "/unit_api/jobs/running/", "/unit_api/jobs/running/%2e%2e", "/docs", "/openapi.json"],
)  # fmt: skip
async def test_unknown_paths_are_404_and_never_redirected(served: Served, path: str) -> None:
    assert_error(await served.http.get(path), 404)


async def test_methods(served: Served) -> None:
    refused = await served.http.delete("/unit_api/experiments")
    assert_error(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    options = await served.http.options("/unit_api/health")
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["allow"] == "GET, HEAD, OPTIONS"
    assert_error(await served.http.options("/unit_api/nope"), 404)
    get, head = await served.http.get("/unit_api/versions/app"), await served.http.head("/unit_api/versions/app")
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)
    assert (await served.http.head("/unit_api/task_results/x")).status_code == 404


@pytest.mark.parametrize(
    "raw",
    [b"{", b"[]", b'"text"', b"null", b"\xff", b'{"experiment": NaN}', b'{"experiment": 5}', b'{"experiment": "a/b"}',
     b"{}", b'{"experiment": null}', b'{"experiment": "a", "tags": "yeast"}', b'{"experiment": "a", "tags": [1]}',
     b'{"experiment": "\\ud800"}', b'{"experiment": "a", "description": 1e999}', b"[" * 50_000,
     b'{"tags": ' + b"[" * 32 + b"]" * 32 + b"}"],
)  # fmt: skip
async def test_bad_bodies_are_400(served: Served, raw: bytes) -> None:
    answer = await served.http.post("/unit_api/experiments", content=raw)
    assert_error(answer, 400)


def test_bodies_may_be_nested_32_deep_and_no_deeper() -> None:
    assert parse_object(b'{"a":' * 32 + b"1" + b"}" * 32)
    with pytest.raises(BadRequestError):
        parse_object(b'{"a":' * 33 + b"1" + b"}" * 33)


async def test_unknown_fields_are_named(served: Served) -> None:
    body = {"experiment": "a", "discription": "x", "tgas": []}
    info = assert_error(await served.http.post("/unit_api/experiments", json=body), 400)
    assert info["fields"] == ["discription", "tgas"]


async def test_the_content_type_does_not_matter(served: Served) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = b'{"experiment": "a", "description": null}'
    await served.json("POST", "/experiments", 201, content=content, headers=headers)


async def test_large_bodies_are_413_whether_announced_or_not(served: Served) -> None:
    large = b'{"experiment": "' + b"a" * 1024 * 1024 + b'"}'
    assert_error(await served.http.post("/unit_api/experiments", content=large), 413)

    async def parts() -> Any:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    assert_error(await served.http.post("/unit_api/experiments", content=parts()), 413)


async def test_bytes_that_are_no_http_get_an_error_in_our_form(served: Served) -> None:
    host, _, port = served.service.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"error_info"' in answer
    assert (await served.http.get("/unit_api/health")).status_code == 200


async def test_every_route_documents_its_errors(served: Served) -> None:
    paths = (await served.json("GET", "/openapi.json"))["paths"]
    assert "/unit_api/events" in paths
    for path, operations in paths.items():
        for method, operation in operations.items():
            responses = operation["responses"]
            assert {"401", "403", "500"} <= set(responses), (method, path)
            assert "422" not in responses, (method, path)
            assert operation["description"], (method, path)


async def test_what_changes_something_is_noted_with_who_asked(served: Served) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "noted"}, headers={"User-Agent": "bench"})
    await served.http.get("/unit_api/health")
    rows = await served.service.records.read(
        lambda connection: connection.execute("SELECT who, method, path, body, status FROM actions").fetchall()
    )
    assert rows == [("127.0.0.1 bench", "POST", "/unit_api/experiments", '{"experiment":"noted"}', 201)]


async def test_the_version_is_the_distributions(served: Served) -> None:
    assert await served.json("GET", "/versions/app") == {"version": metadata.version("vialdesk")}


async def test_a_path_named_outright_is_no_value_of_another_route(served: Served) -> None:
    answer = await served.http.get("/unit_api/calibrations/sessions")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert (await served.http.delete("/unit_api/calibrations/sessions/some-session")).status_code == 405


async def test_an_upload_is_noted_without_its_content(served: Served) -> None:
    files = {"archive": ("export.zip", b"\x00\x01 no archive", "application/zip")}
    await served.http.post("/unit_api/import_zipped_dot_pioreactor", files=files)
    rows = await served.service.records.read(
        lambda connection: connection.execute("SELECT method, body, status FROM actions").fetchall()
    )
    assert [tuple(row) for row in rows] == [("POST", None, 400)]
