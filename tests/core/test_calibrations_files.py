"""Files of calibrations and estimators that people put there, change and spoil by hand; and disks that fail."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from calibration_data import estimator, od, pump, put
from running_services import Served, serving

from core.calibrations.calibrations import Calibrations
from core.calibrations.files import DiskError
from core.service import ServiceOptions


async def test_a_file_put_there_by_hand_is_seen_at_the_next_request(served: Served, data_dir: Path) -> None:
    put(data_dir, "media_pump", pump(future={"version": 3}))
    shown = await served.json("GET", "/calibrations/media_pump/media-a")
    assert shown["future"] == {"version": 3}
    put(data_dir, "media_pump", pump(hz=123.0))
    assert (await served.json("GET", "/calibrations"))["media_pump"][0]["hz"] == 123.0
    (data_dir / "storage/calibrations/media_pump/media-a.yaml").unlink()
    assert await served.json("GET", "/calibrations/media_pump") == []


async def test_a_folder_put_there_by_hand_is_a_device(served: Served, data_dir: Path) -> None:
    (data_dir / "storage/calibrations/sparger").mkdir()
    assert await served.json("GET", "/calibrations/sparger") == []
    assert await served.json("GET", "/calibrations") == {}
    await served.json("POST", "/calibrations/sparger", json={"calibration_data": pump()})


async def test_a_job_that_is_started_sees_a_file_put_there_by_hand(served: Served, data_dir: Path) -> None:
    path = put(data_dir, "media_pump", pump())
    await served.json("PATCH", "/active_calibrations/media_pump/media-a")
    put(data_dir, "media_pump", pump(hz=99.0))
    put(data_dir, "od_fused", estimator())
    await served.json("POST", "/jobs/run/job_name/stirring", 503)
    active = served.service.calibrations.active("media_pump")
    assert active is not None
    assert active.mapping()["hz"] == 99.0
    assert served.service.estimators.all_of("od_fused")
    await asyncio.to_thread(path.unlink)
    await served.json("GET", "/calibrations")
    assert served.service.calibrations.active("media_pump") is None


SPOILT: dict[str, bytes] = {
    "cut off": b"calibration_type: od600\ncurve_data_: {",
    "empty": b"",
    "binary": bytes(range(256)),
    "of another type": b"calibration_type: quadratic\n",
    "too large": b"# " + b"x" * 1024 * 1024 + b"\n",
    "a bomb": b"a: &a [1, 1]\nb: &b [*a, *a]\n" + b"".join(b"c%d: [%s]\n" % (n, b"*b," * 300) for n in range(9)),
}


@pytest.mark.parametrize("content", SPOILT.values(), ids=SPOILT)
async def test_a_spoilt_file_is_left_out_told_once_and_can_be_deleted(
    served: Served, data_dir: Path, content: bytes
) -> None:
    put(data_dir, "od90", content, "corrupt")
    put(data_dir, "od90", od("good"))
    for _ in range(3):
        assert [each["calibration_name"] for each in await served.json("GET", "/calibrations/od90")] == ["good"]
    answer = await served.json("GET", "/calibrations/od90/corrupt", 500)
    assert "storage/calibrations/od90/corrupt.yaml" in answer["error_info"]["remediation"]
    assert str(data_dir) not in str(answer)
    await served.json("PATCH", "/active_calibrations/od90/corrupt", 500)
    await served.json("POST", "/calibrations/od90", 409, json={"calibration_data": od("corrupt")})
    lines = (await served.json("GET", "/logs?min_level=WARNING"))["logs"]
    assert len([line for line in lines if "corrupt.yaml cannot be read" in line["message"]]) == 1
    await served.json("DELETE", "/calibrations/od90/corrupt")
    await served.json("POST", "/calibrations/od90", json={"calibration_data": od("corrupt")})


async def test_an_active_file_that_is_spoilt_later_is_none(served: Served, data_dir: Path) -> None:
    put(data_dir, "od90", od())
    await served.json("PATCH", "/active_calibrations/od90/od-a")
    put(data_dir, "od90", "{", "od-a")
    assert await served.json("GET", "/active_calibrations") == {}
    assert served.service.calibrations.active("od90") is None
    put(data_dir, "od90", od())
    assert list(await served.json("GET", "/active_calibrations")) == ["od90"]


async def test_a_file_must_have_the_name_of_what_is_in_it(served: Served, data_dir: Path) -> None:
    put(data_dir, "od90", od("a"), name="b")
    answer = await served.json("GET", "/calibrations/od90/b", 500)
    assert "'a'" in answer["error_info"]["cause"]


async def test_only_real_files_with_safe_names_are_looked_at(served: Served, data_dir: Path) -> None:
    secret = put(data_dir, "elsewhere", od("secret"))
    folder = data_dir / "storage/calibrations"
    moved = data_dir / "outside"
    (folder / "elsewhere").rename(moved)
    (folder / "od45").symlink_to(moved)
    put(data_dir, "od90", od("a"))
    (folder / "od90/secret.yaml").symlink_to(moved / secret.name)
    (folder / "od90/folder.yaml").mkdir()
    os.mkfifo(folder / "od90/pipe.yaml")
    for name in (".hidden", "-x", "con", "a  b"):
        put(data_dir, "od90", od(name))
    put(data_dir, ".od90", od("a"))
    listed = await served.json("GET", "/calibrations")
    assert {device: [each["calibration_name"] for each in items] for device, items in listed.items()} == {"od90": ["a"]}
    await served.json("GET", "/calibrations/od90/secret", 404)
    archive = await served.http.get("/unit_api/zipped_calibrations")
    assert b"secret" not in archive.content


async def test_a_link_where_a_device_should_be_is_not_written_through(served: Served, data_dir: Path) -> None:
    outside = data_dir / "outside"
    outside.mkdir()
    (data_dir / "storage/calibrations/od90").symlink_to(outside)
    await served.json("POST", "/calibrations/od90", 500, json={"calibration_data": od()})
    assert not list(outside.iterdir())


async def test_a_disk_that_takes_nothing_is_told_and_nothing_is_half_done(served: Served, data_dir: Path) -> None:
    (data_dir / "storage/calibrations/od90").write_text("a file where a folder should be")
    answer = await served.json(
        "POST", "/calibrations/od90", 500, json={"calibration_data": od(), "set_as_active": True}
    )
    assert "disk" in answer["error_info"]["remediation"]
    assert str(data_dir) not in str(answer)
    assert await served.json("GET", "/active_calibrations") == {}


async def test_a_data_folder_that_is_gone_does_not_stop_jobs(served: Served, data_dir: Path) -> None:
    (data_dir / "storage/calibrations").rmdir()
    (data_dir / "storage/calibrations").write_text("")
    await served.json("GET", "/calibrations", 500)
    await served.json("POST", "/jobs/run/job_name/stirring", 503)


async def test_six_files_are_listed_from_memory(tmp_path: Path) -> None:
    for number in range(6):
        put(tmp_path, "media_pump", pump(f"n{number}"))
    async with serving(ServiceOptions(tmp_path)) as served:
        read = 0
        calibrations = served.service.calibrations
        understand = calibrations._files._understand

        def counting(*found: object) -> object:
            nonlocal read
            read += 1
            return understand(*found)  # type: ignore[arg-type]

        calibrations._files._understand = counting  # type: ignore[method-assign, assignment]
        for _ in range(5):
            assert len((await served.json("GET", "/calibrations"))["media_pump"]) == 6
        assert read == 0
        put(tmp_path, "media_pump", pump("n3", hz=1.0))
        await served.json("GET", "/calibrations")
        assert read == 1


async def test_a_file_cut_off_by_a_crash_is_none(served: Served, data_dir: Path) -> None:
    # What a kill in the middle of writing leaves behind: a file of a name that is never looked at.
    put(data_dir, "od90", "calibration_type: o", ".0123456789abcdef.new")
    assert await served.json("GET", "/calibrations/od90") == []
    await served.json("POST", "/calibrations/od90", json={"calibration_data": od()})


def test_writing_without_room_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.bus import Bus
    from core.records.values import ValueStore

    class Nothing:
        def write(self, *_: object) -> None:
            """Keep nothing."""

    async def run() -> None:
        store = ValueStore(Nothing(), {})  # type: ignore[arg-type]
        calibrations = Calibrations(tmp_path, store, Bus(), "unit7")
        await calibrations.save("od90", od())

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DiskError, match="cannot be written"):
            await calibrations.save("od90", od(ir_led_intensity=70.0), overwrite=True)
        monkeypatch.undo()
        await calibrations.refresh()
        assert calibrations.get("od90", "od-a").mapping()["ir_led_intensity"] == 80.0
        assert [path.name for path in (tmp_path / "storage/calibrations/od90").iterdir()] == ["od-a.yaml"]
        await calibrations.save("od90", od(ir_led_intensity=70.0), overwrite=True)
        assert calibrations.get("od90", "od-a").mapping()["ir_led_intensity"] == 70.0

    asyncio.run(run())
