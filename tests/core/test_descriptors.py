"""Descriptors: what ships agrees with what jobs declare; the user's and plug-ins' files; files that make no sense."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.service import ServiceOptions

TYPES = {"float": "numeric", "integer": "numeric", "boolean": "boolean", "string": "string", "text": "string"}
OPTION_TYPES = {"float": "numeric", "float range": "numeric", "integer range": "numeric", "integer": "numeric",
                "boolean": "boolean", "string": "string", "text": "string"}  # fmt: skip


async def capabilities(served: Served) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = await served.json("GET", "/capabilities")
    return entries


async def test_every_job_is_described_as_it_declares_itself(served: Served) -> None:
    described = {item["job_name"]: item for item in await served.json("GET", "/jobs/descriptors")}
    declared: dict[str, dict[str, Any]] = {}
    for entry in await capabilities(served):
        for key, setting in entry["published_settings"].items():
            settings = declared.setdefault(entry["job_name"], {})
            if key != "$state" and (key not in settings or setting["settable"]):
                settings[key] = setting
    assert set(described) == set(declared)
    for name, settings in declared.items():
        shown = {item["key"]: item for item in described[name]["published_settings"]}
        assert set(shown) == set(settings), name
        for key, setting in settings.items():
            item = shown[key]
            expected = (TYPES.get(setting["datatype"], "json"), setting["settable"], setting.get("unit"))
            assert (item["type"], item["editable"], item["unit"]) == expected, (name, key)
            assert (item["min"], item["max"]) == (setting.get("min"), setting.get("max")), (name, key)
            assert item["label"]
    names = [item["job_name"] for item in await served.json("GET", "/jobs/descriptors")]
    assert names[:2] == ["stirring", "od_reading"], "in the order of display"
    assert described["stirring"]["display"] is True
    assert described["stirring"]["source"] == "app"
    assert (described["stirring"]["subtext"], described["stirring"]["is_testing"]) == (None, False)


@pytest.mark.parametrize("kind", ["dosing", "led", "temperature"])
async def test_every_automation_is_described_as_it_declares_itself(served: Served, kind: str) -> None:
    described = {item["automation_name"]: item for item in await served.json("GET", f"/automations/descriptors/{kind}")}
    declared = [entry for entry in await capabilities(served) if entry["job_name"] == f"{kind}_automation"]
    assert set(described) == {entry["automation_name"] for entry in declared}
    for entry in declared:
        fields = {field["key"]: field for field in described[entry["automation_name"]]["fields"]}
        assert set(fields) == {option["name"] for option in entry["options"]}
        for option in entry["options"]:
            field = fields[option["name"]]
            assert (field["required"], field["default"]) == (option["required"], option["default"]), option["name"]
            assert field["unit"] == option.get("unit")
            assert field["type"] == ("select" if field["options"] else OPTION_TYPES[option["type"]])
            assert (field["disabled"], bool(field["label"])) == (False, True)


async def test_the_collections_of_settings(served: Served) -> None:
    found = await served.json("GET", "/settings/descriptors")
    assert [(item["key"], item["display"]) for item in found] == [
        ("bioreactor", True),
        ("leds", False),
        ("pwms", False),
    ]
    values = (await served.json("GET", "/bioreactor/experiments/exp"))["values"]
    assert {item["key"] for item in found[0]["published_settings"]} == set(values)


@pytest.mark.parametrize("path", ["/jobs/descriptors", "/settings/descriptors", "/automations/descriptors/led"])
async def test_they_are_sent_once(served: Served, path: str) -> None:
    first = await served.http.get(f"/unit_api{path}")
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    again = await served.http.get(f"/unit_api{path}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await served.json("POST", path, 405, json={})


async def test_a_type_that_is_none(served: Served) -> None:
    error = await served.json("GET", "/automations/descriptors/nope", 400)
    assert error["error_info"]["known"] == ["dosing", "led", "temperature"]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


async def test_the_users_own_come_after_and_replace_and_are_read_when_they_change(served: Served) -> None:
    ui = served.service.data_dir / "ui"
    shipped = await served.json("GET", "/jobs/descriptors")
    tag = (await served.http.get("/unit_api/jobs/descriptors")).headers["etag"]
    write(ui, "jobs/01_bubbles.yaml", "display_name: Bubbles\njob_name: bubbles\ndisplay: true\n")
    write(ui, "jobs/02_stirring.yaml", "display_name: My stirring\njob_name: stirring\ndisplay: false\nsource: me\n")
    write(served.service.data_dir / "plugins" / "ui", "jobs/lamp.yaml",
          "display_name: Lamp\njob_name: lamp\ndisplay: true\n"
          "published_settings: [{key: level, type: numeric, more: 1}]\n")  # fmt: skip
    found = await served.json("GET", "/jobs/descriptors")
    assert [item["job_name"] for item in found] == [*[item["job_name"] for item in shipped], "bubbles", "lamp"]
    assert (found[0]["display_name"], found[0]["source"]) == ("My stirring", "me")
    assert (found[-2]["source"], found[-1]["source"]) == ("user", "plugins")
    (level,) = found[-1]["published_settings"]
    assert (level["key"], level["editable"], level["unit"]) == ("level", True, None)
    answer = await served.http.get("/unit_api/jobs/descriptors", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    write(ui, "jobs/01_bubbles.yaml", "display_name: More bubbles\njob_name: bubbles\ndisplay: true\n")
    assert (await served.json("GET", "/jobs/descriptors"))[-2]["display_name"] == "More bubbles"
    (ui / "jobs" / "02_stirring.yaml").unlink()
    assert (await served.json("GET", "/jobs/descriptors"))[0] == shipped[0]


@pytest.mark.parametrize(
    "text",
    [
        "display_name: [",
        "- a\n- list",
        "display_name: X\ndisplay: true\n",
        "job_name: x\ndisplay_name: X\ndisplay: 7\n",
        "job_name: x\ndisplay_name: X\ndisplay: true\npublished_settings: [{key: a, type: colour}]\n",
        "",
        "\x00",
        "x" * 300_000,
    ],
)
async def test_a_file_that_makes_no_sense_is_left_out_and_told_once(served: Served, text: str) -> None:
    shipped = await served.json("GET", "/jobs/descriptors")
    write(served.service.data_dir / "ui", "jobs/broken.yaml", text)
    for _ in range(3):
        assert await served.json("GET", "/jobs/descriptors") == shipped
    async with asyncio.timeout(10):
        while not (lines := await told(served, "broken.yaml")):
            pass
    assert len(lines) == 1


async def told(served: Served, text: str) -> list[str]:
    logs = await served.json("GET", "/logs?min_level=WARNING")
    return [line["message"] for line in logs["logs"] if text in line["message"]]


async def test_a_package_brings_its_own(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    write(site, "bubbler/__init__.py", "from core.plugins.api import Plugin\n\nplugin = Plugin()\n")
    write(site, "bubbler/ui/automations/dosing/bubbles.yaml", "display_name: B\nautomation_name: bubbles\n")
    write(site, "bubbler-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bubbler\nVersion: 1.0\n")
    write(site, "bubbler-1.0.dist-info/entry_points.txt", "[vialdesk.plugins]\nbubbler = bubbler\n")
    monkeypatch.syspath_prepend(str(site))
    async with serving(ServiceOptions(data_dir)) as served:
        async with asyncio.timeout(20):
            while not any(item["state"] == "loaded" for item in await served.json("GET", "/plugins/installed")):
                pass
        found = await served.json("GET", "/automations/descriptors/dosing")
        assert (found[-1]["automation_name"], found[-1]["source"], found[-1]["fields"]) == ("bubbles", "bubbler", [])
