"""The export over HTTP, on real records: what is in the archive, file by file."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from running_services import Served, serving

from core.bus import DosingEvent, GapMarked, LedChanged, LogWritten, ReadingTaken
from core.service import ServiceOptions

T0 = 1_900_000_000.0  # 2030-03-17T17:46:40Z
EXPORT = "/datasets/exportable/export"


class Exported:
    """An export as it was downloaded."""

    def __init__(self, content: bytes, result: dict[str, Any]) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        self.result = result
        self.manifest = json.loads(self.zip.read("manifest.json"))
        self.schema = json.loads(self.zip.read("schema.json"))

    def files(self, dataset: str, ending: str = ".csv") -> list[str]:
        return [name for name in self.zip.namelist() if name.startswith(f"{dataset}/") and name.endswith(ending)]

    def rows(self, dataset: str) -> list[dict[str, str]]:
        return [row for name in self.files(dataset) for row in self.rows_of(name)]

    def rows_of(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.zip.read(name).decode("utf-8"), newline="")))


async def finished(served: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a task and return its body."""
    async with asyncio.timeout(30):
        while (answer := await served.http.get(accepted["result_url_path"])).status_code == 202:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return dict(answer.json())


async def exported(served: Served, **body: Any) -> Exported:
    """Export, insist that it goes well, download."""
    task = await finished(served, await served.json("POST", EXPORT, 202, json=body))
    assert task["status"] == "complete", task
    answer = await served.http.get(task["result"]["export"]["url_path"])
    assert answer.status_code == 200
    return Exported(answer.content, task["result"])


@pytest.fixture
async def unit(data_dir: Path) -> AsyncIterator[Served]:
    """A service with two experiments, the readings of which begin at T0."""
    async with serving(ServiceOptions(data_dir, epoch_utc_s=T0)) as served:
        for name in ("yeast 30 °C", "second"):
            await served.json("POST", "/experiments", 201, json={"experiment": name})
            await served.json("POST", f"/experiments/{name}/end")
        yield served


def tell(served: Served, *events: Any) -> None:
    for event in events:
        served.service.bus.publish(event)


def readings(served: Served, series: str, *values: float, experiment: str = "second", step_s: float = 5.0) -> None:
    tell(served, *(ReadingTaken(T0 + 3600 + n * step_s, experiment, series, value) for n, value in enumerate(values)))


async def test_the_list_of_datasets_says_what_each_is(unit: Served) -> None:
    datasets = {each["dataset_name"]: each for each in await unit.json("GET", "/datasets/exportable")}
    reference = {
        "pioreactor_unit_activity_data", "pioreactor_unit_activity_data_rollup", "logs", "od_readings",
        "raw_od_readings", "od_readings_fused", "od_readings_filtered", "growth_rates", "liquid_volumes",
        "alt_media_fractions", "experiments", "dosing_events", "led_change_events", "temperature_readings",
        "stirring_rates", "ir_led_intensities", "pioreactor_unit_labels", "calibrations", "pwm_dcs",
        *(f"{kind}_automation_{what}" for kind in ("dosing", "led", "temperature") for what in ("events", "settings")),
    }  # fmt: skip
    assert len(reference) == 25
    assert reference <= set(datasets)
    assert datasets["growth_rates"]["column_units"] == {"rate": "1/h"}
    assert all(each["display_name"] and each["description"] and each["source"] == "app" for each in datasets.values())
    assert [name for name, each in datasets.items() if each["not_recorded"]] == ["pioreactor_unit_labels"]


async def test_readings_are_exact_in_time_and_value_with_local_time_and_hours(unit: Served) -> None:
    readings(unit, "growth_rate", 0.1 + 0.2, 1e-7)
    archive = await exported(unit, experiments=["second"], datasets=["growth_rates"])
    [name] = archive.files("growth_rates")
    assert name.startswith("growth_rates/growth_rates-second-all_units-2030")
    first, second = archive.rows("growth_rates")
    assert list(first) == [
        "experiment", "pioreactor_unit", "timestamp", "rate", "timestamp_localtime", "hours_since_experiment_created",
    ]  # fmt: skip
    assert (first["experiment"], first["pioreactor_unit"]) == ("second", unit.service.unit)
    assert (float(first["rate"]), float(second["rate"])) == (0.1 + 0.2, 1e-7)
    assert first["timestamp"] == "2030-03-17T18:46:40.000Z"
    assert len(first["timestamp_localtime"]) == len("2030-03-17 18:46:40")
    created_s = unit.service.experiments.get("second").created_at
    hours = (T0 + 3600 - created_s) / 3600
    assert float(first["hours_since_experiment_created"]) == pytest.approx(hours, abs=1e-6)


