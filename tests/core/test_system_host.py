"""The clock, facts about the computer, and the repair of a data folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from running_services import Served, serving
from system_requests import done

from core.service import ServiceOptions


async def test_the_clock_is_told_and_the_offset_of_the_computer_with_it(served: Served) -> None:
    clock = await served.json("GET", "/system/utc_clock")
    assert clock["status"] == "success"
    given = clock["clock_time"]
    result = await done(served.http, "/system/utc_clock", json={"utc_clock_time": given})
    assert 0 <= result["host_offset_s"] < 5
    assert result["host_clock_set"] is False
    assert result["board_clock_set"] is False
    assert result["clock_time"] >= given


@pytest.mark.parametrize(
    "time",
    [None, 5, "", "yesterday", "2031-02-03", "2031-02-03T04:05:06", "2031-02-03T04:05:06+02:00", "2031-13-03T04:05:06Z",
     "1931-02-03T04:05:06Z", "2019-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2031-02-03T04:05:06.1234567Z"],
)  # fmt: skip
async def test_what_is_no_utc_time_of_this_century_is_refused(served: Served, time: object) -> None:
    answer = await served.json("PATCH", "/system/utc_clock", 400, json={"utc_clock_time": time})
    assert answer["error_info"]["fields"] == ["utc_clock_time"]


async def test_the_computer_tells_addresses_memory_and_disk(served: Served) -> None:
    addresses = (await served.json("GET", "/system/ipv4"))["ipv4_address"]
    assert all(len(each.split(".")) == 4 for each in addresses.split(",") if addresses)
    for path in ("/system/memory", "/system/disk_space"):
        space = await served.json("GET", path)
        assert 0 < space["available_bytes"] < space["total_bytes"]


async def test_a_repair_mends_folders_and_rights_and_tells_what_it_cannot(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        (data_dir / "models").rmdir()
        (data_dir / "ui").rmdir()
        (data_dir / "ui").write_text("in the way")
        (data_dir / "plugins" / "mine.py").write_text("")
        (data_dir / "plugins" / "mine.py").chmod(0o000)
        (data_dir / "experiment_profiles").chmod(0o500)
        (data_dir / "storage" / "damaged.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        (data_dir / "unit_config.ini").write_text("[broken")
        found = await done(served.http, "/system/repair", content=b"{this is not looked at")
        assert sorted(found["repaired"]) == ["experiment_profiles", "models", "plugins/mine.py"]
        assert (data_dir / "models").is_dir()
        assert (data_dir / "plugins" / "mine.py").stat().st_mode & 0o600 == 0o600
        problems = "\n".join(found["problems"])
        assert "folder ui" in problems
        assert "damaged.sqlite is damaged" in problems
        assert "unit_config.ini" in problems
        assert len(found["problems"]) == 3
        assert found["checked"] > 10


async def test_a_sound_data_folder_has_nothing_to_repair(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        with closing(sqlite3.connect(data_dir / "storage" / "more.sqlite")) as more:
            more.execute("CREATE TABLE a (b)")
        found = await done(served.http, "/system/repair")
        assert (found["repaired"], found["problems"]) == ([], [])
