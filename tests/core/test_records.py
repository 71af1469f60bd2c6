"""The records: what is told is kept, exactly; what cannot be read is set aside; what was cut off is told."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.bent_loop import BentLoop
from core.bus import Bus, GapMarked, JobChanged, LedChanged, LogWritten, ReadingTaken, SettingChanged
from core.clock import Clock
from core.logs import job_logger
from core.records.database import open_database
from core.records.records import Records, open_records
from core.records.schema import SCHEMA_STEPS
from core.service import ServiceOptions


async def opened(path: Path) -> tuple[Bus, Records]:
    """Open records on a bus of their own."""
    bus = Bus()
    return bus, await open_records(path, bus, Clock(asyncio.get_running_loop()), "unit")


def rows(path: Path, sql: str) -> list[Any]:
    """Read a database file as another program would."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_everything_told_is_kept_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "storage" / "records.sqlite"
    bus, records = await opened(path)
    values = [0.1 + 0.2, -1e-7, 5e-324, 1e308, 1 / 3]
    for number, value in enumerate(values):
        bus.publish(ReadingTaken(1e9 + number / 3, "e", "od2", value))
    bus.publish(ReadingTaken(1e9, "e", "od2", math.nan))
    bus.publish(ReadingTaken(1e9, "_testing_e", "od2", 1.0))
    bus.publish(GapMarked(1e9 + 9, "e", "od2", "link lost"))
    bus.publish(SettingChanged(7, "stirring", "target_rpm", {"a": [1, None]}))
    bus.publish(LedChanged(1e9, "A", 80.0, "od_reading", "e"))
    item = {"id": 5, "timestamp": "2031-02-03T04:05:06.789Z", "level": "NOTICE", "source": "app", "task": "stirring"}
    bus.publish(LogWritten({**item, "message": "stall", "experiment": None}))
    await records.close()
    kept = rows(path, "SELECT utc_s, value FROM readings WHERE series_id = 1 ORDER BY utc_s")
    assert [moment for moment, _ in kept] == [1e9 + number / 3 for number in range(5)]
    assert [value.hex() for _, value in kept] == [value.hex() for value in values]
    assert rows(path, "SELECT experiment, series FROM series") == [("e", "od2"), ("e", "led_A")]
    assert rows(path, "SELECT utc_s, reason FROM gaps") == [(1e9 + 9, "link lost")]
    assert rows(path, "SELECT job_id, setting, value FROM settings") == [(7, "target_rpm", '{"a": [1, null]}')]
    assert rows(path, "SELECT channel, intensity, source FROM led_events") == [("A", 80.0, "od_reading")]
    assert rows(path, "SELECT id, level, message FROM logs") == [(5, 25, "stall")]


async def test_a_reader_sees_everything_told_before_it_asked(tmp_path: Path) -> None:
    bus, records = await opened(tmp_path / "records.sqlite")
    for number in range(250):
        bus.publish(ReadingTaken(float(number), "e", "od2", 1.0))
        counted = await records.read(lambda c: c.execute("SELECT count(*) FROM readings").fetchone()[0])
        assert counted == number + 1
    await records.close()


