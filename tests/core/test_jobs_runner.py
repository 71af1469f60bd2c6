"""Starting, changing, crashing, hanging and stopping jobs, on a whole service with the simulated board."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until

from core.bus import GapMarked, JobChanged, SettingChanged
from core.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    ServiceError,
    TooSoonError,
    UnavailableError,
)
from core.jobs.runner import StartRequest
from core.jobs.stop import StopFilter, matching, of_experiments, switch_all_off
from core.plugins.api import (
    Config,
    Group,
    Job,
    JobDeclaration,
    JobState,
    Setting,
    StopOrder,
    led_output,
    pwm_output,
)


class Heater(Job):
    """Drives PWM 5 and obeys what a test wants of it."""

    declaration = JobDeclaration(
        "heater", "", Group.STIR_AND_HEAT, "Heater", settings={"goal": Setting("float", settable=True)},
        stop_order=StopOrder.OUTPUTS,
    )  # fmt: skip

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (pwm_output(5),)

    async def set_up(self) -> None:
        self.trouble = asyncio.get_running_loop().create_future()
        self.publish("goal", 1.0)
        await self.context.outputs.set_pwm(5, 40.0, 16.0)

    async def work(self) -> None:
        while not self.trouble.done():
            self.record("goal", 1.0, self.clock.utc_s())
            await self.sleep(1)
        if self.trouble.result() == "crash":
            raise RuntimeError("a job with a bug")
        await asyncio.get_running_loop().create_future()  # hangs: waits without renewing


class Lamp(Job):
    """Lights LED B, as fast as it may."""

    declaration = JobDeclaration("lamp", "", Group.LIGHT, "Lamp", stop_order=StopOrder.LIGHTS)
    refused = 0

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (led_output("B"),)

    async def work(self) -> None:
        while True:
            try:
                await self.context.outputs.set_led("B", 20.0, "test", self.context.experiment)
            except ConflictError:
                self.refused += 1
            await self.sleep(0.1)


class Thinker(Job):
    """Needs no outputs."""

    declaration = JobDeclaration("thinker", "", Group.CHECK, "Thinker", needs_board=False)


class Unlucky(Job):
    """Does not come up."""

    declaration = JobDeclaration("unlucky", "", Group.CHECK, "Unlucky", needs_board=False)

    async def set_up(self) -> None:
        raise ConflictError("There is no room.", cause="The vial is full.")


class Stubborn(Thinker):
    """Does not answer settings, and ends late."""

    declaration = JobDeclaration(
        "stubborn", "", Group.CHECK, "Stubborn", needs_board=False, settings={"goal": Setting("float", settable=True)}
    )

    async def set_goal(self, _: float) -> None:
        await asyncio.sleep(3600)


def _service(folder: Path, *classes: type[Job]) -> Any:
    context = bent_service(folder)

    class Prepared:
        async def __aenter__(self) -> Any:
            service, told = await context.__aenter__()
            service.jobs.registry.add(Heater, Lamp, Thinker, Unlucky, Stubborn, *classes)
            return service, told

        async def __aexit__(self, *error: Any) -> Any:
            return await context.__aexit__(*error)

    return Prepared()


def test_a_job_is_listed_at_once_and_unlisted_when_its_outputs_are_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            job = service.jobs.start(StartRequest("heater", experiment="exp one", source="user"))
            (row,) = service.jobs.rows("heater")
            assert row["experiment"] == "exp one"
            assert row["is_running"] == 1
            assert row["ended_at"] is None
            result = await service.jobs.until_started(job)
            assert result == {"job_name": "heater", "job_id": row["job_id"], "state": "ready"}
            await asyncio.sleep(5)
            assert truth(service)["heater_percent"] == pytest.approx(40, abs=0.01)
            ended = await service.jobs.end(matching(service.jobs, StopFilter(job_name="heater")))
            assert ended == {"stopped": [{"job_id": row["job_id"], "job_name": "heater"}], "still_running": []}
            assert truth(service)["heater_percent"] == 0
            assert service.jobs.rows("heater") == []
            assert told.states("heater") == ["init", "ready", "disconnected"]
            assert service.records.job_items()[0]["ended_at"] is not None

    bent(run())


def test_the_heater_stays_on_through_its_three_second_lease(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "heater")
            for _ in range(30):
                await asyncio.sleep(1)
                assert truth(service)["heater_percent"] == pytest.approx(40, abs=0.01)
            assert not told.log("WARNING")

    bent(run())


def test_a_crash_ends_that_job_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "stirring")
            job = await started(
                service,
                "heater",
            )
            await asyncio.sleep(2)
            job.trouble.set_result("crash")
            await ended(job)
            assert job.state is JobState.LOST
            assert truth(service)["heater_percent"] == 0
            assert [row["job_name"] for row in service.jobs.rows()] == ["monitor", "stirring"]
            last = told.of(JobChanged)[-1]
            assert last.state == "lost"
            assert last.row["ended_at"] is not None
            assert SettingChanged(job.context.job_id, "heater", "goal", None) in told.events
            await asyncio.sleep(0.1)
            assert "a job with a bug" in told.log("ERROR")
            assert [gap.series for gap in told.of(GapMarked)] == ["goal"]
            await started(service, "heater")
            assert truth(service)["stirrer_rpm"] > 300

    bent(run())


def test_a_hung_job_loses_its_output_to_the_board_and_is_ended(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            job = await started(service, "heater")
            await asyncio.sleep(2)
            job.trouble.set_result("hang")
            await asyncio.sleep(5)
            assert truth(service)["heater_percent"] == 0, "the lease must end"
            await ended(job)
            assert job.state is JobState.LOST
            assert "PWM 5" in told.log("WARNING")
            await asyncio.sleep(0.1)
            assert "did not renew PWM 5" in told.log("ERROR")
            assert service.jobs.holds.holder_of("PWM 5") is None

    bent(run())


def test_starting_is_refused_for_the_right_reason(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            start = service.jobs.start
            with pytest.raises(NotFoundError) as unknown:
                start(StartRequest("stiring"))
            assert "stirring" in unknown.value.extra["known"]
            with pytest.raises(BadRequestError):
                start(StartRequest("thinker", experiment="a/b#c"))
            with pytest.raises(BadRequestError):
                start(StartRequest("thinker", arguments=["x"]))
            start(StartRequest("thinker"))
            with pytest.raises(TooSoonError) as soon:
                start(StartRequest("thinker"))
            assert soon.value.retry_after_s >= 1
            await asyncio.sleep(1.1)
            with pytest.raises(ConflictError):
                start(StartRequest("thinker"))
            assert service.experiments.active() is not None

    bent(run())


def test_an_output_in_use_is_refused_and_names_its_holder(tmp_path: Path) -> None:
    class Rival(Heater):
        declaration = JobDeclaration("rival", "", Group.STIR_AND_HEAT, "Rival")

    async def run() -> None:
        async with _service(tmp_path, Rival) as (service, _):
            await started(service, "heater")
            with pytest.raises(ConflictError) as held:
                service.jobs.start(StartRequest("rival"))
            assert held.value.extra["holder"] == "heater"
            assert service.jobs.rows("rival") == []

    bent(run())


def test_without_a_board_only_jobs_that_need_none_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            service.jobs.registry.add(Thinker, Heater)
            with pytest.raises(UnavailableError):
                service.jobs.start(StartRequest("heater"))
            assert service.experiments.active() is None, "a refused start must leave nothing behind"
            assert service.jobs.holds.holder_of("PWM 5") is None
            await started(service, "thinker")
            assert [row["job_name"] for row in service.jobs.rows()] == ["monitor", "thinker"]

    bent(run())


def test_a_start_that_goes_wrong_tells_the_jobs_own_reason(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            job = service.jobs.start(StartRequest("unlucky"))
            with pytest.raises(ConflictError) as refusal:
                await service.jobs.until_started(job)
            assert refusal.value.cause == "The vial is full."
            assert told.states("unlucky") == ["init", "disconnected"]

    bent(run())


def test_config_overrides_hold_for_one_run(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            request = StartRequest("stirring", config_overrides=[("stirring.config", "initial_duty_cycle", "44")])
            await service.jobs.until_started(service.jobs.start(request))
            await service.jobs.end(of_experiments(service.jobs))
            await asyncio.sleep(2)
            await started(service, "stirring")
            assert [percent for _, percent in told.duties()] == [100.0, 44.0, 0.0, 100.0, 30.0]

    bent(run())


def test_settings_change_all_or_none(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            job = await started(service, "stirring")
            change = service.jobs.change_settings
            for wanted in (
                {"target_rpm": 312, "enable_dodging_od": "perhaps"},
                {"target_rpm": 312, "measured_rpm": 5},
                {"target_rpm": 312, "$state": "asleep"},
                {"target_rpm": 312, "$state": "lost"},
                {"target_rpm": "312"},
                {},
            ):
                with pytest.raises(BadRequestError):
                    await change("stirring", wanted)
            with pytest.raises(NotFoundError):
                await change("stirring", {"target_rpm": 312, "nope": 5})
            with pytest.raises(NotFoundError):
                await change("od_reading", {"interval": 5})
            assert job.settings["target_rpm"] == 500
            await change("stirring", {"target_rpm": 312, "enable_dodging_od": True})
            assert job.settings["target_rpm"] == 312
            assert job.settings["enable_dodging_od"] is True

    bent(run())


def test_the_states_a_user_can_ask_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "thinker")
            change = service.jobs.change_settings
            await change("thinker", {"$state": "ready"})
            await change("thinker", {"$state": "sleeping"})
            await change("thinker", {"$state": "sleeping"})
            await change("thinker", {"$state": "ready"})
            await change("thinker", {"$state": "disconnected"})
            assert service.jobs.rows("thinker") == []
            assert told.states("thinker") == ["init", "ready", "sleeping", "ready", "disconnected"]

    bent(run())


def test_a_job_that_does_not_answer_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            await started(service, "stubborn")
            before = service.clock.monotonic_s()
            with pytest.raises(UnavailableError, match="did not answer"):
                await service.jobs.change_settings("stubborn", {"goal": 5})
            assert service.clock.monotonic_s() - before == pytest.approx(5, abs=0.1)

    bent(run())


def test_filters_are_combined_and_the_units_own_jobs_must_be_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            for name, experiment in (("thinker", "one"), ("heater", "one"), ("stubborn", "two")):
                service.jobs.start(StartRequest(name, experiment=experiment, source="system"))

            def names(**which: Any) -> list[str]:
                return [entry.name for entry in matching(service.jobs, StopFilter(**which))]

            assert names(experiment="one") == ["thinker", "heater"]
            assert names(experiment="one", job_name="heater") == ["heater"]
            assert names(experiment="two", job_name="heater") == []
            assert names(job_source="system") == ["thinker", "heater", "stubborn"]
            assert names(job_name="monitor") == ["monitor"]
            assert names(job_id=service.jobs.rows("monitor")[0]["job_id"]) == ["monitor"]
            assert names(job_id=0) == []
            assert [entry.name for entry in of_experiments(service.jobs)] == ["thinker", "heater", "stubborn"]

    bent(run())


def test_what_moves_or_heats_stops_first_and_lights_last(tmp_path: Path) -> None:
    def job(name: str, order: StopOrder) -> type[Job]:
        class Ordered(Thinker):
            declaration = JobDeclaration(name, "", Group.CHECK, name, needs_board=False, stop_order=order)

            async def on_disconnected(self) -> None:
                await self.sleep(1)

        return Ordered

    orders = [("light", StopOrder.LIGHTS), ("other", StopOrder.OTHERS), ("rule", StopOrder.AUTOMATIONS)]

    async def run() -> None:
        async with _service(tmp_path, *(job(name, order) for name, order in orders)) as (service, told):
            for name in ("light", "other", "rule", "heater"):
                await started(service, name)
            await service.jobs.end(of_experiments(service.jobs))
            ended = [event.row["job_name"] for event in told.of(JobChanged) if event.state == "disconnected"]
            assert ended == ["heater", "rule", "other", "light"]

    bent(run())


def test_everything_is_off_before_stop_all_answers(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            await started(service, "heater")
            await started(service, "stirring")
            entries = of_experiments(service.jobs)
            await switch_all_off(entries, service.board_link)
            assert truth(service)["heater_percent"] == 0
            assert truth(service)["stirrer_percent"] == 0
            result = await service.jobs.end(entries)
            assert {entry["job_name"] for entry in result["stopped"]} == {"heater", "stirring"}
            await asyncio.sleep(30)
            assert truth(service)["heater_percent"] == 0
            assert truth(service)["stirrer_percent"] == 0

    bent(run())


def test_a_setting_changed_while_the_job_ends_switches_nothing_on_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            await started(service, "stirring")
            await service.jobs.change_settings("stirring", {"target_rpm": 0})
            change = asyncio.ensure_future(service.jobs.change_settings("stirring", {"target_rpm": 500}))
            await asyncio.sleep(0.1)
            assert truth(service)["stirrer_percent"] == 100, "in the middle of its kick"
            await service.jobs.end(of_experiments(service.jobs))
            assert truth(service)["stirrer_percent"] == 0
            with pytest.raises(ConflictError):
                await change
            await asyncio.sleep(5)
            assert truth(service)["stirrer_percent"] == 0

    bent(run())


def test_stop_all_works_without_a_link(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            await started(service, "heater")
            misbehave(service, "unplug")
            await until(lambda: not service.board_link.is_usable)
            entries = of_experiments(service.jobs)
            await switch_all_off(entries, service.board_link)
            result = await service.jobs.end(entries)
            assert result["still_running"] == []
            await asyncio.sleep(4)
            assert truth(service)["heater_percent"] == 0
            misbehave(service, "replug")
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(5)
            assert truth(service)["heater_percent"] == 0

    bent(run())


def test_a_job_ends_although_the_board_is_mute_and_tells_what_may_be_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "stirring")
            await asyncio.sleep(30)
            misbehave(service, "drop 1")
            before = service.clock.monotonic_s()
            result = await service.jobs.end(of_experiments(service.jobs))
            assert result["still_running"] == []
            assert service.clock.monotonic_s() - before < 10
            assert "did not confirm that PWM 1 is off" in told.log("WARNING")
            await asyncio.sleep(16)
            assert truth(service)["stirrer_percent"] == 0

    bent(run())


def test_a_job_stopped_without_a_link_is_switched_off_when_the_link_is_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "stirring")
            await asyncio.sleep(9)
            misbehave(service, "unplug 1.5")
            await until(lambda: not service.board_link.is_usable)
            await service.jobs.end(of_experiments(service.jobs))
            assert "did not confirm" in told.log("WARNING")
            assert truth(service)["stirrer_percent"] > 0, "its lease has not ended"
            await until(lambda: service.board_link.is_usable, 15)
            await asyncio.sleep(0.5)
            assert truth(service)["stirrer_percent"] == 0

    bent(run())


def test_leds_are_dark_and_locked_while_light_is_measured(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            lamp = await started(service, "lamp")
            await started(service, "od_reading")
            refused_at_start = lamp.refused
            assert refused_at_start > 0
            await until(lambda: bool(told.readings("od2")))
            first_utc_s = service.jobs.settings_of("od_reading")["first_od_obs_time"]
            await asyncio.sleep(first_utc_s + 10.3 - service.clock.utc_s())
            assert truth(service)["led_a_percent"] == pytest.approx(80, abs=0.5)
            assert truth(service)["led_b_percent"] == 0
            await asyncio.sleep(1)
            assert truth(service)["led_a_percent"] == 0
            assert truth(service)["led_b_percent"] == pytest.approx(20, abs=0.5)
            assert lamp.refused > refused_at_start
            assert len(told.readings("od2")) == 3
            await service.jobs.end(of_experiments(service.jobs))
            assert truth(service)["led_b_percent"] == 0

    bent(run())


def test_settings_wait_until_the_job_is_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, _):
            service.jobs.start(StartRequest("od_reading"))
            with pytest.raises(UnavailableError, match="still starting"):
                await service.jobs.change_settings("od_reading", {"interval": 7})

    bent(run())


def test_a_rebooted_board_gets_the_outputs_of_running_jobs_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "stirring")
            await asyncio.sleep(30)
            misbehave(service, "reboot")
            await until(lambda: not service.board_link.is_usable)
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(10)
            assert truth(service)["stirrer_rpm"] > 400
            assert told.states("stirring") == ["init", "ready"]

    bent(run())


def test_a_service_that_ends_leaves_nothing_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with _service(tmp_path) as (service, told):
            await started(service, "heater")
            await started(service, "stirring")
            board = service.board_link.simulation
        assert board.truth()["heater_percent"] == 0
        assert board.truth()["stirrer_percent"] == 0
        assert told.states("monitor")[-1] == "disconnected"

    bent(run())


def test_the_monitor_follows_button_supply_and_temperature(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.experiments.create("exp one", None, [])
            settings = service.jobs.settings_of("monitor")
            await asyncio.sleep(65)
            readings = told.readings("board_temperature")
            assert len(readings) == 6
            assert readings[0].experiment == "exp one"
            assert settings["voltage_on_pwm_rail"]["voltage"] == pytest.approx(5, abs=0.05)
            misbehave(service, "press 3")
            await asyncio.sleep(1)
            assert settings["button_down"] is True
            await asyncio.sleep(3)
            assert settings["button_down"] is False
            misbehave(service, "supply 4.7")
            await asyncio.sleep(60)
            assert told.log("WARNING").count("The supply is down to 4.7") == 1
            assert "firmware" in settings["versions"]

    bent(run())


def test_errors_of_ours_do_not_pass_as_a_fine_start(tmp_path: Path) -> None:
    class Broken(Thinker):
        declaration = JobDeclaration("broken", "", Group.CHECK, "Broken", needs_board=False)

        async def set_up(self) -> None:
            raise KeyError("missing")

    async def run() -> None:
        async with _service(tmp_path, Broken) as (service, told):
            job = service.jobs.start(StartRequest("broken"))
            with pytest.raises(ServiceError, match="did not start") as fault:
                await service.jobs.until_started(job)
            assert fault.value.status == 500
            assert told.states("broken") == ["init", "lost"]

    bent(run())


def test_the_log_tells_a_jobs_course(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            await service.jobs.change_settings("stirring", {"$state": "sleeping"})
            await service.jobs.change_settings("stirring", {"$state": "ready"})
            job.end()
            await ended(job)
            lines = [line for line in told.log("INFO").splitlines() if line.startswith("Stirring")]
            assert lines == ["Stirring started.", "Stirring sleeps.", "Stirring goes on.", "Stirring ended."]

    bent(told())
