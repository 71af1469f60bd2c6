"""The configuration over HTTP: what holds, the unit's own file, and what is refused before it can do harm."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from running_services import Served, serving, write_config

from core.service import ServiceOptions

_SPECIFIC = "/config/specific"


async def test_the_unit_file_overlays_the_shared_file_which_overlays_the_shipped_values(data_dir: Path) -> None:
    write_config(data_dir, "[stirring.config]\ninitial_target_rpm = 300\nuse_rpm = 0\n[mine]\nKey = a%b\n")
    (data_dir / "unit_config.ini").write_text("[stirring.config]\ninitial_target_rpm = 350\n")
    async with serving(ServiceOptions(data_dir)) as served:
        merged = await served.json("GET", "/config/merged")
        stirring = merged["stirring.config"]
        assert (stirring["initial_target_rpm"], stirring["use_rpm"], stirring["pwm_hz"]) == ("350", "0", "200")
        assert merged["mine"] == {"Key": "a%b"}
        assert all(isinstance(text, str) for section in merged.values() for text in section.values())


async def test_the_unit_file_is_empty_until_it_is_written_and_then_as_it_was_sent(served: Served) -> None:
    answer = await served.http.get(f"/unit_api{_SPECIFIC}")
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["content-type"].startswith("text/plain")
    code = "# my unit\n[stirring.config]\ninitial_target_rpm=400\n"
    assert await served.json("POST", _SPECIFIC, json={"code": code}) == {"status": "success"}
    assert (await served.http.get(f"/unit_api{_SPECIFIC}")).text == code
    assert (await served.json("GET", "/config/merged"))["stirring.config"]["initial_target_rpm"] == "400"
    await served.json("PATCH", _SPECIFIC, json={"code": ""})
    assert (await served.json("GET", "/config/merged"))["stirring.config"]["initial_target_rpm"] == "500"


async def test_jobs_see_it_at_their_next_start(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await served.service.board_link.current.wait_until_usable(10)  # type: ignore[union-attr]
        await served.json("POST", "/jobs/run/job_name/stirring", 202, json={})
        job = served.service.jobs.newest("stirring")
        assert job
        await job.left_init.wait()
        await served.json("POST", _SPECIFIC, json={"code": "[stirring.config]\ninitial_target_rpm=411\n"})
        path = "/jobs/settings/job_name/stirring"
        assert (await served.json("GET", path))["settings"]["target_rpm"] == 500.0
        await served.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"})
        await job.gone.wait()
        async with asyncio.timeout(10):
            while (await served.http.post("/unit_api/jobs/run/job_name/stirring", json={})).status_code == 429:
                continue  # less than a second ago
        again = served.service.jobs.newest("stirring")
        assert again
        await again.left_init.wait()
        assert (await served.json("GET", path))["settings"]["target_rpm"] == 411.0


async def test_dashes_are_turned_into_hyphens(served: Served) -> None:
    await served.json("POST", _SPECIFIC, json={"code": "[a]\nx = 1–2—3\n"})
    assert (await served.http.get(f"/unit_api{_SPECIFIC}")).text == "[a]\nx = 1-2-3\n"


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("[broken\nx", "unit_config.ini"),
        ("x=1\n", "x=1"),
        ("[a]\nx=1\nx=2\n", "option 'x' in section 'a' already exists"),
        ("[a]\nx=1\n[a]\ny=2\n", "section 'a' already exists"),
        ("[stirring.config]\ninitial_target_rpm=fast\n", "initial_target_rpm"),
        ("[http]\nport = 70000\n", "port"),
        ("[system]\ndedicated_host = maybe\n", "dedicated_host"),
        ("[a]\nx=\0\n", "NUL"),
    ],
)
async def test_what_the_program_cannot_use_is_refused_and_changes_nothing(
    served: Served, code: str, named: str
) -> None:
    kept = "[stirring.config]\ninitial_target_rpm=400\n"
    await served.json("POST", _SPECIFIC, json={"code": kept})
    answer = await served.json("POST", _SPECIFIC, 400, json={"code": code})
    assert named in f"{answer['error']} {answer['error_info']['cause']}"
    assert answer["error_info"]["fields"] == ["code"]
    assert (served.service.data_dir / "unit_config.ini").read_text() == kept
    assert (await served.json("GET", "/config/merged"))["stirring.config"]["initial_target_rpm"] == "400"


async def test_a_fault_that_was_there_before_does_not_keep_others_from_being_mended(data_dir: Path) -> None:
    write_config(data_dir, "[stirring.config]\ninitial_target_rpm = fast\n")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", _SPECIFIC, json={"code": "[a]\nx = 1\n"})


@pytest.mark.parametrize("body", [{}, {"code": 5}, {"code": "", "more": 1}, [1]])
async def test_a_body_that_does_not_fit_is_refused(served: Served, body: object) -> None:
    await served.json("PATCH", _SPECIFIC, 400, json=body)
