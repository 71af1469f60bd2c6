"""More ways to fill the vial too high: killed at any moment, waste that did not move, several inflows at once."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until
from cut_off import Writes, killed_copy, stored
from pump_calibrations import calibrate
from running_services import write_config

from core.bus import DosingEvent
from core.errors import BadRequestError, ServiceError
from core.jobs.runner import StartRequest
from core.plugins.api import ALT_MEDIA, Config, Group, Job, JobDeclaration, PumpRun, StopOrder, pwm_channel, pwm_output
from core.service import Service

_PUMPS = ("media_pump", "alt_media_pump", "waste_pump")
_CAPACITY_ML, _MOST_ML, _TUBE_ML = 20.0, 18.0, 15.0


class Feeder(Job):
    """A plug-in's job that adds alt-medium again and again, as fast as it is let."""

    declaration = JobDeclaration("feeder", "", Group.DOSE, "Feeder", stop_order=StopOrder.OUTPUTS)

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (pwm_output(pwm_channel(config, ALT_MEDIA.role)),)

    async def work(self) -> None:
        while True:
            await PumpRun(self, ALT_MEDIA, "feeder").add_ml(0.3)
            await self.sleep(2.0)


async def _calibrated(service: Service, ml_per_s: float | None = None) -> None:
    """Calibrate each pump truly, unless another rate is given."""
    reactor = service.board_link.simulation.reactor  # type: ignore[attr-defined]
    for channel, device in zip((2, 3, 4), _PUMPS, strict=True):
        await calibrate(service, device, ml_per_s or reactor.pumps[channel]._full_ml_per_s)


def _fill_ml(service: Service) -> float:
    return service.bioreactor.fill_ml(service.experiments.active())


async def _say(service: Service, volume_ml: float) -> None:
    service.bioreactor.change(service.experiments.ensure(None), {"current_volume_ml": volume_ml})


async def _dose_from_everywhere(service: Service, lasts_s: float) -> None:
    """A turbidostat that always wants to dilute, a plug-in, a person, and somebody who changes settings meanwhile."""
    service.jobs.registry.add(Feeder)
    await started(service, "stirring")
    await started(service, "od_reading", interval=5)
    await started(service, "dosing_automation", automation_name="turbidostat", exchange_volume_ml=0.4,
                  target_biomass=0.001, biomass_signal="normalized_od")  # fmt: skip
    await started(service, "feeder")
    ends_s = asyncio.get_running_loop().time() + lasts_s
    number = 0
    while asyncio.get_running_loop().time() < ends_s:
        number += 1
        with contextlib.suppress(ServiceError):
            service.jobs.start(StartRequest("add_media", {"ml": 0.37 + 0.01 * number}))
        with contextlib.suppress(ServiceError):
            await service.jobs.change_settings("dosing_automation", {"exchange_volume_ml": 0.3 + 0.01 * number})
        await asyncio.sleep(1.7)
        assert truth(service)["volume_ml"] < _MOST_ML + 0.05


def test_everything_that_doses_at_once_never_fills_the_vial_and_no_kill_makes_the_count_too_low(tmp_path: Path) -> None:
    async def run() -> None:
        held_ml = _TUBE_ML
        for number, lasts_s in enumerate((7.3, 31.9, 60.1)):
            folder = tmp_path / f"life {number}"
            async with bent_service(folder, f"simulated:?volume_ml={held_ml}&efflux_ml={_TUBE_ML}") as (service, _):
                await _calibrated(service)
                assert held_ml - 0.05 <= _fill_ml(service) < held_ml + 1.6
                await _dose_from_everywhere(service, lasts_s)
                await killed_copy(service, tmp_path / f"life {number + 1}")
                misbehave(service, "unplug 30")
                await asyncio.sleep(10)
                held_ml = truth(service)["volume_ml"]
                assert held_ml < _CAPACITY_ML
            async with bent_service(tmp_path / f"life {number + 1}", None) as (service, _):
                service.interrupted.dismiss_all()
                assert _fill_ml(service) >= held_ml - 0.05

    bent(run())


@pytest.mark.parametrize("killed_after_s", [0.01, 0.3, 0.9, 4.9, 5.1, 7.0])
@pytest.mark.parametrize("job", ["add_media", "remove_waste", "circulate_media"])
def test_killed_in_a_dose_the_count_is_not_too_low(tmp_path: Path, job: str, killed_after_s: float) -> None:
    """The board ends the piece it runs; with its power gone too it ends at once: neither may make the count too low."""

    async def run() -> None:
        url = f"simulated:?volume_ml=16.5&efflux_ml={_TUBE_ML}"
        options: dict[str, Any] = {"duration": 8} if job == "circulate_media" else {"ml": 0.9}
        async with bent_service(tmp_path / "one", url) as (service, _):
            await _calibrated(service)
            await _say(service, 16.5)
            await started(service, job, **options)
            await asyncio.sleep(killed_after_s)
            at_once_ml = truth(service)["volume_ml"]
            await killed_copy(service, tmp_path / "two")
            misbehave(service, "unplug 30")  # nobody tells the board anything any more
            await asyncio.sleep(10)
            later_ml = truth(service)["volume_ml"]
        async with bent_service(tmp_path / "two", None) as (service, _):
            assert _fill_ml(service) >= max(at_once_ml, later_ml) - 0.02, (at_once_ml, later_ml)

    bent(run())


def test_waste_that_was_told_and_did_not_move_is_still_in_the_vial(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, f"simulated:?volume_ml=15.3&efflux_ml={_TUBE_ML}") as (service, _):
            await _calibrated(service, 0.8)
            await _say(service, 15.3)
            for _ in range(5):
                job = await started(service, "remove_waste", ml=2.0)
                job.end()
                await ended(job)
                await asyncio.sleep(1.5)
            assert _fill_ml(service) >= truth(service)["volume_ml"] - 1e-3

    bent(run())