async def test_rows_are_committed_within_a_second_without_being_asked(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    bus, records = await opened(path)
    loop = asyncio.get_running_loop()
    began = loop.time()
    bus.publish(ReadingTaken(1.0, "e", "od2", 1.0))
    async with asyncio.timeout(10):
        while not rows(path, "SELECT * FROM readings"):  # noqa: ASYNC110 - nobody tells of a commit
            await asyncio.sleep(0)
    assert loop.time() - began < 2.5
    await records.close()


async def test_job_ids_are_never_used_again(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    _, records = await opened(path)
    assert [records.insert_job("stirring", "e", "user") for _ in range(2)] == [1, 2]
    await records.close()
    _, records = await opened(path)
    assert records.insert_job("stirring", "e", "user") == 3
    await records.close()


async def test_jobs_that_ran_when_the_service_died_are_ended_as_lost_and_their_curves_marked(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    bus, records = await opened(path)
    ended, running = records.insert_job("od_blank", "e", "user"), records.insert_job("od_reading", "e", "user")
    bus.publish(JobChanged({"job_id": ended, "ended_at": "2031-02-03T04:05:06.789Z"}, "disconnected"))
    bus.publish(JobChanged({"job_id": running, "ended_at": None}, "ready"))
    bus.publish(ReadingTaken(5.0, "e", "od2", 1.0))
    bus.publish(ReadingTaken(5.0, "other", "od2", 1.0))
    await records.close()
    started = rows(path, "SELECT started_at FROM jobs WHERE job_id = 2")[0][0]
    run(path, f"UPDATE jobs SET started_at = {started - 100}")
    run(path, f"INSERT INTO logs VALUES (1, {started - 40}, 20, 'app', 'x', 'the last sign of life', NULL)")
    _, records = await opened(path)
    assert [(item["job_id"], item["ended_at"] is None) for item in records.job_items()] == [(2, False), (1, False)]
    row = records.job_row(running)
    assert row
    assert (row.state, row.ended_at) == ("lost", started - 40)
    assert len(records.notes) == 1
    assert "od_reading" in records.notes[0]
    await records.close()
    gap = "SELECT experiment, utc_s, reason FROM gaps JOIN series USING (series_id)"
    assert rows(path, gap) == [("e", 5.0, "the service ended unexpectedly")]
    assert rows(path, "SELECT job_id, state FROM jobs WHERE ended_at IS NULL") == []


async def test_the_store_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    _, records = await opened(path)
    records.store.set("od_blank", "2", {"mean": 0.1})
    records.store.set("od_blank", "2", {"mean": 0.2})
    with pytest.raises(ValueError, match="JSON"):
        records.store.set("od_blank", "3", math.inf)
    await records.close()
    _, records = await opened(path)
    assert records.store.get("od_blank", "2") == {"mean": 0.2}
    assert records.store.get("od_blank", "3", "none") == "none"
    await records.close()


@pytest.mark.parametrize("damage", ["garbage", "header", "page", "other program", "newer", "logs", "experiments"])
async def test_records_that_cannot_be_read_are_set_aside_and_told_and_the_service_starts(
    data_dir: Path, damage: str
) -> None:
    path = data_dir / "storage" / "vialdesk.sqlite"
    async with serving(ServiceOptions(data_dir)) as served:
        for number in range(5000):
            served.service.bus.publish(ReadingTaken(float(number), "e", "od2", 1.0))
    do_damage(path, damage)
    before = path.read_bytes()
    async with serving(ServiceOptions(data_dir)) as served:
        logs = (await served.json("GET", "/logs?min_level=WARNING"))["logs"]
        told = [item["message"] for item in logs if "could not be read" in item["message"]]
        assert len(told) == 1
        served.service.bus.publish(ReadingTaken(1.0, "e", "od2", 1.0))
    backups = list(path.parent.glob("vialdesk-unreadable-*.sqlite"))
    assert [backup.read_bytes() for backup in backups] == [before]
    assert backups[0].name in told[0]
    assert rows(path, "SELECT utc_s FROM readings") == [(1.0,)]


def test_after_a_crash_every_page_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    open_database(path, "T0", lambda connection: None)  # whose mark of being open nobody takes away
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO series VALUES (1, 'e', 'od2')")
        connection.executemany("INSERT INTO readings VALUES (1, ?, 1.0)", [(float(n),) for n in range(20_000)])
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray(path.read_bytes())
    whole[-8192:] = b"\xa5" * 8192
    path.write_bytes(whole)
    opened, _ = open_database(path, "T1", lambda connection: None)
    assert opened.notes
    assert (tmp_path / "records-unreadable-T1.sqlite").read_bytes() == bytes(whole)


def do_damage(path: Path, damage: str) -> None:
    """Make a database unreadable."""
    if damage == "garbage":
        path.write_bytes(b"no database at all" * 1000)
    elif damage in ("header", "page"):
        whole = bytearray(path.read_bytes())
        start, length = (0, 100) if damage == "header" else (4096, len(whole) - 8192)
        whole[start : start + length] = b"\xa5" * length
        path.write_bytes(whole)
    elif damage == "other program":
        path.unlink()
        run(path, "CREATE TABLE theirs (x)")
    elif damage == "newer":
        run(path, "PRAGMA user_version = 99")
    else:
        run(path, f"DROP TABLE {damage}")


def run(path: Path, sql: str) -> None:
    """Change a database file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_an_older_schema_is_migrated_in_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    count = "SELECT count(*) FROM logs"
    opened, _ = open_database(path, "T0", lambda connection: None)
    assert (opened.was_open, opened.notes) == (False, ())
    run(path, "INSERT INTO logs VALUES (1, 0, 20, 'app', 'x', 'kept', NULL)")
    steps = (*SCHEMA_STEPS, "ALTER TABLE logs ADD COLUMN colour TEXT; UPDATE logs SET colour = 'red'")
    opened, colours = open_database(path, "T1", lambda c: c.execute("SELECT colour FROM logs").fetchall(), steps)
    assert colours == [("red",)]
    assert len(opened.notes) == 1
    version = len(SCHEMA_STEPS)
    backup = tmp_path / f"records-schema-{version}-T1.sqlite"
    assert backup.name in opened.notes[0]
    assert rows(backup, count) == rows(path, count) == [(1,)]
    assert rows(backup, "PRAGMA user_version") == [(version,)]
    assert sorted(each.name for each in tmp_path.iterdir()) == [backup.name, "records.sqlite"]


def test_a_migration_that_fails_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    open_database(path, "T0", lambda connection: None)
    run(path, "INSERT INTO logs VALUES (1, 0, 20, 'app', 'x', 'kept', NULL)")
    steps = (*SCHEMA_STEPS, "ALTER TABLE nowhere ADD COLUMN colour TEXT")
    with pytest.raises(sqlite3.Error, match="nowhere"):
        open_database(path, "T1", lambda connection: None, steps)
    assert rows(tmp_path / "records-unreadable-T1.sqlite", "SELECT message FROM logs") == [("kept",)]


async def test_while_nothing_can_be_written_rows_wait_and_the_user_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.sqlite"
    bus, records = await opened(path)
    bus.publish(ReadingTaken(0.0, "e", "od2", 1.0))
    await records.read(lambda connection: None)
    run(path, "ALTER TABLE readings RENAME TO elsewhere")
    for number in range(1, 300):
        bus.publish(ReadingTaken(float(number), "e", "od2", 1.0))
        await records.read(lambda connection: None)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "cannot be written" in caplog.text
    run(path, "ALTER TABLE elsewhere RENAME TO readings")
    await records.read(lambda connection: None)
    assert "nothing was lost" in caplog.records[-1].getMessage()
    await records.close()
    assert rows(path, "SELECT count(*), max(utc_s) FROM readings") == [(300, 299.0)]


async def test_what_waits_too_long_is_lost_and_told_as_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.records.writer._ROWS_KEPT_IN_TROUBLE", 10)
    path = tmp_path / "records.sqlite"
    bus, records = await opened(path)
    bus.publish(ReadingTaken(0.0, "e", "od2", 1.0))
    await records.read(lambda connection: None)
    run(path, "ALTER TABLE readings RENAME TO elsewhere")
    for number in range(1, 16):
        bus.publish(ReadingTaken(float(number), "e", "od2", 1.0))
    await records.read(lambda connection: None)
    run(path, "ALTER TABLE elsewhere RENAME TO readings")
    await records.read(lambda connection: None)
    assert "the oldest 5 of those that waited are lost" in caplog.records[-1].getMessage()
    run(path, "ALTER TABLE readings RENAME TO elsewhere")
    bus.publish(ReadingTaken(99.0, "e", "od2", 1.0))
    await records.close()
    assert "could not be written and are lost" in caplog.records[-1].getMessage()


def fill(connection: sqlite3.Connection) -> None:
    """Write more than the database may have room for."""
    connection.execute("PRAGMA max_page_count = 1")
    connection.execute("INSERT INTO store VALUES ('a', 'b', zeroblob(1000000))")


def test_good_records_on_a_full_disk_stay_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    open_database(path, "T0", lambda connection: None)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        open_database(path, "T1", fill)
    assert [file.name for file in tmp_path.glob("*.sqlite")] == ["records.sqlite"]


def test_good_records_another_program_holds_stay_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.records.database._BUSY_TIMEOUT_S", 0.1)
    path = tmp_path / "records.sqlite"
    open_database(path, "T0", lambda connection: None)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_database(path, "T1", lambda connection: None)
    assert [file.name for file in tmp_path.glob("*.sqlite")] == ["records.sqlite"]


async def test_one_bad_row_is_left_out_and_told_and_the_rest_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "records.sqlite"
    _, records = await opened(path)
    records.note_action("who", "POST", "/a", "\ud800", 200)
    records.note_action("who", "POST", "/b", None, 2**70)
    records.note_action("who", "POST", "/c", None, 200)
    await records.close()
    assert rows(path, "SELECT path FROM actions") == [("/c",)]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


async def test_the_newest_thousand_rows_and_what_still_runs_are_listed(tmp_path: Path) -> None:
    bus, records = await opened(tmp_path / "records.sqlite")
    running = records.insert_job("monitor", "$experiment", "system", True)
    for _ in range(1100):
        job_id = records.insert_job("od_blank", "e", "user")
        bus.publish(JobChanged({"job_id": job_id, "ended_at": "2031-02-03T04:05:06.789Z"}, "disconnected"))
    assert len(records.job_items()) == 1000
    assert records.job_row(running)
    bus.publish(JobChanged({"job_id": running, "ended_at": "2031-02-03T04:05:06.789Z"}, "disconnected"))
    await records.close()
    assert rows(tmp_path / "records.sqlite", "SELECT count(*) FROM jobs WHERE ended_at IS NULL") == [(0,)]


def test_readings_of_a_bent_day_are_kept_without_loss(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"

    async def a_day() -> None:
        bus = Bus()
        clock = Clock(asyncio.get_running_loop(), 1e9)
        records = await open_records(path, bus, clock, "unit")
        for _ in range(24 * 720):
            bus.publish(ReadingTaken(clock.utc_s(), "e", "od2", clock.monotonic_s()))
            await asyncio.sleep(5)
        await records.close()

    with asyncio.Runner(loop_factory=lambda: BentLoop(math.inf)) as runner:
        runner.run(a_day())
    assert rows(path, "SELECT count(*), max(utc_s) FROM readings") == [(17280, 1e9 + 86395)]


async def test_log_lines_can_be_asked_for(served: Served) -> None:
    stirring = job_logger("stirring", "exp one")
    for number in range(5):
        stirring.notice("stall %d", number)
    job_logger("od_reading").error("dead LED")
    stirring.debug("too fine")
    page = await served.json("GET", "/logs?task=stirring&limit=3")
    assert [item["message"] for item in page["logs"]] == ["stall 4", "stall 3", "stall 2"]
    assert (page["logs"][0]["level"], page["logs"][0]["experiment"]) == ("NOTICE", "exp one")
    page = await served.json("GET", f"/logs?task=stirring&limit=3&before_id={page['next_before_id']}")
    assert [item["message"] for item in page["logs"]] == ["stall 1", "stall 0"]
    assert page["next_before_id"] is None
    page = await served.json("GET", "/logs?min_level=ERROR")
    assert [(item["task"], item["message"]) for item in page["logs"]] == [("od_reading", "dead LED")]
    assert (await served.json("GET", "/logs?experiment=nobody"))["logs"] == []
    assert (await served.json("GET", "/logs?to=2001-01-01T00:00:00Z"))["logs"] == []
    for bad in ("limit=0", "limit=1001", "min_level=LOUD", "from=yesterday", "before_id=-1", "limit=x"):
        await served.json("GET", f"/logs?{bad}", 400)


async def test_a_listener_that_fails_on_log_lines_does_not_go_in_circles(served: Served) -> None:
    def deaf(event: LogWritten) -> None:
        raise ValueError(event.item["id"])

    stop = served.service.bus.listen(LogWritten, deaf)
    job_logger("stirring").error("stall")
    stop()
    messages = [item["message"] for item in (await served.json("GET", "/logs?min_level=ERROR"))["logs"]]
    assert messages == ["stall"]


async def test_the_log_file_holds_the_lines_too(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)):
        pass
    text = (data_dir / "logs" / "vialdesk.log").read_text(encoding="utf-8")
    assert "Z INFO    core.service: Unit " in text
