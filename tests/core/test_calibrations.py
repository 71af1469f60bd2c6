"""Calibrations over HTTP: kept, shown, made active, deleted, and told of."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from calibration_data import od, pump
from running_services import Served, read_events, serving, write_config

from core.calibrations.protocols import CalibrationProtocol
from core.service import ServiceOptions

ALIAS_BOMB = "a: &a [0,0,0,0,0,0,0,0,0,0]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"


async def post(served: Served, device: str, data: Any, status: int = 200, **more: Any) -> Any:
    return await served.json("POST", f"/calibrations/{device}", status, json={"calibration_data": data, **more})


async def test_a_unit_begins_with_none(served: Served) -> None:
    assert await served.json("GET", "/calibrations") == {}
    assert await served.json("GET", "/active_calibrations") == {}
    assert await served.json("GET", "/calibrations/media_pump") == []
    unknown = await served.json("GET", "/calibrations/nope", 404)
    assert "stirring" in unknown["error_info"]["known"]
    assert "od_fused" not in unknown["error_info"]["known"]


async def test_what_was_sent_is_on_the_disk_and_shown(served: Served, data_dir: Path) -> None:
    answer = await post(served, "media_pump", yaml.safe_dump(pump(note={"by": "Ada", "on": [1, None]})))
    assert answer == {
        "msg": "Calibration created successfully.",
        "path": "storage/calibrations/media_pump/media-a.yaml",
    }
    stored = yaml.safe_load((data_dir / answer["path"]).read_text())
    assert stored["hz"] == 250.0
    assert stored["note"] == {"by": "Ada", "on": [1, None]}
    shown = await served.json("GET", "/calibrations/media_pump/media-a")
    expected = {**pump(), "note": {"by": "Ada", "on": [1, None]}, "x": "Duration", "y": "Volume"}
    assert shown == {**expected, "is_active": False, "pioreactor_unit": served.service.unit}
    assert await served.json("GET", "/calibrations") == {"media_pump": [shown]}
    assert not list((data_dir / "storage/calibrations/media_pump").glob(".*")), "nothing half-written is left"


async def test_an_object_does_as_well_as_text_and_answers_can_be_sent_back(served: Served) -> None:
    await post(served, "od90", od())
    shown = await served.json("GET", "/calibrations/od90/od-a")
    await served.json("DELETE", "/calibrations/od90/od-a")
    await post(served, "od90", shown)
    assert await served.json("GET", "/calibrations/od90/od-a") == shown


async def test_the_same_again_is_fine_and_another_of_its_name_is_not(served: Served) -> None:
    await post(served, "media_pump", pump())
    await post(served, "media_pump", yaml.safe_dump(pump(created_at="2031-02-03T05:05:06.789+01:00")))
    await post(served, "media_pump", pump(hz=249.0), 409)
    assert (await served.json("GET", "/calibrations/media_pump/media-a"))["hz"] == 250.0
    await post(served, "waste_pump", pump(hz=249.0))


async def test_numbers_as_json_writes_them_are_numbers_in_text_too(served: Served) -> None:
    await post(served, "media_pump", '{"calibration_name": "1e5", "dc": 1E2, "hz": 2.5e+2, ' + str(
        {key: value for key, value in pump(curve_data_={"type": "poly", "coefficients": [8e-05, 0]}).items() if key not in ("dc", "hz", "calibration_name")})[1:])  # fmt: skip  # noqa: E501
    shown = await served.json("GET", "/calibrations/media_pump/1e5")
    assert (shown["dc"], shown["hz"], shown["curve_data_"]["coefficients"][0]) == (100.0, 250.0, 8e-05)
    assert list(await served.json("GET", "/calibrations")) == ["media_pump"], "its name is read back as a text"


REFUSED: list[tuple[str, Any, str]] = [
    ("not YAML", "{a: [", "calibration_data"),
    ("a list", "[1, 2]", "calibration_data"),
    ("nothing", "", "calibration_data"),
    ("an alias bomb", ALIAS_BOMB, "calibration_data"),
    ("an endless alias", "a: &a [*a]", "calibration_data"),
    ("an object", "a: !!python/object/apply:os.system ['true']", "calibration_data"),
    ("bytes", "a: !!binary aGVsbG8=", "calibration_data"),
    ("a set", "a: !!set {b, c}", "calibration_data"),
    ("two documents", "a: 1\n---\nb: 2", "calibration_data"),
    ("a key twice", "a: 1\na: 2", "calibration_data"),
    ("a key that is no text", "1: 2", "calibration_data"),
    ("not a number", "a: .nan", "calibration_data"),
    ("half a character", r'a: "\ud800"', "calibration_data"),
    ("an impossible day", "a: 2031-02-31", "calibration_data"),
    ("too deep", "[" * 40 + "]" * 40, "calibration_data"),
    ("very deep", "[" * 100_000, "calibration_data"),
    ("no type", {"calibration_name": "a"}, "calibration_type"),
    ("an unknown type", pump(calibration_type="simple"), "calibration_type"),
    ("a type that is no text", pump(calibration_type=["od"]), "calibration_type"),
    ("another device's type", od(), "calibration_type"),
    ("an empty name", pump(""), "calibration_name"),
    ("a name that leads away", pump("../evil"), "calibration_name"),
    ("a hidden name", pump(".a"), "calibration_name"),
    ("a name ending in a dot", pump("a."), "calibration_name"),
    ("a name with two spaces", pump("a  b"), "calibration_name"),
    ("a reserved name", pump("NUL.b"), "calibration_name"),
    ("a long name", pump("a" * 251), "calibration_name"),
    ("a name with an umlaut", pump("ä"), "calibration_name"),
    ("a name that is a number", "\n".join(f"{k}: {v}" for k, v in pump(7).items()), "calibration_name"),  # type: ignore[arg-type]
    ("a text for a number", pump(hz="250"), "hz"),
    ("a truth value for a number", pump(hz=True), "hz"),
    ("a negative frequency", pump(hz=-1.0), "hz"),
    ("a time without zone", pump(created_at="2031-02-03T04:05:06"), "created_at"),
    ("no time", pump(created_at="yesterday"), "created_at"),
    ("unequal lengths", pump(recorded_data={"x": [1.0], "y": []}), "recorded_data"),
    ("no points key", pump(recorded_data={"x": []}), "recorded_data"),
    ("an unknown curve", pump(curve_data_={"type": "cubic", "coefficients": [1.0]}), "curve_data_"),
    ("an empty curve", pump(curve_data_={"type": "poly", "coefficients": []}), "curve_data_"),
    (
        "knots that descend",
        pump(curve_data_={"type": "akima", "knots": [1, 0], "coefficients": [[0, 1, 0, 0]]}),
        "curve_data_",
    ),
]


@pytest.mark.parametrize(("data", "field"), [pytest.param(*rest, id=what) for what, *rest in REFUSED])
async def test_what_is_no_calibration_is_refused_naming_the_key(served: Served, data: Any, field: str) -> None:
    answer = await post(served, "media_pump", data, 400)
    assert answer["error_info"]["fields"] == [field]
    assert await served.json("GET", "/calibrations") == {}


async def test_what_would_be_too_large_to_read_again_is_refused(served: Served) -> None:
    many = pump(recorded_data={"x": [1] * 200_000, "y": [1] * 200_000})
    body = json.dumps({"calibration_data": many}, separators=(",", ":"))
    answer = await served.json("POST", "/calibrations/media_pump", 400, content=body)
    assert "1 MiB" in answer["error_info"]["cause"]
    assert await served.json("GET", "/calibrations") == {}


async def test_an_angle_belongs_to_its_device(served: Served) -> None:
    for device in ("od45", "od135"):
        assert (await post(served, device, od(), 400))["error_info"]["fields"] == ["angle"]
    assert (await post(served, "od90", od(angle=90), 400))["error_info"]["fields"] == ["angle"]
    await post(served, "od90", od())


async def test_bodies_that_do_not_fit(served: Served) -> None:
    for body in (
        {},
        {"calibration_data": 5},
        {"calibration_data": pump(), "set_as_active": 1},
        {"calibration_data": pump(), "x": 1},
    ):
        await served.json("POST", "/calibrations/media_pump", 400, json=body)
    await served.json("POST", "/calibrations/media_pump", 400, content=b"")
    await served.json("POST", "/calibrations/nope", 404, json={"calibration_data": pump()})
    await served.json("POST", "/calibrations/nope", 400, json={"calibration_data": "[1"})


@pytest.mark.parametrize(
    "name",
    [
        "a;b",
        "con",
        "Lpt1.x",
        ".hidden",
        "-a",
        "a.",
        "a ",
        "%20a",
        "a%20%20b",
        "a%0A",
        "%C3%A4",
        "a%5Cb",
        "a%3Ab",
        "a%00",
        "%2525",
    ],
)
async def test_names_that_cannot_be_files_are_refused_first(served: Served, name: str) -> None:
    for method, path in (
        ("GET", f"/calibrations/{name}"), ("POST", f"/calibrations/{name}"), ("GET", f"/calibrations/od90/{name}"),
        ("DELETE", f"/calibrations/{name}/a"), ("PATCH", f"/active_calibrations/od90/{name}"),
        ("DELETE", f"/active_calibrations/{name}"), ("GET", f"/estimators/{name}"),
        ("PATCH", f"/active_estimators/od_fused/{name}"),
    ):  # fmt: skip
        answer = await served.json(method, path, 400)
        assert answer["error_info"]["fields"], path


async def test_sessions_is_no_device(served: Served) -> None:
    await served.json("DELETE", "/active_calibrations/Sessions", 400)
    await served.json("PATCH", "/active_calibrations/sessions/a", 400)
    for path in ("/calibrations/sessions", "/calibrations/sessions/a"):
        assert (await served.http.delete(f"/unit_api{path}")).status_code == 405


async def test_a_name_may_have_a_space_and_be_written_in_percent(served: Served) -> None:
    await post(served, "media_pump", pump("my cal"))
    assert (await served.json("GET", "/calibrations/media_pump/my%20cal"))["calibration_name"] == "my cal"
    assert (await served.json("GET", "/calibrations/%6dedia_pump/my%20ca%6C"))["calibration_name"] == "my cal"
    await served.json("DELETE", "/calibrations/media_pump/my%20cal")


async def test_one_of_a_device_is_active(served: Served, data_dir: Path) -> None:
    await post(served, "media_pump", pump("a"), set_as_active=True)
    await post(served, "media_pump", pump("b"))
    assert [each["is_active"] for each in await served.json("GET", "/calibrations/media_pump")] == [True, False]
    await served.json("PATCH", "/active_calibrations/media_pump/b")
    assert [each["is_active"] for each in await served.json("GET", "/calibrations/media_pump")] == [False, True]
    active = served.service.calibrations.active("media_pump")
    assert active is not None
    assert active.name == "b"
    await served.json("PATCH", "/active_calibrations/media_pump/c", 404)
    assert (await served.json("GET", "/active_calibrations"))["media_pump"]["calibration_name"] == "b"
    for _ in range(2):
        assert await served.json("DELETE", "/active_calibrations/media_pump") == {"status": "success"}
    assert await served.json("GET", "/active_calibrations") == {}
    assert await served.json("DELETE", "/active_calibrations/nope") == {"status": "success"}


async def test_what_is_active_outlives_the_service(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        await post(served, "media_pump", pump(), set_as_active=True)
    async with serving(ServiceOptions(data_dir)) as served:
        active = served.service.calibrations.active("media_pump")
        assert active is not None, "jobs see it before anybody asked"
        assert (await served.json("GET", "/active_calibrations"))["media_pump"]["is_active"] is True


async def test_deleting_the_active_one_leaves_none(served: Served, data_dir: Path) -> None:
    await post(served, "media_pump", pump(), set_as_active=True)
    assert "msg" in await served.json("DELETE", "/calibrations/media_pump/media-a")
    assert not (data_dir / "storage/calibrations/media_pump/media-a.yaml").exists()
    await served.json("DELETE", "/calibrations/media_pump/media-a", 404)
    await post(served, "media_pump", pump())
    assert await served.json("GET", "/active_calibrations") == {}


async def test_everyone_is_told_of_changes(served: Served) -> None:
    async with served.http.stream("GET", "/unit_api/events?topics=calibration") as answer:
        events = read_events(answer)
        assert (await anext(events)).name == "snapshot"
        await post(served, "media_pump", pump("a"), set_as_active=True)
        await post(served, "media_pump", pump("a"), set_as_active=True)
        await post(served, "media_pump", pump("b"), set_as_active=True)
        await served.json("DELETE", "/calibrations/media_pump/b")
        told = [(await anext(events)).data for _ in range(7)]
    assert [(each["name"], each["action"]) for each in told] == [
        ("a", "created"), ("a", "activated"), ("b", "created"), ("a", "deactivated"), ("b", "activated"),
        ("b", "deactivated"), ("b", "deleted"),
    ]  # fmt: skip
    assert {each["device"] for each in told} == {"media_pump"}


async def test_many_saved_at_once_are_all_there(served: Served) -> None:
    answers = await asyncio.gather(
        *(post(served, "media_pump", pump(f"n{number}")) for number in range(20)),
        *(served.http.post("/unit_api/calibrations/stirring", json={"calibration_data": pump()}) for _ in range(3)),
    )
    assert len(answers) == 23
    assert len(await served.json("GET", "/calibrations/media_pump")) == 20


async def test_of_two_different_ones_of_one_name_at_once_one_is_kept(served: Served) -> None:
    answers = await asyncio.gather(
        *(
            served.http.post("/unit_api/calibrations/media_pump", json={"calibration_data": pump(hz=float(hz))})
            for hz in range(200, 210)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 9]


async def test_the_archive_holds_every_file(served: Served) -> None:
    answer = await served.http.get("/unit_api/zipped_calibrations")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == []
    await post(served, "stirring", pump(), 400)
    await post(served, "od90", od("b"))
    await post(served, "od90", od("a"))
    await post(served, "media_pump", pump())
    answer = await served.http.get("/unit_api/zipped_calibrations")
    assert answer.headers["content-type"] == "application/zip"
    name = f'attachment; filename="{served.service.unit}_calibrations.zip"'
    assert answer.headers["content-disposition"] == name
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.namelist() == ["media_pump/media-a.yaml", "od90/a.yaml", "od90/b.yaml"]
    assert yaml.safe_load(archive.read("od90/a.yaml"))["calibration_name"] == "a"
    head = await served.http.head("/unit_api/zipped_calibrations")
    assert (head.status_code, head.content) == (200, b"")


async def test_the_protocols_on_offer_are_tagged(served: Served) -> None:
    answer = await served.http.get("/unit_api/calibration_protocols")
    offered = answer.json()
    assert [each["id"] for each in offered] == [
        "alt_media_pump_duration_based", "media_pump_duration_based", "od90_standards",
        "od_fused_od_fusion_standards", "od_fused_od_fusion_offset", "stirring_dc_based", "waste_pump_duration_based",
    ]  # fmt: skip
    assert all(each["title"] and each["description"] for each in offered)
    tag = answer.headers["etag"]
    again = await served.http.get("/unit_api/calibration_protocols", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_each_od_device_the_photodiodes_offer_has_a_protocol_and_plug_ins_add_devices(data_dir: Path) -> None:
    write_config(data_dir, "[od_config.photodiode_channel]\n2 = 135\n3 = 45\n4 = 180\n")
    async with serving(ServiceOptions(data_dir)) as served:
        before = await served.http.get("/unit_api/calibration_protocols")
        ids = [each["id"] for each in before.json()]
        assert [each for each in ids if each.endswith("_standards")][:2] == ["od135_standards", "od45_standards"]
        served.service.calibration_protocols.add(
            CalibrationProtocol("sparger", "flow", "Gas flow", "Relates duty to gas.")
        )
        after = await served.http.get("/unit_api/calibration_protocols")
        assert "sparger_flow" in [each["id"] for each in after.json()]
        assert after.headers["etag"] != before.headers["etag"]
        assert await served.json("GET", "/calibrations/sparger") == []
