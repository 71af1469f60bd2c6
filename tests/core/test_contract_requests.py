"""What is strict in a request: names of fields, forms of numbers, flags and times, paths of files."""

from __future__ import annotations

from pathlib import Path

import pytest
from bent_service import bent
from contract_unit import contract_unit


def _statuses(data_dir: Path, *requests: tuple[str, str, object]) -> list[int]:
    async def ask() -> list[int]:
        async with contract_unit(data_dir) as unit:
            return [(await unit.ask(method, path, body)).status for method, path, body in requests]

    statuses: list[int] = bent(ask())
    return statuses


def test_a_field_that_is_not_known_is_refused_also_when_it_is_null(data_dir: Path) -> None:
    body = {"job_name": "stirring", "job_nmae": None, "experiment": None}
    assert _statuses(data_dir, ("POST", "/jobs/stop", body)) == [400]


@pytest.mark.parametrize("text", ["1_000", "\u0663\u0660\u0660", "0x10", "", "nan", "inf"])
def test_a_text_that_only_some_programs_take_for_a_number_is_none(data_dir: Path, text: str) -> None:
    run = ("POST", "/jobs/run/job_name/stirring", {"options": {"target_rpm": text}})
    assert _statuses(data_dir, run) == [400]


@pytest.mark.parametrize("flag", [0, 1, "true", []])
def test_the_flag_of_a_dry_run_is_a_boolean(data_dir: Path, flag: object) -> None:
    update = ("POST", "/system/update/firmware", {"options": {"dry_run": flag}})
    assert _statuses(data_dir, update) == [400]


def test_a_space_stands_for_a_plus_sign_in_queries_alone(data_dir: Path) -> None:
    clock = ("POST", "/system/utc_clock", {"utc_clock_time": "2031-02-03T04:05:06 00:00"})
    assert _statuses(data_dir, clock, ("GET", "/logs?from=2031-02-03T04:05:06+00:00", None)) == [400, 200]


def test_a_folder_with_a_slash_behind_it_is_a_folder_still(data_dir: Path) -> None:
    (data_dir / "notes").mkdir(parents=True)
    (data_dir / "notes" / "hello.txt").write_text("hello\n")
    paths = ("notes/", "./", "notes/hello.txt/")
    requests = [("POST", "/system/remove_file", {"filepath": path}) for path in paths]
    assert _statuses(data_dir, *requests) == [400, 403, 404]


def test_an_archive_that_is_too_large_is_that_before_its_form_is_looked_at(data_dir: Path) -> None:
    async def ask() -> int:
        async with contract_unit(data_dir) as unit:
            path, headers = "/unit_api/import_zipped_dot_pioreactor", {"Content-Length": str(600 * 2**20)}
            return (await unit.client.ask("POST", path, None, headers)).status

    assert bent(ask()) == 413
