"""Choosing where the record is pushed to: addresses, and the key, which nobody gets to see again."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pushing import Lab, lab_in
from running_services import Served, serving

from core.service import ServiceOptions

KEY = "tp_live_0123456789abcdefWXYZ"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab_in(tmp_path) as made:
        yield made


def holders(data_dir: Path) -> list[Path]:
    """Return the files that hold the key."""
    return [path for path in data_dir.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


async def test_without_a_choice_nothing_is_pushed(served: Served) -> None:
    state = await served.json("GET", "/record/push")
    assert (state["state"], state["is_on"], state["url"], state["has_key"]) == ("off", False, "", False)
    refused = await served.json("PATCH", "/record/push", 400, json={"is_on": True})
    assert refused["error_info"]["fields"] == ["url"]
    refused = await served.json("PATCH", "/record/push", 400, json={"is_on": True, "url": "https://tofupilot.example"})
    assert refused["error_info"]["fields"] == ["api_key"]
    assert (await served.json("GET", "/record/push"))["url"] == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("tofupilot.example", "https://tofupilot.example"),
        ("https://TofuPilot.example/api/v2/", "https://tofupilot.example"),
        ("https://tofupilot.example:8443/lab/api", "https://tofupilot.example:8443/lab"),
        ("http://127.0.0.1:4999", "http://127.0.0.1:4999"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("", ""),
    ],
)
async def test_addresses_are_taken_as_people_write_them(served: Served, given: str, kept: str) -> None:
    assert (await served.json("PATCH", "/record/push", json={"url": given}))["url"] == kept


async def test_addresses_that_cannot_be_used_are_refused_with_a_reason(served: Served) -> None:
    for given in (
        "http://tofupilot.example", "ftp://a.example", "https://", "https://ada:secret@a.example", "https://a.example?k=1",
        "https://a b", "https://a.example:99999", "http://127.0.0.1.evil.example", "https://..", "https://ä.example",
        "javascript:alert(1)",
    ):  # fmt: skip
        refused = await served.json("PATCH", "/record/push", 400, json={"url": given})
        assert refused["error_info"]["fields"] == ["url"], given
        assert refused["error_info"]["remediation"]
    plain = {"url": "http://tofupilot.example", "allow_plain_http": True}
    assert (await served.json("PATCH", "/record/push", json=plain))["url"] == "http://tofupilot.example"
    await served.json("PATCH", "/record/push", 400, json={"allow_plain_http": False})


async def test_the_key_is_readable_for_its_owner_alone_and_leaves_the_service_in_no_way(
    data_dir: Path, served: Served
) -> None:
    body = {"url": "https://tofupilot.example", "api_key": KEY}
    state = await served.json("PATCH", "/record/push", json=body)
    assert (state["has_key"], state["key_last4"]) == (True, "WXYZ")
    await served.json("PATCH", "/record/pusch", 404, json=body)
    escaped = json.dumps(body).replace("api_key", "api\\u005fkey")
    assert (await served.http.patch("/unit_api/record/push", content=escaped)).is_success
    [file] = holders(data_dir)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    told = [await served.json("GET", path) for path in ("/record/push", "/logs", "/config/merged")]
    assert KEY not in json.dumps(told)
    path = f"/unit_api/system/path/{file.relative_to(data_dir)}"
    assert (await served.http.get(path)).status_code == 403
    (data_dir / "innocent.txt").symlink_to(file)
    assert (await served.http.get("/unit_api/system/path/innocent.txt")).status_code == 403
    exported = await served.http.get("/unit_api/zipped_dot_pioreactor")
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        assert any(name.endswith("record.sqlite") for name in archive.namelist())
        assert not [name for name in archive.namelist() if KEY.encode() in archive.read(name)]


async def test_the_key_goes_to_no_other_server(lab: Lab) -> None:
    await lab.push()
    other = "http://127.0.0.1:9"
    refused = await lab.unit.json("POST", "/record/push/test", 400, json={"url": other})
    assert refused["error_info"]["fields"] == ["api_key"]
    refused = await lab.unit.json("PATCH", "/record/push", 400, json={"url": other})
    assert refused["error_info"]["fields"] == ["api_key"]
    state = await lab.unit.json("PATCH", "/record/push", json={"url": other, "is_on": False})
    assert (state["has_key"], state["key_last4"]) == (False, None)
    state = await lab.unit.json("PATCH", "/record/push", json={"url": lab.server.url})
    assert state["has_key"] is False


async def test_the_key_can_be_forgotten(lab: Lab) -> None:
    await lab.push()
    await lab.unit.json("PATCH", "/record/push", 400, json={"api_key": ""})
    state = await lab.unit.json("PATCH", "/record/push", json={"api_key": "", "is_on": False})
    assert state["has_key"] is False


async def test_a_server_can_be_tried_before_it_is_chosen(lab: Lab) -> None:
    good = {"url": lab.server.url, "api_key": lab.key}
    told = await lab.unit.json("POST", "/record/push/test", json=good)
    assert told["ok"]
    assert "accepts the key of line-7@example.org of" in told["what"]
    told = await lab.unit.json("POST", "/record/push/test", json={**good, "api_key": "wrong"})
    assert (told["ok"], "does not accept the key" in told["what"]) == (False, True)
    told = await lab.unit.json("POST", "/record/push/test", json={**good, "url": "http://127.0.0.1:9"})
    assert "is not reached" in told["what"]
    told = await lab.unit.json("POST", "/record/push/test", json={**good, "url": f"{lab.server.url}/elsewhere"})
    assert not told["ok"]
    assert (await lab.state())["url"] == ""
    await lab.push()
    assert (await lab.unit.json("POST", "/record/push/test", json={}))["ok"]


async def test_choices_outlive_the_service(tmp_path: Path, lab: Lab) -> None:
    folder = tmp_path / "other"
    async with serving(ServiceOptions(folder)) as served:
        await served.json("PATCH", "/record/push", json={"url": lab.server.url, "api_key": lab.key, "is_on": True})
    async with serving(ServiceOptions(folder)) as served:
        state = await served.json("GET", "/record/push")
        assert (state["is_on"], state["url"], state["has_key"]) == (True, lab.server.url, True)
        assert (await served.json("POST", "/record/push/test", json={}))["ok"]
