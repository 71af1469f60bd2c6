"""More of the worst moments for what is resumed: killed meanwhile, the board lost, a faulty plug-in, an import."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service, misbehave, started, until
from calibration_session import bent_unit
from cut_off import Writes, killed_copy, stored
from pump_calibrations import calibrate
from running_services import Served, serving, write_config
from system_requests import over

from core.plugins.api import Group, Job, JobDeclaration, Setting, StartPlace
from core.service import Service, ServiceOptions
from core.system.import_swap import Swap, settle_import

_ALWAYS = "[safety]\nresume_after_restart = always\n"
_PUMPS = ("media_pump", "alt_media_pump", "waste_pump")
_CHEMOSTAT = {"automation_name": "chemostat", "exchange_volume_ml": 0.5, "duration": 20.0}


def _names(service: Service) -> list[str]:
    return [each.name for each in service.jobs.running if not each.row.is_long_running]


def _offered(service: Service) -> list[str]:
    return [each["job_name"] for each in service.interrupted.describe()["jobs"]]


async def _culture(service: Service) -> None:
    for device in _PUMPS:
        await calibrate(service, device)
    await started(service, "stirring")
    await started(service, "od_reading")
    await started(service, "dosing_automation", **_CHEMOSTAT)


class Slow(Job):
    """Takes its time to come up, as a job that waits for a warm lamp does."""

    declaration = JobDeclaration("slow", "", Group.CHECK, "Slow", settings={"level": Setting("float", settable=True)})

    async def set_up(self) -> None:
        await self.sleep(40.0)


class Faulty(Slow):
    """Has a fault that shows only when it is started, or set, a second time."""

    where = ""

    async def set_up(self) -> None:
        if Faulty.where == "set_up":
            raise KeyError("lamp")

    def check_start(self, place: StartPlace) -> None:
        if Faulty.where == "check_start":
            raise ZeroDivisionError

    async def set_level(self, level: float) -> None:
        if Faulty.where == "set_level":
            raise RuntimeError("no lamp")
        self.publish("level", level)


def test_what_is_left_of_an_offer_is_resumed_all_the_same_by_the_rule(tmp_path: Path) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await _culture(service)
        async with bent_service(tmp_path, None) as (service, _):
            service.interrupted.begin(service.board_link)
            service.interrupted.dismiss(service.interrupted.choose(["od_reading"]))
            await asyncio.sleep(60)
            await service.board_link.open("simulated:")
            await until(lambda: _names(service) == ["stirring", "dosing_automation"])
            assert _offered(service) == []

    bent(run())


def test_nothing_is_resumed_by_the_rule_when_all_of_it_was_dismissed(tmp_path: Path) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
        async with bent_service(tmp_path, None) as (service, _):
            service.interrupted.begin(service.board_link)
            service.interrupted.dismiss_all()
            await service.board_link.open("simulated:")
            await asyncio.sleep(120)
            assert _names(service) == []

    bent(run())


@pytest.mark.parametrize("after_s", [0.0, 0.3, 1.0, 2.0])
def test_a_board_that_is_lost_while_jobs_are_resumed_by_the_rule_is_waited_for_again(
    tmp_path: Path, after_s: float
) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await _culture(service)
        async with bent_service(tmp_path) as (service, _):
            service.interrupted.begin(service.board_link)
            await asyncio.sleep(after_s)
            misbehave(service, "unplug 120")
            await asyncio.sleep(60)
            await until(lambda: _names(service) == ["stirring", "od_reading", "dosing_automation"], 600)
            assert _offered(service) == []

    bent(run())


@pytest.mark.parametrize("where", ["check_start", "set_up", "set_level"])
def test_a_plug_ins_fault_keeps_nothing_else_from_being_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Faulty)
            await started(service, "stirring")
            await started(service, "slow")
            await service.jobs.change_settings("slow", {"level": 3.0})
            await started(service, "led_automation", automation_name="silent")
            for device in _PUMPS:
                await calibrate(service, device)
            await started(service, "dosing_automation", **_CHEMOSTAT)
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Faulty)
            monkeypatch.setattr(Faulty, "where", where)
            result = await service.interrupted.resume(service.interrupted.choose(None))
            assert result["resumed"] == ["stirring", "led_automation"]
            failed = {each["job_name"]: each for each in result["failed"]}
            assert set(failed) == {"slow", "dosing_automation"}
            assert all(each["error"] and each["remediation"] for each in failed.values())
            assert set(_offered(service)) == set(failed)

    bent(run())


def test_jobs_that_take_long_to_come_up_are_resumed_to_the_last(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Slow)
            await started(service, "slow")
            await _culture(service)
        async with bent_unit(tmp_path) as served:
            service = served.service
            service.jobs.registry.add(Slow)
            accepted = await served.json("POST", "/jobs/interrupted/resume", 202, json={})
            await until(lambda: service.tasks.get(accepted["task_id"]).is_over, 600)
            task = service.tasks.get(accepted["task_id"])
            assert task.status == "complete"
            assert task.answer["result"]["failed"] == []
            assert _names(service) == ["stirring", "od_reading", "slow", "dosing_automation"]

    bent(run())


@pytest.mark.parametrize("after_s", [0.0, 0.05, 1.0, 3.0, 6.0])
def test_killed_while_resuming_the_rest_is_offered_and_everything_is_as_it_was(tmp_path: Path, after_s: float) -> None:
    async def run() -> None:
        folder, copy = tmp_path / "one", tmp_path / "two"
        async with bent_service(folder) as (service, _):
            await _culture(service)
            await service.jobs.change_settings("stirring", {"target_rpm": 321, "$state": "sleeping"})
            await service.jobs.change_settings("od_reading", {"$state": "sleeping"})
        async with bent_service(folder) as (service, _):
            resuming = asyncio.create_task(service.interrupted.resume(service.interrupted.choose(None)))
            await asyncio.sleep(after_s)
            await killed_copy(service, copy)
            await resuming
        async with bent_service(copy) as (service, _):
            jobs = {each["job_name"]: each for each in service.interrupted.describe()["jobs"]}
            assert set(jobs) == {"stirring", "od_reading", "dosing_automation"}
            states = {name: each["state"] for name, each in jobs.items()}
            assert states == {"stirring": "sleeping", "od_reading": "sleeping", "dosing_automation": "ready"}
            assert jobs["stirring"]["settings"]["target_rpm"] == 321
            await service.interrupted.resume(service.interrupted.choose(None))
            assert _names(service) == ["stirring", "od_reading", "dosing_automation"]
            assert service.jobs.settings_of("stirring")["target_rpm"] == 321  # type: ignore[index]
            assert service.jobs.settings_of("stirring")["$state"] == "sleeping"  # type: ignore[index]

    bent(run())


def test_wherever_the_power_goes_at_the_next_start_no_job_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
        before = stored(tmp_path)
        assert any(name == "running_jobs" for name, _ in before)
        writes = Writes(monkeypatch)
        async with bent_service(tmp_path) as (service, _):
            assert _offered(service) == ["stirring"]
        moments = list(writes.after_each(before))
        assert len(moments) >= 2
        for store in moments:
            kept = [
                value["job_name"] for (name, _), value in store.items() if name in ("running_jobs", "interrupted_jobs")
            ]
            assert "stirring" in kept

    bent(run())


async def test_two_windows_that_answer_at_once_start_each_job_once(data_dir: Path) -> None:
    options = ServiceOptions(data_dir, "simulated:")
    async with serving(options) as served:
        await _connected(served)
        for job in ("stirring", "od_reading"):
            await _run(served, job)
    async with serving(options) as served:
        await _connected(served)
        asked = [served.http.post(f"/unit_api/jobs/interrupted/{word}", json=body) for word, body in (
            ("resume", {}), ("resume", {"jobs": ["stirring"]}), ("dismiss", {"jobs": ["od_reading"]}), ("resume", {}),
        )]  # fmt: skip
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} <= {200, 202, 400, 404, 409}
        for answer in answers:
            if answer.status_code == 202:
                task = await over(served.http, answer.json())
                assert task["status"] == "complete" or task["error_info"]["status"] == 409
        assert await served.json("GET", "/jobs/interrupted") | {"rule": ""} == {
            "rule": "", "is_resuming": False, "ended_at": None, "was_killed": False, "volume_doubt": None, "jobs": []
        }  # fmt: skip
        running = [row["job_name"] for row in await served.json("GET", "/jobs/running")]
        assert running.count("stirring") == 1
        assert "od_reading" not in running


async def test_an_archive_of_a_running_culture_resumes_nothing_and_does_not_know_the_vial(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(data_dir, _ALWAYS)
    settled: list[list[str]] = []

    def settle(folder: Path) -> Swap | None:
        settled.append([name for name, _ in stored(folder) if name in ("running_jobs", "interrupted_jobs")])
        return settle_import(folder)

    monkeypatch.setattr("core.system.left_tasks.settle_import", settle)
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await _connected(served)
        await _run(served, "stirring")
        archive = (await served.http.get("/unit_api/zipped_dot_pioreactor")).content
        await served.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"})
        await _until_ended(served)
        experiment = str(served.service.experiments.active())
        change = {"values": {"current_volume_ml": 17.0}}
        await served.json("PATCH", f"/bioreactor/experiments/{experiment}", json=change)
        sent = await served.http.post(
            "/unit_api/import_zipped_dot_pioreactor", files={"archive": ("x.zip", archive, "application/zip")}
        )
        assert (await over(served.http, sent.json()))["status"] == "complete"
        await _connected(served)
        assert settled[-1] == [], "killed after this, the next start would not know of the import"
        vial = await served.json("GET", "/bioreactor/vial")
        assert vial["greatest_volume_ml"] == 17
        assert "imported" in vial["doubt"]
        assert (await served.json("GET", "/jobs/interrupted"))["jobs"] == []
        assert [row["job_name"] for row in await served.json("GET", "/jobs/running")] == ["monitor"]
        await served.json("PATCH", f"/bioreactor/experiments/{experiment}", json=change)
        assert (await served.json("GET", "/bioreactor/vial"))["doubt"] is None


def test_a_rule_that_finds_one_job_impossible_resumes_the_others_and_says_so(tmp_path: Path) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await _culture(service)
            await started(service, "led_automation", automation_name="light_dark_cycle")
        (tmp_path / "config.ini").write_text(_ALWAYS + "[od_config.photodiode_channel]\n1 =\n2 =\n", encoding="utf-8")
        async with bent_service(tmp_path, epoch_utc_s=EPOCH_UTC_S + 60) as (service, told):
            service.interrupted.begin(service.board_link)
            await until(lambda: not service.interrupted.describe()["is_resuming"] and len(_names(service)) >= 2)
            await asyncio.sleep(60)
            assert _names(service) == ["stirring", "led_automation"]
            assert set(_offered(service)) == {"od_reading", "dosing_automation"}
            assert "was not resumed" in told.log("ERROR")
            (alarm,) = [each for each in service.alarms.items() if each["key"] == "resume"]
            assert "did not go on by itself" in alarm["message"]

    bent(run())


async def _connected(served: Served) -> None:
    current = served.service.board_link.current
    assert current is not None
    await current.wait_until_usable(10)


async def _run(served: Served, job: str) -> None:
    answer: Any = await served.json("POST", f"/jobs/run/job_name/{job}", 202, json={})
    assert (await over(served.http, answer))["status"] == "complete"


async def _until_ended(served: Served) -> None:
    async with asyncio.timeout(20):
        while len(await served.json("GET", "/jobs/running")) > 1:  # noqa: ASYNC110 - it is the service that is asked
            await asyncio.sleep(0.05)
