"""The worst moments for what is resumed after a restart: left while it is resumed, its experiment ended, clocks set."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service, started, until
from running_services import write_config

from core.plugins.api import Config, Group, Job, JobDeclaration, StopOrder, pwm_output
from core.service import Service

_ALWAYS = "[safety]\nresume_after_restart = always\n"


class Feeder(Job):
    """Doses, as a job of a plug-in may."""

    declaration = JobDeclaration("feeder", "", Group.DOSE, "Feeder", stop_order=StopOrder.OUTPUTS)

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (pwm_output(2),)


def _names(service: Service) -> list[str]:
    return [each.name for each in service.jobs.running if not each.row.is_long_running]


@pytest.mark.parametrize("decision", ["dismiss", "end experiment"])
def test_what_is_left_while_others_are_resumed_does_not_begin(tmp_path: Path, decision: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
            await started(service, "od_reading")
        async with bent_service(tmp_path) as (service, _):
            interrupted = service.interrupted
            resuming = asyncio.create_task(interrupted.resume(interrupted.choose(None)))
            await until(lambda: "stirring" in _names(service))
            if decision == "dismiss":
                interrupted.dismiss(interrupted.choose(["od_reading"]))
            else:
                service.experiments.end(str(service.experiments.active()))
            await resuming
            await asyncio.sleep(60)
            assert "od_reading" not in _names(service)
            assert "od_reading" not in [each["job_name"] for each in interrupted.describe()["jobs"]]

    bent(run())


def test_nothing_is_resumed_by_itself_where_the_clock_does_not_say_how_long_it_was_cut_off(tmp_path: Path) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
            await asyncio.sleep(3 * 3600)
        # A computer without a battery for its clock wakes up in the past.
        async with bent_service(tmp_path, epoch_utc_s=EPOCH_UTC_S + 7200) as (service, _):
            service.interrupted.begin(service.board_link)
            await asyncio.sleep(60)
            assert _names(service) == []
            assert [each["job_name"] for each in service.interrupted.describe()["jobs"]] == ["stirring"]

    bent(run(), 5 * 3600)


def test_a_plug_ins_dosing_is_not_resumed_by_itself_where_nobody_knows_what_is_in_the_vial(tmp_path: Path) -> None:
    write_config(tmp_path, _ALWAYS)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Feeder)
            await started(service, "stirring")
            await started(service, "feeder")
            service.bioreactor.vial.keep_piece("media", 0.4)  # as a killed service leaves it
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Feeder)
            service.interrupted.begin(service.board_link)
            await asyncio.sleep(60)
            assert _names(service) == ["stirring"]

    bent(run())
