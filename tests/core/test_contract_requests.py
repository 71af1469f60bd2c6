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


@pytest.mark.parametrize("number", [f"{'1:' * 40_000}1", f"0x{'f' * 5_000}"], ids=["base 60", "hexadecimal"])
def test_a_number_without_end_in_a_calibration_costs_nothing(data_dir: Path, number: str) -> None:
    data = f"{{calibration_type: simple_stirring, calibration_name: s, note: {number}}}"

    async def ask() -> str:
        async with contract_unit(data_dir) as unit:
            answer = await unit.ask("POST", "/calibrations/stirring", {"calibration_data": data})
            assert answer.status == 400
            return str(answer.json()["error_info"]["cause"])

    assert "characters" in bent(ask())


def test_a_whole_number_that_no_floating_point_holds_is_none(data_dir: Path) -> None:
    assert _statuses(data_dir, ("POST", "/jobs/stop", {"job_id": 10**400})) == [400]
    calibration = {"calibration_data": {"calibration_type": "simple_stirring", "note": 10**400}}

    async def ask() -> str:
        async with contract_unit(data_dir) as unit:
            return str((await unit.ask("POST", "/calibrations/stirring", calibration)).json()["error"])

    assert bent(ask()) == "The body is not JSON."


def test_a_list_is_no_text_in_a_guided_calibration(data_dir: Path) -> None:
    async def ask() -> tuple[int, str]:
        async with contract_unit(data_dir) as unit:
            body = {"target_device": "media_pump", "protocol_name": "duration_based"}
            started = (await unit.ask("POST", "/calibrations/sessions", body)).json()
            path = f"/calibrations/sessions/{started['session']['session_id']}"
            for _ in range(3):
                await unit.ask("POST", f"{path}/inputs")
            refused = await unit.ask("POST", f"{path}/inputs", {"inputs": {"calibration_name": []}})
            return refused.status, (await unit.ask("GET", path)).json()["step"]["step_id"]

    assert bent(ask()) == (400, "name_input")


def test_a_range_with_one_end_is_told_with_that_end(data_dir: Path) -> None:
    async def ask() -> str:
        async with contract_unit(data_dir) as unit:
            answer = await unit.ask("POST", "/jobs/run/job_name/add_media", {"options": {"ml": -1}})
            return str(answer.json()["error"])

    assert bent(ask()) == "ml must be at least 0 mL, not -1."