async def test_each_kind_of_record_is_in_its_dataset(unit: Served) -> None:
    series_told = ("od1", "od2", "raw_od2", "od_fused", "od_filtered", "temperature", "measured_rpm",
                   "current_volume_ml", "alt_media_fraction", "relative_intensity_of_ir_led", "light_dose")  # fmt: skip
    for series in series_told:
        readings(unit, series, 1.5)
    readings(unit, "pwm_3", 40.0, 50.0)
    readings(unit, "pwm_1", 7.0, step_s=1)
    tell(
        unit,
        DosingEvent(T0 + 60, "second", "add_media", 0.5, "chemostat"),
        LedChanged(T0 + 61, "B", 33.0, "light", "second"),
        GapMarked(T0 + 62, "second", "od2", "link lost"),
    )
    archive = await exported(unit, experiments=["second"])
    values = {
        "raw_od_readings": ("od_reading", "1.5"), "od_readings_fused": ("od_reading", "1.5"),
        "od_readings_filtered": ("normalized_od_reading", "1.5"), "temperature_readings": ("temperature_c", "1.5"),
        "stirring_rates": ("measured_rpm", "1.5"), "liquid_volumes": ("liquid_volume", "1.5"),
        "alt_media_fractions": ("alt_media_fraction", "1.5"), "ir_led_intensities": ("relative_intensity", "1.5"),
        "dosing_events": ("volume_change_ml", "0.5"), "led_change_events": ("intensity", "33.0"),
        "gaps": ("reason", "link lost"), "experiments": ("experiment", "second"),
    }  # fmt: skip
    for dataset, (column, value) in values.items():
        assert archive.rows(dataset)[-1][column] == value, dataset
        assert len(archive.rows(dataset)) == (2 if dataset == "liquid_volumes" else 1), dataset  # a dose adds one
    assert [row["channel"] for row in archive.rows("od_readings")] == ["1", "2"]
    assert [row["series"] for row in archive.rows("other_readings")] == ["light_dose"]
    duties = [(row["channel_1"], row["channel_2"], row["channel_3"]) for row in archive.rows("pwm_dcs")]
    assert duties == [("7.0", "0.0", "40.0"), ("7.0", "0.0", "50.0")]
    by_time = {row["timestamp"]: row for row in archive.rows("pioreactor_unit_activity_data")}
    measured = by_time["2030-03-17T18:46:40.000Z"]
    assert (measured["od_reading"], measured["temperature_c"], measured["growth_rate"]) == ("1.5", "1.5", "")
    assert by_time["2030-03-17T17:47:40.000Z"]["add_media_ml"] == "0.5"
    minutes = [
        (row["timestamp"], row["avg_od_reading"]) for row in archive.rows("pioreactor_unit_activity_data_rollup")
    ]
    assert ("2030-03-17T18:46:00.000Z", "1.5") in minutes


async def test_the_manifest_holds_what_there_is_and_its_checksums(unit: Served) -> None:
    readings(unit, "temperature", 30.0)
    archive = await exported(unit)
    assert archive.manifest["schema_version"] == 1
    assert archive.manifest["left_out"] == []
    listed = [file for dataset in archive.manifest["datasets"] for file in dataset["files"]]
    assert {file["path"] for file in listed} | {"manifest.json", "schema.json"} == set(archive.zip.namelist())
    for file in listed:
        assert hashlib.sha256(archive.zip.read(file["path"])).hexdigest() == file["sha256"]
        assert len(archive.rows_of(file["path"])) == file["rows"]
    for dataset in archive.schema["datasets"]:
        [name] = archive.files(dataset["dataset_name"])
        header = next(csv.reader(io.StringIO(archive.zip.read(name).decode())))
        assert [column["name"] for column in dataset["columns"]] == header
        assert all(column["description"] for column in dataset["columns"]), dataset["dataset_name"]


async def test_what_is_asked_for_by_name_and_not_recorded_is_told(unit: Served) -> None:
    archive = await exported(unit, datasets=["pioreactor_unit_labels"])
    assert archive.rows("pioreactor_unit_labels") == []
    assert archive.result["left_out"][0]["dataset_name"] == "pioreactor_unit_labels"
    assert archive.manifest["left_out"] == archive.result["left_out"]


