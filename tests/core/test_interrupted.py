"""Jobs cut off by the end of the service: remembered, offered, resumed in order, or left, as the user decides."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service, ended, started
from pump_calibrations import calibrate
from running_services import Served, ServiceProcess, read_events, serving, write_config

from core.jobs.runner import StartRequest
from core.service import Restart, Service, ServiceOptions

_EXPERIMENT = "Exp 1"


class Unit:
    """What a unit answers over HTTP, whether it runs in this process or in one of its own."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def json(self, method: str, path: str, **request: Any) -> Any:
        answer = await self.http.request(method, f"/unit_api{path}", **request)
        assert answer.is_success, answer.text
        return answer.json()

    async def start(self, job: str, **options: Any) -> None:
        body = {"options": options, "env": {"EXPERIMENT": _EXPERIMENT}}

        async def accepted() -> bool:
            return (await self.http.post(f"/unit_api/jobs/run/job_name/{job}", json=body)).status_code == 202

        await until(accepted)
        if job != "led_intensity":  # shows no state
            await until(lambda: self.is_in(job, "ready"))

    async def is_in(self, job: str, state: str) -> bool:
        answer = await self.http.get(f"/unit_api/jobs/settings/job_name/{job}")
        return answer.status_code == 200 and answer.json()["settings"].get("$state") == state

    async def running(self) -> list[str]:
        return [row["job_name"] for row in await self.json("GET", "/jobs/running") if not row["is_long_running_job"]]

    async def offered(self) -> list[str]:
        return [job["job_name"] for job in (await self.json("GET", "/jobs/interrupted"))["jobs"]]

    async def resume(self, *jobs: str) -> dict[str, Any]:
        accepted = await self.json("POST", "/jobs/interrupted/resume", json={"jobs": list(jobs)} if jobs else {})

        async def over() -> bool:
            task = await self.json("GET", accepted["result_url_path"].removeprefix("/unit_api"))
            return task["status"] not in ("pending", "running")

        await until(over, 30)
        task = await self.json("GET", accepted["result_url_path"].removeprefix("/unit_api"))
        assert task["status"] == "complete", task
        result: dict[str, Any] = task["result"]
        return result


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - it is the service that is asked
            await asyncio.sleep(0.05)


def on_board(data_dir: Path) -> ServiceOptions:
    return ServiceOptions(data_dir, "simulated:")


async def connected(served: Served) -> Unit:
    current = served.service.board_link.current
    assert current is not None
    await current.wait_until_usable(10)
    return Unit(served.http)


async def _restart(served: Served) -> None:
    former = served.service
    former.restart_with(Restart("simulated:"))

    async def is_new() -> bool:
        return served.instances._service not in (None, former)

    await until(is_new)


async def killed_with_three_jobs(start_service: Callable[..., ServiceProcess]) -> None:
    """Leave a data folder as a killed service does, with stirring changed, OD and temperature read."""
    process = start_service("--board", "simulated:")
    url = await asyncio.to_thread(process.url)
    async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False, verify=False) as http:
        unit = Unit(http)
        await unit.start("od_reading", interval=5)
        await unit.start("stirring", target_rpm=400)
        await unit.start("temperature_automation", automation_name="only_record_temperature")
        await unit.start("led_intensity", b=10)
        await unit.json("PATCH", "/jobs/settings/job_name/stirring", json={"settings": {"target_rpm": 350}})
        await unit.json("GET", "/logs")  # reading waits until everything is on the disk
    await asyncio.to_thread(process.end, signal.SIGKILL)


