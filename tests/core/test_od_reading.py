"""OD reading against the simulated reactor's physics: known cultures, LED drift, hum, saturation, link loss."""

from __future__ import annotations

import asyncio
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until

from core.bus import GapMarked, JobChanged
from core.errors import BadRequestError, ServiceError
from core.jobs.runner import StartRequest
from core.jobs.state import JobState
from core.service import Service

# A culture below its least temperature neither grows nor dies: its OD stays known.
COLD = "room_celsius=2"
# The 90° photodiode at 80 % of the LED: volts through a clear vial, volts per OD, inner filter per OD.
CLEAR_V, SCATTER_V, INNER_PER_OD = 0.010, 0.20, 0.06


def _expected_v(od: float) -> float:
    return CLEAR_V + SCATTER_V * od * math.exp(-INNER_PER_OD * od)


def _mean_od(folder: Path, board: str, minutes: float = 5.0, **options: Any) -> float:
    """Return the mean of od2 of a stirred culture."""

    async def run() -> float:
        async with bent_service(folder, board) as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading", **options)
            await asyncio.sleep(60 * minutes)
            return statistics.mean(reading.value for reading in told.readings("od2")[5:])

    return float(bent(run()))


def test_known_cultures_give_their_od_within_one_percent(tmp_path: Path) -> None:
    thin = _mean_od(tmp_path / "thin", f"simulated:?{COLD}&inoculum_od=0.1")
    for od in (0.5, 2.0, 6.0):
        measured = _mean_od(tmp_path / str(od), f"simulated:?{COLD}&inoculum_od={od}")
        assert measured / thin == pytest.approx(_expected_v(od) / _expected_v(0.1), rel=0.01)


def test_a_growing_culture_doubles_as_it_truly_does(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=0.3&room_celsius=37") as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading", interval=30)
            factors, ods = [], []
            for _ in range(5):
                await asyncio.sleep(900)
                ods.append(truth(service)["biomass_od"])
                measured = statistics.mean(reading.value for reading in told.readings("od2")[-6:])
                factors.append(measured / _expected_v(ods[-1]))
            assert ods[-1] > 1.8 * ods[0]
            assert factors == pytest.approx([factors[0]] * 5, rel=0.02)

    bent(run())