async def test_a_file_for_each_experiment_and_unit(unit: Served) -> None:
    readings(unit, "temperature", 30.0, 31.0)
    readings(unit, "temperature", 20.0, experiment="yeast 30 °C")
    archive = await exported(
        unit, datasets=["temperature_readings"], partition_by_experiment=True, partition_by_unit=True
    )
    by_file = {name: [row["temperature_c"] for row in archive.rows_of(name)]
               for name in archive.files("temperature_readings")}  # fmt: skip
    stems = {name.rpartition("-")[0].partition("/")[2]: values for name, values in by_file.items()}
    name = unit.service.unit
    assert stems == {
        f"temperature_readings-second-{name}": ["30.0", "31.0"],
        f"temperature_readings-yeast_30_°C-{name}": ["20.0"],
    }
    one_file = await exported(unit, datasets=["temperature_readings"])
    [name] = one_file.files("temperature_readings")
    assert "-all_experiments-all_units-" in name
    assert len(one_file.rows("temperature_readings")) == 3


async def test_names_that_look_alike_in_a_file_system_keep_their_files_apart(served: Served) -> None:
    for name in ("a b", "a_b", "A b"):
        await served.json("POST", "/experiments", 201, json={"experiment": name})
        await served.json("POST", f"/experiments/{name}/end")
        readings(served, "temperature", 30.0, experiment=name)
    archive = await exported(served, datasets=["temperature_readings"], partition_by_experiment=True)
    names = archive.files("temperature_readings")
    assert len({name.casefold() for name in names}) == 3
    assert sorted(row["experiment"] for row in archive.rows("temperature_readings")) == ["A b", "a b", "a_b"]


@pytest.mark.parametrize(
    ("window", "values"),
    [
        ({"start_time": "2030-03-17T18:46:45Z"}, ["2.0", "3.0"]),
        ({"end_time": "2030-03-17T19:46:45+01:00"}, ["1.0", "2.0"]),
        ({"start_time": "2030-03-17T14:46:44.999-04:00", "end_time": "2030-03-17T18:46:45.001Z"}, ["2.0"]),
        ({"start_time": "2031-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_time_window_in_any_zone(unit: Served, window: dict[str, str], values: list[str]) -> None:
    readings(unit, "temperature", 1.0, 2.0, 3.0)
    archive = await exported(unit, datasets=["temperature_readings", "calibrations"], **window)
    assert [row["temperature_c"] for row in archive.rows("temperature_readings")] == values


async def test_parquet_has_the_same_rows_with_types(unit: Served, tmp_path: Path) -> None:
    readings(unit, "od2", 0.25, 1e-9)
    tell(unit, DosingEvent(T0, "second", "add_media", 1.0, 'a "quoted", source\nof two lines'))
    archive = await exported(unit, experiments=["second"], parquet=True)
    assert len(archive.files("od_readings", ".parquet")) == 1
    for dataset in archive.manifest["datasets"]:
        [form] = [file for file in dataset["files"] if file["format"] == "parquet"]
        archive.zip.extract(form["path"], tmp_path)
        with duckdb.connect() as connection:
            counted = connection.execute(f"SELECT count(*) FROM '{tmp_path / form['path']}'").fetchone()
        assert counted == (dataset["rows"],), dataset
    [path] = archive.files("od_readings", ".parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.sql(f"SELECT * FROM '{tmp_path / path}'")
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        rows = connection.execute(f"SELECT od_reading, epoch(timestamp) FROM '{tmp_path / path}'").fetchall()
    assert types["timestamp"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["timestamp_localtime"], types["od_reading"], types["channel"]) == ("TIMESTAMP", "DOUBLE", "BIGINT")
    assert rows == [(0.25, T0 + 3600), (1e-9, T0 + 3605)]
    [path] = archive.files("dosing_events", ".parquet")
    with duckdb.connect() as connection:
        dose = connection.execute(f"SELECT source_of_event FROM '{tmp_path / path}'").fetchone()
    assert dose == ('a "quoted", source\nof two lines',)


async def test_log_lines_of_no_experiment_are_in_the_export_of_everything_only(unit: Served) -> None:
    item = {"timestamp": "2030-03-17T18:00:00.000Z", "source": "app", "task": "x", "pioreactor_unit": "u"}
    next_id = unit.service.records.next_log_id
    tell(
        unit,
        LogWritten({**item, "id": next_id(), "level": "WARNING", "message": "of all", "experiment": None}),
        LogWritten({**item, "id": next_id(), "level": "ERROR", "message": "of one", "experiment": "second"}),
    )
    everything = {row["message"]: row for row in (await exported(unit, datasets=["logs"])).rows("logs")}
    assert (everything["of all"]["experiment"], everything["of all"]["level"]) == ("$experiment", "WARNING")
    one = (await exported(unit, datasets=["logs"], experiments=["second"])).rows("logs")
    assert [row["message"] for row in one] == ["of one"]