def test_a_short_circulation_does_not_empty_the_vial(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, f"simulated:?volume_ml=17.5&efflux_ml={_TUBE_ML}") as (service, _):
            await _calibrated(service)
            await _say(service, 17.5)
            job = await started(service, "circulate_media", duration=2)
            await ended(job)
            assert service.bioreactor.values(service.experiments.active())["current_volume_ml"] == _TUBE_ML
            assert _fill_ml(service) == pytest.approx(truth(service)["volume_ml"], abs=0.02)
            with pytest.raises(BadRequestError, match="unsafe"):
                service.jobs.start(StartRequest("add_media", {"ml": 2.5}))
            await asyncio.sleep(2)
            job = await started(service, "circulate_media", duration=60)
            await ended(job)
            assert _fill_ml(service) == pytest.approx(truth(service)["volume_ml"], abs=0.1)
            assert service.bioreactor.vial.doubt is None

    bent(run())


def test_two_inflows_whose_host_is_gone_do_not_fill_the_vial_together(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=15") as (service, _):
            await _calibrated(service, 0.55)  # each alone would take five seconds from here to the limit
            await started(service, "add_media", continuously=True)
            await started(service, "add_alt_media", continuously=True)
            await asyncio.sleep(0.2)
            began_s = dict.fromkeys(_PUMPS[:2], 0.0)
            misbehave(service, "unplug 30")
            for _ in range(100):
                await asyncio.sleep(0.1)
                for device in began_s:
                    began_s[device] += 0.1 * (truth(service)[f"{device}_percent"] > 0)
            ran_ml = sum(0.55 * (ran_s + 0.2) for ran_s in began_s.values())
            assert 15 + ran_ml <= _MOST_ML + 0.3

    bent(run())


def test_wherever_the_power_goes_at_the_next_start_no_piece_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.bus.publish(DosingEvent(0.0, service.experiments.ensure(None), "add_media", 1.0, "test"))
            service.bioreactor.vial.keep_piece("media", 0.4)
        before = stored(tmp_path)
        writes = Writes(monkeypatch)
        async with bent_service(tmp_path) as (service, _):
            assert _fill_ml(service) == pytest.approx(16.4)
        for store in writes.after_each(before):
            pieces_ml = sum(value for (name, _), value in store.items() if name == "vial_pieces")
            assert store["vial", "greatest"]["ml"] + pieces_ml >= 16.4 - 1e-9

    bent(run())


def test_no_pump_runs_before_the_disk_knows_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=15") as (service, _):
            await _calibrated(service)
            known: list[bool] = []
            run_pump = type(service.board_link.board).run_pump

            async def looked(board: Any, channel: int, *rest: Any) -> Any:
                known.append(("vial_pieces", "media") in stored(tmp_path))
                return await run_pump(board, channel, *rest)

            monkeypatch.setattr(type(service.board_link.board), "run_pump", looked)
            job = await started(service, "add_media", ml=1.0)
            await ended(job)
            assert known
            assert all(known)

    bent(run())


def test_a_pump_stopped_while_the_disk_is_slow_does_not_start_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=15") as (service, _):
            await _calibrated(service)

            async def slow(_: Any) -> None:
                await asyncio.sleep(5)

            monkeypatch.setattr(type(service.records.store), "committed", slow)
            job = await started(service, "add_media", ml=0.5)
            await asyncio.sleep(1)
            job.end()
            await ended(job)
            await asyncio.sleep(10)
            assert truth(service)["volume_ml"] == pytest.approx(15, abs=1e-3)
            assert service.bioreactor.vial.doubt is None
            assert _fill_ml(service) == pytest.approx(15)

    bent(run())


def test_the_vial_of_a_resumed_culture_counts_on_from_what_can_be_in_it(tmp_path: Path) -> None:
    write_config(tmp_path / "one", "[safety]\nresume_after_restart = always\n")

    async def run() -> None:
        async with bent_service(tmp_path / "one", "simulated:?volume_ml=15&efflux_ml=15") as (service, _):
            await _calibrated(service)
            await started(service, "dosing_automation", automation_name="fed_batch", dosing_volume_ml=0.9,
                          duration=60.0, current_volume_ml=15.0)  # fmt: skip
            await until(lambda: truth(service)["media_pump_percent"] > 0, 300)
            await asyncio.sleep(3)
            await killed_copy(service, tmp_path / "two")
        async with bent_service(tmp_path / "two", "simulated:?volume_ml=15&efflux_ml=15") as (service, _):
            service.interrupted.begin(service.board_link)
            assert _fill_ml(service) > 15.2
            await asyncio.sleep(300)
            assert service.jobs.newest("dosing_automation") is None, "a person looks at the vial first"
            fill_ml = _fill_ml(service)
            assert (await service.interrupted.resume(service.interrupted.choose(None)))["failed"] == []
            assert _fill_ml(service) == fill_ml

    bent(run())


@pytest.mark.parametrize("volume_ml", [float("nan"), float("inf"), float("-inf")])
def test_a_dose_that_is_no_number_is_not_counted_and_told(tmp_path: Path, volume_ml: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            for dose_ml in (1.0, volume_ml, 1.0):
                service.bus.publish(DosingEvent(0.0, service.experiments.ensure("one"), "add_media", dose_ml, "test"))
            assert service.bioreactor.vial.greatest_ml == pytest.approx(17)
            assert "not counted" in told.log("WARNING")

    bent(run())
