"""Making an export: progress, cancelling, a full disk, a dead process; those that are kept; what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from running_services import Served, serving
from test_experiment_export import EXPORT, exported, finished, readings

from core.service import ServiceOptions

SLOW = """
dataset_name: endless
display_name: Endless
has_experiment: false
has_unit: false
query: WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, hex(zeroblob(100)) AS z FROM n
"""


@pytest.fixture
async def unit(data_dir: Path) -> AsyncIterator[Served]:
    """A service with an experiment of a few readings, and a dataset that never ends."""
    (data_dir / "exportable_datasets").mkdir(parents=True)
    (data_dir / "exportable_datasets" / "slow.yaml").write_text(SLOW, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", "/experiments", 201, json={"experiment": "second"})
        readings(served, "temperature", 30.0)
        yield served


def left_in(data_dir: Path) -> list[Path]:
    """What an export that did not come to be has left."""
    return [path for name in (".work", "exports") for path in (data_dir / name).rglob("*") if path.is_file()]


async def under_way(served: Served) -> dict[str, Any]:
    """Wait until rows are written, and return how far it is."""
    async with asyncio.timeout(20):
        while True:
            told = (await served.json("GET", "/exports"))["under_way"]
            if told and told["rows"]:
                return dict(told)
            await asyncio.sleep(0.02)


@contextlib.contextmanager
def small_disk(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, in this process and those it starts."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_cancelled_export_leaves_nothing_and_makes_room_for_the_next(unit: Served, data_dir: Path) -> None:
    accepted = await unit.json("POST", EXPORT, 202, json={"datasets": ["endless"]})
    told = await under_way(unit)
    assert (told["task_id"], told["dataset"], told["datasets"]) == (accepted["task_id"], "endless", 1)
    refused = await unit.json("POST", EXPORT, 409, json={})
    assert "under way" in refused["error"]
    await unit.json("POST", f"/task_results/{accepted['task_id']}/cancel")
    assert (await finished(unit, accepted))["error"] == "This was cancelled."
    assert left_in(data_dir) == []
    assert [each for each in psutil.Process().children(recursive=True) if "export" in " ".join(each.cmdline())] == []
    assert (await unit.json("GET", "/exports")) == {"exports": [], "under_way": None}
    assert (await exported(unit, datasets=["temperature_readings"])).rows("temperature_readings")


async def test_an_export_that_is_cancelled_at_once_never_begins(unit: Served, data_dir: Path) -> None:
    for _ in range(5):
        accepted = await unit.json("POST", EXPORT, 202, json={"datasets": ["endless"]})
        await unit.json("POST", f"/task_results/{accepted['task_id']}/cancel")
        assert (await finished(unit, accepted))["status"] == "failed"
    assert left_in(data_dir) == []


async def test_a_full_disk_fails_the_export_says_so_and_leaves_nothing(unit: Served, data_dir: Path) -> None:
    with small_disk(3_000_000):
        task = await finished(unit, await unit.json("POST", EXPORT, 202, json={"datasets": ["endless"]}))
    assert task["status"] == "failed"
    assert "disk" in task["error_info"]["remediation"]
    assert left_in(data_dir) == []
    assert (await unit.json("GET", "/exports"))["under_way"] is None


async def test_a_process_that_dies_fails_the_export(unit: Served, data_dir: Path) -> None:
    accepted = await unit.json("POST", EXPORT, 202, json={"datasets": ["endless"]})
    await under_way(unit)
    [child] = [each for each in psutil.Process().children() if "export-datasets" in each.cmdline()]
    os.kill(child.pid, signal.SIGKILL)
    task = await finished(unit, accepted)
    assert (task["status"], task["error"]) == ("failed", "The export was not made.")
    assert left_in(data_dir) == []


async def test_the_end_of_the_service_ends_the_export(data_dir: Path) -> None:
    (data_dir / "exportable_datasets").mkdir(parents=True)
    (data_dir / "exportable_datasets" / "slow.yaml").write_text(SLOW, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", EXPORT, 202, json={"datasets": ["endless"]})
        await under_way(served)
    assert [each for each in psutil.Process().children() if "export-datasets" in each.cmdline()] == []
    assert left_in(data_dir) == []


async def test_exports_are_kept_listed_downloaded_and_deleted(unit: Served, data_dir: Path) -> None:
    first = (await exported(unit, experiments=["second"], datasets=["logs"])).result["export"]["name"]
    second = (await exported(unit, datasets=["logs"])).result["export"]["name"]
    assert first.startswith("export_second-20")
    assert second.startswith("export_all_experiments-20")
    kept = (await unit.json("GET", "/exports"))["exports"]
    assert [each["name"] for each in kept] == [second, first]
    path = data_dir / "exports" / first
    assert kept[1]["size_bytes"] == path.stat().st_size
    answer = await unit.http.get(kept[1]["url_path"])
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{first}"'
    head = await unit.http.head(kept[1]["url_path"])
    assert (head.headers["content-length"], head.content) == (str(len(answer.content)), b"")
    assert await unit.json("DELETE", f"/exports/{first}") == {"deleted": first}
    await unit.json("DELETE", f"/exports/{first}", 404)
    assert not path.exists()


@pytest.mark.parametrize("name", ["nothing.zip", "..%2Fconfig.ini", "%2E%2E", "plan.json", ".hidden.zip", "a%00b.zip"])
async def test_nothing_but_exports_can_be_downloaded_or_deleted(unit: Served, data_dir: Path, name: str) -> None:
    (data_dir / "exports").mkdir()
    for other in ("plan.json", ".hidden.zip"):
        (data_dir / "exports" / other).write_text("x")
    for method in ("GET", "DELETE"):
        answer = await unit.http.request(method, f"/unit_api/exports/{name}")
        assert answer.status_code in (400, 404), answer.text
    assert {path.name for path in (data_dir / "exports").iterdir()} == {"plan.json", ".hidden.zip"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"experiments": ["nobody"]}, 404, None),
        ({"datasets": ["nothing"]}, 400, "datasets"),
        ({"start_time": "2031-01-01T00:00:00"}, 400, "start_time"),
        ({"end_time": "yesterday"}, 400, "end_time"),
        ({"start_time": "2031-01-01T00:00:00Z", "end_time": "2031-01-01T01:00:00+01:00"}, 400, "end_time"),
        ({"parquet": "yes"}, 400, "parquet"),
        ({"experiment": "e"}, 400, "experiment"),
    ],
)
async def test_what_cannot_be_exported_is_refused_before_anything_begins(
    unit: Served, body: dict[str, Any], status: int, field: str | None
) -> None:
    info = (await unit.json("POST", EXPORT, status, json=body))["error_info"]
    if field is not None:
        assert field in info["fields"]
    if status == 404 or field == "datasets":
        assert info["known"]
    assert (await unit.json("GET", "/exports"))["under_way"] is None


async def test_users_and_plug_ins_describe_datasets_of_their_own(unit: Served, data_dir: Path) -> None:
    own = data_dir / "exportable_datasets"
    (own / "hot.yaml").write_text(
        "dataset_name: hot\ndisplay_name: Hot\ntimestamp_columns: [timestamp]\ndefault_order_by: temperature_c DESC\n"
        "query: SELECT * FROM temperature_readings WHERE temperature_c > 29;\n"
        "column_units: {temperature_c: °C}\n",
        encoding="utf-8",
    )
    plugins = data_dir / "plugins" / "exportable_datasets"
    plugins.mkdir(parents=True)
    (plugins / "rates.yaml").write_text(
        "dataset_name: growth_rates\ndisplay_name: Rates\ntable: growth_rates\nsource: my plug-in\n", encoding="utf-8"
    )
    (own / "broken.yaml").write_text("dataset_name: broken\ndisplay_name: Broken\n", encoding="utf-8")
    datasets = {each["dataset_name"]: each for each in await unit.json("GET", "/datasets/exportable")}
    assert (datasets["hot"]["source"], datasets["growth_rates"]["source"]) == ("user", "my plug-in")
    assert "broken" not in datasets
    readings(unit, "temperature", 30.0, 20.0, 31.0)
    archive = await exported(unit, datasets=["hot"])
    assert [row["temperature_c"] for row in archive.rows("hot")] == ["31.0", "30.0"]
    assert "hours_since_experiment_created" in archive.rows("hot")[0]


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM nowhere", "DELETE FROM main.readings", "SELECT 1) ; DROP TABLE main.readings; --",
     "SELECT load_extension('x') AS x", "PRAGMA query_only = 0", "SELECT nonsense(",
     "SELECT file FROM pragma_database_list"],
)  # fmt: skip
async def test_a_query_that_cannot_be_used_is_left_out_and_the_rest_is_there(
    unit: Served, data_dir: Path, query: str
) -> None:
    text = f"dataset_name: bad\ndisplay_name: Bad\nhas_experiment: false\nhas_unit: false\nquery: {query!r}\n"
    (data_dir / "exportable_datasets" / "bad.yaml").write_text(text, encoding="utf-8")
    archive = await exported(unit, datasets=["bad", "temperature_readings"])
    assert [each["dataset_name"] for each in archive.result["left_out"]] == ["bad"]
    assert archive.rows("temperature_readings")
    assert (await unit.json("GET", "/experiments/second"))["series"]


async def test_an_export_is_whole_while_readings_go_on(unit: Served) -> None:
    async def go_on() -> None:
        for number in range(200):
            readings(unit, f"series{number}", 1.0)
            await asyncio.sleep(0.005)

    going_on = asyncio.create_task(go_on())
    archive = await exported(unit, datasets=["other_readings", "temperature_readings"])
    await going_on
    assert zipfile.ZipFile.testzip(archive.zip) is None
    assert len(archive.rows("other_readings")) == archive.manifest["datasets"][1]["rows"]