async def test_what_a_killed_service_ran_is_offered_and_resumed_as_it_was(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    await killed_with_three_jobs(start_service)
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        told = await unit.json("GET", "/jobs/interrupted")
        assert (told["rule"], told["was_killed"], told["is_resuming"]) == ("ask", True, False)
        by_name = {job["job_name"]: job for job in told["jobs"]}
        assert set(by_name) == {"od_reading", "stirring", "temperature_automation", "led_intensity"}
        assert by_name["stirring"]["settings"]["target_rpm"] == 350
        assert all(job["experiment"] == _EXPERIMENT and job["was_killed"] for job in told["jobs"])
        assert await unit.running() == []
        result = await unit.resume()
        assert (result["failed"], len(result["resumed"])) == ([], 4)
        assert await unit.running() == ["stirring", "od_reading", "temperature_automation", "led_intensity"]
        settings = (await unit.json("GET", "/jobs/settings/job_name/stirring"))["settings"]
        assert settings["target_rpm"] == 350
        assert await unit.offered() == []
        rows = await unit.json("GET", "/jobs/running/experiments/" + _EXPERIMENT)
        assert len(rows) == 4


async def test_by_the_rule_never_nothing_is_resumed_or_offered(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    await killed_with_three_jobs(start_service)
    write_config(data_dir, "[safety]\nresume_after_restart = never\n")
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        assert (await unit.offered(), await unit.running()) == ([], [])
        messages = [item["message"] for item in (await unit.json("GET", "/logs"))["logs"]]
        assert any("nothing is resumed" in message for message in messages)
    write_config(data_dir, "")
    async with serving(on_board(data_dir)) as served:
        assert await Unit(served.http).offered() == []


async def test_by_the_rule_always_everything_is_resumed_once_the_board_is_there(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    await killed_with_three_jobs(start_service)
    write_config(data_dir, "[safety]\nresume_after_restart = always\n")
    async with serving(ServiceOptions(data_dir)) as served:
        unit = Unit(served.http)
        assert (len(await unit.offered()), await unit.running()) == (4, [])
        await unit.json("PATCH", "/board", json={"url": "simulated:"})

        async def all_run() -> bool:
            return len(await unit.running()) == 4 and await unit.offered() == []

        await until(all_run)
    # The service ended soon after: that may have been because of what was resumed.
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        assert (len(await unit.offered()), await unit.running()) == (4, [])
        await unit.json("POST", "/jobs/interrupted/dismiss", json={})
        assert await unit.offered() == []


async def test_a_restart_of_the_service_is_a_cut_and_a_stop_by_the_user_is_none(data_dir: Path) -> None:
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        await unit.start("stirring")
        await unit.start("od_reading")
        await unit.start("led_automation", automation_name="light_dark_cycle")
        await unit.json("POST", "/jobs/stop", json={"job_name": "od_reading"})
        await unit.json("PATCH", "/jobs/settings/job_name/stirring", json={"settings": {"$state": "sleeping"}})
        await until(lambda: _runs(unit, ["stirring", "led_automation"]))
        await _restart(served)
        assert await unit.offered() == ["stirring", "led_automation"]
        assert not (await unit.json("GET", "/jobs/interrupted"))["was_killed"]
        await connected(served)
        await unit.resume("stirring")
        assert await unit.is_in("stirring", "sleeping")
        assert await unit.offered() == ["led_automation"]
        await unit.start("led_automation", automation_name="silent")  # somebody decided otherwise
        assert await unit.offered() == []


async def _runs(unit: Unit, names: list[str]) -> bool:
    return await unit.running() == names


async def test_a_reboot_is_a_cut_and_a_shut_down_is_none(data_dir: Path) -> None:
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        await unit.start("stirring")
        former = served.service
        await unit.json("POST", "/system/reboot")

        async def is_new() -> bool:
            return served.instances._service not in (None, former)

        await until(is_new)
        assert await unit.offered() == ["stirring"]
        await connected(served)
        await unit.start("stirring")
        await unit.json("POST", "/system/shutdown")
        await until(lambda: _runs(unit, []))
        await _restart(served)
        assert await unit.offered() == []


async def test_the_end_of_an_experiment_ends_the_offer_and_the_window_is_told(data_dir: Path) -> None:
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        await unit.start("stirring")
        await _restart(served)
        async with served.http.stream("GET", "/unit_api/events?topics=interrupted") as stream:
            events = read_events(stream)
            snapshot = await anext(events)
            assert [job["job_name"] for job in snapshot.data["interrupted"]["jobs"]] == ["stirring"]
            await unit.json("POST", f"/experiments/{_EXPERIMENT}/end")
            changed = await anext(events)
            assert (changed.name, changed.data["jobs"]) == ("interrupted", [])


async def test_what_cannot_be_resumed_says_why_and_can_be_tried_again(data_dir: Path) -> None:
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        await unit.start("stirring")
        await _restart(served)
        await unit.json("PATCH", "/board", json={"url": ""})
        result = await unit.resume()
        assert result["resumed"] == []
        assert result["failed"][0]["job_name"] == "stirring"
        assert result["failed"][0]["remediation"]
        assert await unit.offered() == ["stirring"]
        refused = await served.json("POST", "/jobs/interrupted/resume", 400, json={"jobs": ["od_reading"]})
        assert refused["error_info"]["known"] == ["stirring"]
    async with serving(on_board(data_dir)) as served:
        unit = await connected(served)
        assert await unit.offered() == ["stirring"]
        assert (await unit.resume())["failed"] == []
        await served.json("POST", "/jobs/interrupted/resume", 404, json={})


async def test_the_word_of_the_window_to_stop_leaves_nothing_to_resume(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    for word, offered in (("stop", []), (None, ["stirring"])):
        process = start_service("--board", "simulated:", "--has-parent", pipe=True)
        url = await asyncio.to_thread(process.url)
        async with httpx.AsyncClient(base_url=url, timeout=10, trust_env=False, verify=False) as http:
            await Unit(http).start("stirring")
        if word is None:
            process.hang_up()  # the window is gone
        else:
            process.say(word)
        await asyncio.to_thread(process.wait)
        async with serving(ServiceOptions(data_dir)) as served:
            assert await Unit(served.http).offered() == offered


def test_dosing_comes_last_waits_an_interval_and_leaves_the_volume_as_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "alt_media_pump", "waste_pump"):
                await calibrate(service, pump)
            await started(service, "dosing_automation", automation_name="chemostat", current_volume_ml=12.0,
                          exchange_volume_ml=0.5, duration=20.0)  # fmt: skip
            await started(service, "stirring")
            await asyncio.sleep(60)
        async with bent_service(tmp_path) as (service, _):
            volume_ml = _volume(service)
            assert volume_ml != 12
            result = await service.interrupted.resume(service.interrupted.choose(None))
            assert result["resumed"] == ["dosing_automation", "stirring"]
            assert [entry.name for entry in service.jobs.running][-2:] == ["stirring", "dosing_automation"]
            await asyncio.sleep(600)
            assert _volume(service) == volume_ml
            await asyncio.sleep(700)
            dosing = service.jobs.newest("dosing_automation")
            assert dosing is not None
            assert dosing.settings["latest_event"]["event_name"] == "DilutionEvent"

    bent(run())


def test_a_whole_culture_goes_on_as_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "alt_media_pump", "waste_pump"):
                await calibrate(service, pump)
            turbidostat = {"automation_name": "turbidostat", "exchange_volume_ml": 1.0, "target_biomass": 2.0}
            await started(service, "dosing_automation", **turbidostat)
            await started(service, "temperature_automation", automation_name="thermostat", target_temperature=37)
            await started(service, "od_reading")
            await started(service, "stirring", target_rpm=400)
            await started(service, "growth_rate_calculating")
            await started(service, "led_automation", automation_name="light_dark_cycle", light_intensity=20)
            await started(service, "led_intensity", b=5)
            await service.jobs.change_settings("temperature_automation", {"target_temperature": 35})
            await asyncio.sleep(60)
        async with bent_service(tmp_path) as (service, told):
            assert (await service.interrupted.resume(service.interrupted.choose(None)))["failed"] == []
            await asyncio.sleep(120)
            states = {entry.name: entry.job.state.value for entry in service.jobs.running}
            assert list(states) == [
                "monitor", "stirring", "od_reading", "temperature_automation", "led_automation", "led_intensity",
                "growth_rate_calculating", "dosing_automation",
            ]  # fmt: skip
            assert set(states.values()) == {"ready"}
            wanted = {
                "stirring": ("target_rpm", 400),
                "temperature_automation": ("target_temperature", 35),
                "dosing_automation": ("target_biomass", 2),
                "led_automation": ("light_intensity", 20),
            }
            for name, (setting, value) in wanted.items():
                assert (service.jobs.settings_of(name) or {})[setting] == value
            assert service.events.leds["B"] == 5
            assert told.log("ERROR") == ""

    bent(run())


def test_dosing_is_left_out_when_something_before_it_did_not_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "alt_media_pump", "waste_pump"):
                await calibrate(service, pump)
            await started(service, "stirring")
            await started(
                service, "dosing_automation", automation_name="chemostat", exchange_volume_ml=0.5, duration=20.0
            )
        async with bent_service(tmp_path) as (service, _):
            interrupted = service.interrupted.choose(None)
            holder = service.jobs.start(StartRequest("self_test", {"k": "REF_is_lower"}))  # holds the motor
            result = await service.interrupted.resume(interrupted)
            assert [failed["job_name"] for failed in result["failed"]] == ["stirring", "dosing_automation"]
            assert "stirring" in result["failed"][1]["error"]
            holder.end()
            await ended(holder)
            assert (await service.interrupted.resume(interrupted))["failed"] == []

    bent(run())


def test_dosing_is_not_resumed_by_itself_where_nobody_knows_what_is_in_the_vial(tmp_path: Path) -> None:
    write_config(tmp_path, "[safety]\nresume_after_restart = always\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "alt_media_pump", "waste_pump"):
                await calibrate(service, pump)
            await started(service, "stirring")
            rule = {"automation_name": "chemostat", "exchange_volume_ml": 0.5, "duration": 20.0}
            await started(service, "dosing_automation", **rule)
            service.bioreactor.vial.keep_piece("media", 0.4)  # as a killed service leaves it
        for hours, said, offered in ((1, None, ["dosing_automation"]), (2, 15.0, [])):
            async with bent_service(tmp_path, epoch_utc_s=EPOCH_UTC_S + hours * 3600.0) as (service, _):
                if said is not None:
                    service.bioreactor.change(str(service.experiments.active()), {"current_volume_ml": said})
                service.interrupted.begin(service.board_link)
                await asyncio.sleep(700)  # long enough that the next end is not blamed on it
                told = service.interrupted.describe()["jobs"]
                assert [job["job_name"] for job in told] == offered
                assert (service.jobs.newest("dosing_automation") is None) == bool(offered)
                assert service.jobs.newest("stirring") is not None

    bent(run())


def test_stop_all_ends_what_is_being_resumed(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
            await started(service, "od_reading")
        async with bent_service(tmp_path) as (service, _):
            resuming = asyncio.create_task(service.interrupted.resume(service.interrupted.choose(None)))
            await asyncio.sleep(0.01)
            service.jobs.note_stop_of_all()
            failed = [each["job_name"] for each in (await resuming)["failed"]]
            assert failed == ["od_reading"]

    bent(run())


def _volume(service: Service) -> float:
    experiment = service.experiments.active()
    return service.bioreactor.values(experiment)["current_volume_ml"]


@pytest.mark.parametrize("rule", ["sometimes", ""])
async def test_a_rule_that_is_none_is_refused(served: Served, rule: str) -> None:
    code = f"[safety]\nresume_after_restart = {rule}\n"
    refusal = await served.json("PATCH", "/config/specific", 400, json={"code": code})
    assert "resume_after_restart" in refusal["error"]
