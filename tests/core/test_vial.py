"""There is one vial, whatever experiment a dose belongs to: it is never filled too high, also after a kill."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from bent_service import bent, bent_service, ended, started, truth
from hypothesis import given, settings
from hypothesis import strategies as st
from pump_calibrations import calibrate
from running_services import Served, ServiceProcess, serving

from core.bus import DosingEvent
from core.errors import BadRequestError
from core.jobs.job import Job
from core.jobs.runner import StartRequest
from core.service import Service, ServiceOptions, running_service

_CAPACITY_ML = 20.0


def begin(service: Service, experiment: str) -> None:
    if active := service.experiments.active():
        service.experiments.end(active)
    service.experiments.create(experiment, None, [])


async def add(service: Service, experiment: str, ml: float, job_name: str = "add_media") -> Job:
    job = service.jobs.start(StartRequest(job_name, {"ml": ml}, experiment=experiment))
    await service.jobs.until_started(job)
    await ended(job)
    await asyncio.sleep(1)
    return job


async def calibrated(service: Service) -> None:
    for device in ("media_pump", "alt_media_pump", "waste_pump"):
        await calibrate(service, device)


def shown_ml(service: Service, experiment: str) -> float:
    return service.bioreactor.values(experiment)["current_volume_ml"]


def test_a_new_experiment_does_not_empty_the_vial(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=15") as (service, told):
            await calibrated(service)
            for experiment in ("one", "two", "three"):
                begin(service, experiment)
                assert shown_ml(service, experiment) == 15
                if experiment == "one":
                    await add(service, experiment, 2.5)
                    continue
                with pytest.raises(BadRequestError, match=r"17\.500") as refused:
                    await add(service, experiment, 2.5)
                assert "other experiments" in refused.value.cause
                assert "current_volume_ml" in refused.value.remedy
            assert truth(service)["volume_ml"] < 18
            assert "17.5" in told.log("WARNING")
            service.bioreactor.change("three", {"current_volume_ml": 15})  # another vial
            assert service.bioreactor.fill_ml("three") == 15
            await add(service, "three", 2.5)

    bent(run())


def test_continuous_inflow_and_rules_stop_by_what_was_pumped_for_all_experiments(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=15") as (service, told):
            await calibrated(service)
            begin(service, "one")
            await add(service, "one", 2.0)
            begin(service, "two")
            job = await started(service, "add_media", continuously=True)
            await ended(job)
            held_ml = service.bioreactor.fill_ml("two")
            assert 17.9 < held_ml < 18
            begin(service, "three")
            rule = await started(service, "dosing_automation", automation_name="fed_batch", dosing_volume_ml=1.0,
                                 duration=10.0)  # fmt: skip
            await asyncio.sleep(60)
            assert rule.state == "sleeping"
            assert service.bioreactor.fill_ml("three") == held_ml
            assert "vial" in told.log("ERROR")

    bent(run())


def test_waste_takes_the_vial_down_to_the_tube_for_all_experiments(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrated(service)
            begin(service, "one")
            await add(service, "one", 2.5)
            begin(service, "two")
            await add(service, "two", 2.0, "remove_waste")
            assert service.bioreactor.fill_ml("two") == pytest.approx(15.5)
            assert shown_ml(service, "two") == 15
            await add(service, "two", 5.0, "remove_waste")
            assert service.bioreactor.fill_ml("two") == 15
            await add(service, "two", 2.5)

    bent(run())


async def test_only_what_is_said_of_the_present_experiment_says_what_is_in_the_vial(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        await _experiment(served, "one")
        _dose(served.service, "one", 2.5)
        assert (await served.json("GET", "/bioreactor/vial"))["greatest_volume_ml"] == 17.5
        await _experiment(served, "two")
        await _say(served, "one", 3.0)
        assert (await served.json("GET", "/bioreactor/vial"))["greatest_volume_ml"] == 17.5
        await served.json("PATCH", "/bioreactor/experiments/two", json={"values": {"alt_media_fraction": 0.5}})
        assert (await served.json("GET", "/bioreactor/vial"))["greatest_volume_ml"] == 17.5
    async with serving(ServiceOptions(data_dir)) as served:
        assert (await served.json("GET", "/bioreactor/vial"))["greatest_volume_ml"] == 17.5
        await _say(served, "two", 12.0)
        vial = await served.json("GET", "/bioreactor/vial")
        assert (vial["greatest_volume_ml"], vial["doubt"]) == (12, None)


async def test_a_unit_that_never_dosed_has_what_its_experiment_begins_with(served: Served) -> None:
    vial = await served.json("GET", "/bioreactor/vial")
    assert vial == {"greatest_volume_ml": 15.0, "said_at": None, "doubt": None}


@pytest.mark.parametrize("killed_after_s", [1.2, 6.5])
async def test_what_a_killed_service_was_pumping_is_counted_as_pumped(
    data_dir: Path, start_service: Callable[..., ServiceProcess], killed_after_s: float
) -> None:
    process = start_service("--board", "simulated:")
    url = await asyncio.to_thread(process.url)
    async with httpx.AsyncClient(base_url=f"{url}/unit_api", timeout=10, trust_env=False, verify=False) as http:
        body = {"options": {"duration": 30}, "env": {"EXPERIMENT": "one"}}

        async def accepted() -> bool:
            return (await http.post("/jobs/run/job_name/add_media", json=body)).status_code == 202

        async def pumped() -> bool:
            told = (await http.get("/bioreactor/experiments/one")).json()["values"]["current_volume_ml"]
            return bool(told >= 15 + killed_after_s * 0.0911)

        async with asyncio.timeout(20):
            while not await accepted():  # noqa: ASYNC110 - it is the service that is asked
                await asyncio.sleep(0.05)
            while not await pumped():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    await asyncio.to_thread(process.end, signal.SIGKILL)
    # The board ends the piece it is in, of 5 s, by itself.
    may_have_moved_ml = 0.0911 * (5 if killed_after_s < 5 else 10)
    async with serving(ServiceOptions(data_dir)) as served:
        vial = await served.json("GET", "/bioreactor/vial")
        assert vial["greatest_volume_ml"] >= 15 + may_have_moved_ml - 1e-9
        assert vial["greatest_volume_ml"] <= 15 + may_have_moved_ml + 0.0911 * 5.5
        assert "service ended" in vial["doubt"]
        assert (await served.json("GET", "/jobs/interrupted"))["volume_doubt"] == vial["doubt"]
        await _say(served, "one", 15.4)
        assert (await served.json("GET", "/bioreactor/vial"))["doubt"] is None


def test_a_run_that_ended_leaves_no_doubt(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrated(service)
            begin(service, "one")
            await add(service, "one", 1.5)
            job = service.jobs.start(StartRequest("add_media", {"duration": 10}))
            await asyncio.sleep(3)
            job.end()
            await ended(job)
            pumped_ml = service.bioreactor.fill_ml("one")
            assert pumped_ml == pytest.approx(shown_ml(service, "one"))
        async with bent_service(tmp_path) as (service, _):
            assert service.bioreactor.vial.doubt is None
            assert service.bioreactor.fill_ml("one") == pumped_ml

    bent(run())


@given(
    doses=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["add_media", "remove_waste"]), st.floats(0, 3)),
        max_size=30,
    )
)
@settings(max_examples=15, deadline=None)
def test_the_count_is_never_below_what_a_vial_with_these_doses_holds(
    tmp_path_factory: pytest.TempPathFactory, doses: list[tuple[str, str, float]]
) -> None:
    async def run() -> None:
        async with running_service(ServiceOptions(tmp_path_factory.mktemp("data"))) as service:
            held_ml = 15.0
            for experiment, event, ml in doses:
                service.bus.publish(DosingEvent(service.clock.utc_s(), experiment, event, ml, "test"))
                if event == "add_media":
                    held_ml = min(held_ml + ml, _CAPACITY_ML)
                elif held_ml > 15:
                    held_ml = max(held_ml - ml, 15.0)
                assert service.bioreactor.fill_ml(experiment) >= held_ml - 1e-9

    asyncio.run(run())


def _dose(service: Service, experiment: str, ml: float) -> None:
    service.bus.publish(DosingEvent(service.clock.utc_s(), experiment, "add_media", ml, "test"))


async def _experiment(served: Served, name: str) -> None:
    if active := served.service.experiments.active():
        await served.json("POST", f"/experiments/{active}/end")
    await served.json("POST", "/experiments", 201, json={"experiment": name})


async def _say(served: Served, experiment: str, ml: float) -> None:
    await served.json("PATCH", f"/bioreactor/experiments/{experiment}", json={"values": {"current_volume_ml": ml}})