def test_the_reference_removes_the_leds_drift(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=0") as (service, told):
            await started(service, "od_reading")
            await asyncio.sleep(300)
            cool = statistics.mean(reading.value for reading in told.readings("od2")[-60:])
            for _ in range(40):
                misbehave(service, "overheat 80")
                await asyncio.sleep(30)
            warm = statistics.mean(reading.value for reading in told.readings("od2")[-60:])
            light = told.readings("relative_intensity_of_ir_led")
            assert light[-1].value < 0.97, "the LED must have drifted, or nothing is shown"
            assert warm == pytest.approx(cool, rel=0.005)

    bent(run())


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_hum_is_gone(tmp_path: Path, mains_hz: int) -> None:
    async def run(hum_v: float, name: str) -> float:
        board = f"simulated:?{COLD}&inoculum_od=0.5&mains_hz={mains_hz}"
        async with bent_service(tmp_path / name, board) as (service, told):
            service.board_link.simulation.reactor.optics._hum_v[:] = hum_v
            await started(service, "stirring")
            await started(service, "od_reading")
            await asyncio.sleep(600)
            return statistics.stdev(reading.value for reading in told.readings("od2")[5:])

    quiet, humming = bent(run(0.0, "quiet")), bent(run(0.02, "humming"))
    assert humming == pytest.approx(quiet, rel=0.1), "20 mV of hum must not show in the readings"


def test_readings_are_stamped_when_measured_and_keep_their_rhythm(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading", interval=7)
            await asyncio.sleep(70)
            times = [reading.utc_s for reading in told.readings("od2")]
            first = job.settings["first_od_obs_time"]
            assert [round(time - first, 3) for time in times[:4]] == [0.325, 7.325, 14.325, 21.325]
            od = job.settings["od2"]
            assert od["angle"] == "90"
            assert (od["calibrated"], od["channel"], od["ir_led_intensity"]) == (0, "2", 80.0)
            assert job.settings["ods"]["ods"] == {"2": od}
            assert len(told.readings("relative_intensity_of_ir_led")) == 2

    bent(run())


def test_the_interval_changes_while_running(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading")
            await asyncio.sleep(12)
            before = job.settings["first_od_obs_time"]
            await service.jobs.change_settings("od_reading", {"interval": 2})
            count = len(told.readings("od2"))
            await asyncio.sleep(20)
            assert len(told.readings("od2")) - count == 10
            assert job.settings["first_od_obs_time"] > before, "whoever dodges must learn the new phase"
            with pytest.raises(BadRequestError):
                await service.jobs.change_settings("od_reading", {"interval": 0})

    bent(run())


def test_a_snapshot_takes_one_reading_and_ends(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading", snapshot=True)
            await ended(job)
            assert job.state is JobState.DISCONNECTED
            assert len(told.readings("od2")) == 1
            assert '"od":' in told.log("INFO")

    bent(run())


def test_stopped_in_the_middle_of_a_reading_and_started_again_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading")
            await until(lambda: "first_od_obs_time" in job.settings)
            await asyncio.sleep(5.2 - (service.clock.utc_s() - job.settings["first_od_obs_time"]))
            await service.jobs.end([entry for entry in service.jobs.running if entry.name == "od_reading"])
            assert not service.jobs.rows("od_reading")
            await started(service, "od_reading")
            await asyncio.sleep(3)
            assert len(told.readings("od2")) == 2

    bent(run())


def test_sleeping_takes_no_readings_and_keeps_the_phase(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading")
            await asyncio.sleep(12)
            await service.jobs.change_settings("od_reading", {"$state": "sleeping"})
            await asyncio.sleep(1)
            count = len(told.readings("od2"))
            await asyncio.sleep(31)
            assert len(told.readings("od2")) == count
            await service.jobs.change_settings("od_reading", {"$state": "ready"})
            await asyncio.sleep(10)
            later = told.readings("od2")[count:]
            assert [(reading.utc_s - job.settings["first_od_obs_time"] - 0.325) % 5 for reading in later] == (
                pytest.approx([0, 0], abs=1e-3)
            )

    bent(run())


def test_ref0_belongs_to_the_experiment_and_outlives_the_job(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=0") as (service, told):
            await started(service, "od_reading", ir_led_intensity=80)
            await asyncio.sleep(120)
            full = statistics.mean(reading.value for reading in told.readings("od2")[-10:])
            await service.jobs.end([entry for entry in service.jobs.running if entry.name == "od_reading"])
            await started(service, "od_reading", ir_led_intensity=60)
            await asyncio.sleep(120)
            relative = told.readings("relative_intensity_of_ir_led")[-1].value
            assert relative == pytest.approx(0.75, abs=0.02), "compared with the experiment's first light"
            dim = statistics.mean(reading.value for reading in told.readings("od2")[-10:])
            assert dim == pytest.approx(full, rel=0.03), "OD must not depend on the LED's intensity"

    bent(run())


def test_classic_normalisation_is_the_ratio_to_the_reference(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=0") as (service, told):
            overrides = [("od_reading.config", "ref_normalization", "classic")]
            await service.jobs.until_started(service.jobs.start(StartRequest("od_reading", config_overrides=overrides)))
            await asyncio.sleep(60)
            optics = service.board_link.simulation.reactor.optics
            expected = optics._gain[1] * CLEAR_V / (optics._gain[0] * 0.150)
            assert told.readings("od2")[-1].value == pytest.approx(expected, rel=0.05)

    bent(run())


def test_the_intensity_is_chosen_when_it_is_auto(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, f"simulated:?{COLD}&inoculum_od=0.6") as (service, _):
            overrides = [("od_reading.config", "ir_led_intensity", "auto")]
            job = service.jobs.start(StartRequest("od_reading", config_overrides=overrides))
            await service.jobs.until_started(job)
            gain = service.board_link.simulation.reactor.optics._gain[1]
            signal_v = 85 / 80 * gain * _expected_v(0.6)
            expected = max(50.0, min(85.0, 85 / signal_v * 3.0 / 50))
            assert job.settings["ir_led_intensity"] == pytest.approx(expected, rel=0.25)
            assert 50 <= job.settings["ir_led_intensity"] < 85

    bent(run())


def test_too_much_light_ends_the_job_and_darkens_everything(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading")
            await asyncio.sleep(20)
            count = len(told.readings("od2"))
            misbehave(service, "saturate 2")
            await ended(job)
            assert job.state is JobState.DISCONNECTED
            assert "all LEDs go off" in told.log("ERROR")
            assert len(told.readings("od2")) == count, "a saturated value is no reading"
            assert all(truth(service)[f"led_{led}_percent"] == 0 for led in "abcd")
            assert service.jobs.rows("od_reading") == []

    bent(run())


def test_saturation_at_the_start_refuses_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            misbehave(service, "saturate 2")
            job = service.jobs.start(StartRequest("od_reading"))
            with pytest.raises(ServiceError, match="photodiode 2"):
                await service.jobs.until_started(job)
            assert not told.readings("od2")

    bent(run())


def test_a_dead_led_gives_an_error_and_no_od(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "od_reading")
            await asyncio.sleep(20)
            misbehave(service, "led-dead")
            await asyncio.sleep(5)
            count = len(told.readings("od2"))
            await asyncio.sleep(20)
            assert len(told.readings("od2")) == count
            assert "infrared LED" in told.log("ERROR")
            misbehave(service, "heal")
            await asyncio.sleep(60)
            assert len(told.readings("od2")) > count
            assert job.state is JobState.READY

    bent(run())


def test_a_sudden_jump_out_of_range_is_measured_again_not_cut_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, f"simulated:?{COLD}&inoculum_od=0.5") as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading")
            await asyncio.sleep(60)
            service.board_link.simulation.reactor.culture.biomass_od = 8.0
            await asyncio.sleep(300)
            ratio = told.readings("od2")[-1].value / _expected_v(8.0)
            gain = service.board_link.simulation.reactor.optics._gain[1]
            warmth = 1 - 0.006 * (truth(service)["led_celsius"] - 25)
            assert ratio == pytest.approx(gain * warmth, rel=0.02)

    bent(run())


def test_link_loss_marks_a_gap_and_readings_come_back_right(tmp_path: Path) -> None:
    async def run(trouble: str) -> None:
        async with bent_service(tmp_path / trouble, f"simulated:?{COLD}&inoculum_od=0.5") as (service, told):
            job = await started(service, "od_reading")
            await asyncio.sleep(60)
            before = [reading.value for reading in told.readings("od2")]
            misbehave(service, trouble)
            await until(lambda: not service.board_link.is_usable)
            assert "ods" not in job.settings
            assert service.jobs.rows("od_reading"), "the job stays listed"
            gap = next(gap for gap in told.of(GapMarked) if gap.series == "od2")
            assert "link" in gap.reason
            lost_utc_s = service.clock.utc_s()
            service.board_link.simulation.reactor.optics.ambient_v += 0.02
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(30)
            after = [reading for reading in told.readings("od2") if reading.utc_s > lost_utc_s]
            assert after
            assert all(reading.utc_s >= gap.utc_s for reading in after)
            assert statistics.mean(reading.value for reading in after) == pytest.approx(
                statistics.mean(before), rel=0.02
            )
            times = [reading.utc_s for reading in told.readings("od2")]
            assert times == sorted(set(times)), "nothing twice"
            assert [event.state for event in told.of(JobChanged)][-1] == "ready"

    for trouble in ("unplug 12", "reboot"):
        bent(run(trouble))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("od_config.photodiode_channel", "2", "91"),
        ("od_config.photodiode_channel", "2", ""),
        ("od_config.photodiode_channel", "2", "REF"),
        ("leds", "A", ""),
        ("od_reading.config", "samples_per_second", "0"),
        ("od_reading.config", "ref_normalization", "other"),
        ("od_reading.config", "ir_led_intensity", "bright"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused_at_once(
    tmp_path: Path, section: str, key: str, value: str
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            with pytest.raises(BadRequestError) as refusal:
                service.jobs.start(StartRequest("od_reading", config_overrides=[(section, key, value)]))
            assert refusal.value.extra["fields"] == ["config_overrides"]
            assert _names(service) == ["monitor"]

    bent(run())


def _names(service: Service) -> list[str]:
    return [row["job_name"] for row in service.jobs.rows()]
