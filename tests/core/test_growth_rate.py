"""The growth rate: on the simulated culture, on densities known exactly, while diluted, and after a restart."""

from __future__ import annotations

import asyncio
import math
import random
import statistics
from pathlib import Path
from typing import Any

import pytest
from bent_service import Told, bent, bent_service, started, truth, until
from running_services import write_config

from core.bus import DosingEvent, GapMarked, SettingChanged
from core.clock import timestamp
from core.errors import BadRequestError, ConflictError
from core.jobs.runner import StartRequest
from core.service import Service

NAME = "growth_rate_calculating"
INTERVAL_S = 5.0
EXPERIMENT = "exp"


class Culture:
    """A culture whose OD is known exactly: it grows at a set rate; readings of it have noise of 0.5 %."""

    def __init__(
        self, service: Service, rate_per_h: float = 0.3, channels: tuple[str, ...] = ("2",), seed: int = 1
    ) -> None:
        self.service = service
        self.rate_per_h = rate_per_h
        self.channels = channels
        self.od = 0.05
        self._random = random.Random(seed)

    def publish(self, value: Any, experiment: str = EXPERIMENT) -> None:
        self.service.bus.publish(SettingChanged(0, "od_reading", "ods", value, experiment))

    def read(self, od: float | None = None, age_s: float = 0.0) -> None:
        """Publish one reading, of `od` or of what the culture has."""
        ods = {}
        for channel in self.channels:
            measured = (self.od if od is None else od) * (1 + 0.005 * self._random.gauss(0, 1))
            ods[channel] = {"od": measured, "channel": channel, "angle": "90"}
        self.publish({"timestamp": timestamp(self.service.clock.utc_s() - age_s), "ods": ods})

    async def grow(self, minutes: float) -> None:
        """Let the culture grow, and read it at the usual rhythm."""
        for _ in range(round(minutes * 60 / INTERVAL_S)):
            self.od *= math.exp(self.rate_per_h * INTERVAL_S / 3600)
            self.read()
            await asyncio.sleep(INTERVAL_S)


async def begin(service: Service, **options: Any) -> Any:
    job = service.jobs.start(StartRequest(NAME, options, experiment=EXPERIMENT))
    await service.jobs.until_started(job)
    return job


def rate(told: Told) -> float:
    return told.readings("growth_rate")[-1].value


def test_the_simulated_culture_in_exponential_growth(tmp_path: Path) -> None:
    def expected_v(od: float) -> float:
        return 0.010 + 0.20 * od * math.exp(-0.06 * od)  # the 90° photodiode of the simulated reactor

    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=0.6&room_celsius=30") as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading", interval=2 * INTERVAL_S)
            await started(service, NAME)
            await until(lambda: truth(service)["biomass_od"] > 0.9, 4 * 3600)
            since, before = service.clock.utc_s(), expected_v(truth(service)["biomass_od"])
            await until(lambda: truth(service)["biomass_od"] > 1.4, 4 * 3600)
            hours = (service.clock.utc_s() - since) / 3600
            true_per_h = math.log(expected_v(truth(service)["biomass_od"]) / before) / hours
            estimated = [reading.value for reading in told.readings("growth_rate") if reading.utc_s > since]
            assert len(estimated) == pytest.approx(hours * 3600 / (2 * INTERVAL_S), abs=2)
            assert statistics.mean(estimated) == pytest.approx(true_per_h, rel=0.02)
            assert statistics.pstdev(estimated) < 0.02
            first = told.readings("od_filtered")[0]
            assert first.value == pytest.approx(1.0, abs=0.05)

    bent(run(), 10 * 3600.0)


def test_how_fast_and_how_steadily_a_known_rate_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service)
            await culture.grow(15 * INTERVAL_S / 60)  # the warm-up
            found = []
            for minutes in (5, 5, 10, 10):
                await culture.grow(minutes)
                found.append(rate(told))
            assert found == [pytest.approx(0.09, abs=0.03), *(pytest.approx(x, abs=0.03) for x in (0.225, 0.285, 0.3))]
            await culture.grow(120)
            late = [reading.value for reading in told.readings("growth_rate")[-1000:]]
            assert statistics.mean(late) == pytest.approx(0.3, rel=0.02)
            assert statistics.pstdev(late) < 0.01
            density = told.readings("od_filtered")[-1].value
            assert density == pytest.approx(math.exp(0.3 * 150 / 60), rel=0.02)
            time = timestamp(told.readings("od_filtered")[-1].utc_s)
            settings = service.jobs.settings_of(NAME)
            assert settings is not None
            assert settings["growth_rate"] == {"growth_rate": late[-1], "timestamp": time}
            assert settings["od_filtered"] == {"od_filtered": density, "timestamp": time}

    bent(run(), 10 * 3600.0)


def test_dilutions_that_are_told_do_not_spoil_the_rate(tmp_path: Path) -> None:
    async def run(folder: Path, experiment: str) -> list[float]:
        async with bent_service(folder, None) as (service, told):
            await begin(service)
            culture = Culture(service)
            await culture.grow(60)
            for _ in range(9):
                for event in ("add_media", "remove_waste"):
                    dose = DosingEvent(service.clock.utc_s(), experiment, event, 1.5, "test")
                    service.bus.publish(dose)
                culture.od *= 0.9
                await culture.grow(20)
            return [reading.value for reading in told.readings("growth_rate")[-2000:]]

    told_of = bent(run(tmp_path / "told", EXPERIMENT), 10 * 3600.0)
    assert statistics.mean(told_of) == pytest.approx(0.3, rel=0.02)
    assert 0.28 < min(told_of) <= max(told_of) < 0.33
    unknown = bent(run(tmp_path / "unknown", "another experiment"), 10 * 3600.0)
    assert statistics.mean(unknown) < 0.1, "the dilutions must matter, or nothing is shown"


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_bias_and_noise_whatever_the_noise_of_the_readings(tmp_path: Path, seed: int) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service, seed=seed)
            await culture.grow(15 * INTERVAL_S / 60)  # the warm-up
            for minutes, expected_per_h in ((5, 0.09), (5, 0.225), (10, 0.285), (10, 0.3)):
                await culture.grow(minutes)
                assert rate(told) == pytest.approx(expected_per_h, abs=0.02)
            await culture.grow(30)
            steady = [reading.value for reading in told.readings("growth_rate")[-300:]]
            assert statistics.mean(steady) == pytest.approx(0.3, rel=0.02)
            assert statistics.pstdev(steady) < 0.004
            for _ in range(6):
                for event in ("add_media", "remove_waste"):
                    service.bus.publish(DosingEvent(service.clock.utc_s(), EXPERIMENT, event, 1.5, "test"))
                culture.od *= 0.9
                await culture.grow(20)
                assert 0.295 < rate(told) < 0.313

    bent(run(), 10 * 3600.0)


def test_a_dose_begins_the_warm_up_anew(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service)
            await culture.grow(14 * INTERVAL_S / 60)
            service.bus.publish(DosingEvent(service.clock.utc_s(), EXPERIMENT, "remove_waste", 0.5, "test"))
            await culture.grow(10 * INTERVAL_S / 60)
            assert told.readings("growth_rate") == []
            await culture.grow(INTERVAL_S / 60)
            assert len(told.readings("growth_rate")) == 1
            assert "minutes to collect" not in told.log("WARNING")
            await service.jobs.stop_experiment(EXPERIMENT)
            await begin(service)
            for _ in range(40):
                service.bus.publish(DosingEvent(service.clock.utc_s(), EXPERIMENT, "add_media", 0.5, "test"))
                await culture.grow(0.4)
            assert told.log("WARNING").count("minutes to collect") == 1

    bent(run())


def test_nothing_is_said_before_the_warm_up_is_over(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service, rate_per_h=0.0)
            for _ in range(15):
                culture.read(od=0.5)
                await asyncio.sleep(INTERVAL_S)
            assert told.readings("growth_rate") == []
            reference = service.records.store.get("od_normalization_mean", EXPERIMENT)
            assert reference == {"2": pytest.approx(0.5, rel=0.01)}
            culture.read(od=0.5)
            await asyncio.sleep(0)
            assert len(told.readings("growth_rate")) == 1

    bent(run())


def test_the_reference_outlives_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            await begin(service)
            await Culture(service, rate_per_h=0.0).grow(5)
        async with bent_service(tmp_path, None) as (service, told):
            job = await begin(service)
            culture = Culture(service, rate_per_h=0.0)
            culture.od = 0.1
            await culture.grow(5)
            assert told.readings("od_filtered")[-1].value == pytest.approx(2.0, rel=0.02)
            forget = StartRequest(NAME, arguments=["clear_cache"], experiment=EXPERIMENT)
            with pytest.raises(ConflictError):
                service.jobs.start(forget)
            job.end()
            await job.gone.wait()
            await asyncio.sleep(2)
            await service.jobs.start(forget).gone.wait()
            await asyncio.sleep(2)
            await begin(service)
            await culture.grow(5)
            assert told.readings("od_filtered")[-1].value == pytest.approx(1.0, rel=0.02)
            assert "is forgotten" in told.log("INFO")

    bent(run())


def test_a_reference_a_user_wrote_is_used_and_one_that_does_not_fit_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            service.records.store.set("od_normalization_mean", EXPERIMENT, {"2": 0.025})
            job = await begin(service)
            culture = Culture(service, rate_per_h=0.0)
            await culture.grow(3)
            assert told.readings("od_filtered")[-1].value == pytest.approx(2.0, rel=0.02)
            job.end()
            await job.gone.wait()
            service.records.store.set("od_normalization_mean", EXPERIMENT, {"2": -1})
            await asyncio.sleep(2)
            await begin(service)
            await culture.grow(3)
            assert told.readings("od_filtered")[-1].value == pytest.approx(1.0, rel=0.02)
            assert "does not fit" in told.log("WARNING")

    bent(run())


def test_readings_that_cannot_be_used_are_left_out_and_told_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service)
            await culture.grow(5)
            count = len(told.readings("growth_rate"))
            for _ in range(3):
                culture.read(od=0.0)
                await asyncio.sleep(INTERVAL_S)
            culture.read(age_s=60)
            culture.publish(None, "another experiment")
            culture.publish({"timestamp": "2031-01-01T00:00:00.000Z", "ods": {"2": {"od": 9.0}}}, "another experiment")
            await asyncio.sleep(1)
            assert len(told.readings("growth_rate")) == count
            assert told.log("ERROR").count("not above 0") == 1
            assert "older than the one before" in told.log("WARNING")
            await culture.grow(1)
            assert len(told.readings("growth_rate")) == count + 12

    bent(run())


def test_one_wild_reading_does_not_move_the_rate(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service)
            await culture.grow(40)
            before = rate(told)
            culture.read(od=2 * culture.od)
            await culture.grow(0.1)
            assert rate(told) == pytest.approx(before, abs=0.05)

    bent(run())


def test_several_photodiodes_are_fused_and_a_change_of_them_begins_anew(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            culture = Culture(service, channels=("2", "3"))
            await culture.grow(40)
            assert rate(told) == pytest.approx(0.3, abs=0.03)
            assert list(service.records.store.get("od_normalization_mean", EXPERIMENT)) == ["3", "2"]
            culture.channels = ("2",)
            await culture.grow(40)
            assert rate(told) == pytest.approx(0.3, abs=0.03)
            assert "begins anew" in told.log("WARNING")

    bent(run())


def test_a_reactor_with_an_estimator_in_use_is_followed_by_its_fused_density(tmp_path: Path) -> None:
    line = {"type": "akima", "knots": [-2.0, 1.0], "coefficients": [[-4.0, 1.0, 0.0, 0.0]]}
    flat = {"type": "akima", "knots": [-2.0, 1.0], "coefficients": [[-3.0, 0.0, 0.0, 0.0]]}
    estimator = {
        "estimator_type": "od_fused_estimator", "estimator_name": "fused", "created_at": "2031-01-01T00:00:00.000Z",
        "calibrated_on_pioreactor_unit": "unit", "ir_led_intensity": 80.0, "angles": ["45"], "mu_splines": {"45": line},
        "sigma_splines_log": {"45": flat}, "min_logc": -2.0, "max_logc": 1.0, "sigma_floor": 0.01, "recorded_data": {},
    }  # fmt: skip

    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await service.estimators.save("od_fused", estimator, set_active=True)
            await begin(service)
            culture = Culture(service)
            for _ in range(600):
                await asyncio.sleep(INTERVAL_S)
                culture.od *= math.exp(0.3 * INTERVAL_S / 3600)
                value = {"od_fused": culture.od, "timestamp": timestamp(service.clock.utc_s())}
                service.bus.publish(SettingChanged(0, "od_reading", "od_fused", value, EXPERIMENT))
                culture.read(od=1.0)
            assert rate(told) == pytest.approx(0.3, abs=0.03)

    write_config(tmp_path, "[reactor]\nmodel_name = pioreactor_20ml_XR\n")
    bent(run())


def test_where_readings_end_the_rate_ends_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, told):
            await begin(service)
            assert "start od_reading" in told.log("WARNING")
            culture = Culture(service)
            await culture.grow(5)
            culture.publish(None)
            assert {gap.series for gap in told.of(GapMarked)} == {"growth_rate", "od_filtered"}
            settings = service.jobs.settings_of(NAME)
            assert settings is not None
            assert "growth_rate" not in settings
            await culture.grow(1)
            assert "growth_rate" in settings
            await service.jobs.change_settings(NAME, {"$state": "sleeping"})
            assert "growth_rate" not in settings
            count = len(told.readings("growth_rate"))
            await culture.grow(1)
            assert len(told.readings("growth_rate")) == count
            await service.jobs.change_settings(NAME, {"$state": "ready"})
            await culture.grow(1)
            assert len(told.readings("growth_rate")) == count + 12

    bent(run())


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("growth_rate_calculating.config", "ekf_outlier_std_threshold", "2"),
        ("growth_rate_calculating.config", "samples_for_od_statistics", "0"),
        ("od_reading.config", "samples_per_second", "0"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(tmp_path: Path, section: str, key: str, value: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            with pytest.raises(BadRequestError, match=key):
                service.jobs.start(StartRequest(NAME, config_overrides=[(section, key, value)]))

    bent(run())


def test_its_entries_in_the_capabilities(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            entries = {entry["job_name"]: entry for entry in service.jobs.registry.entries()}
            growth, clear = entries[NAME], entries[f"{NAME} clear_cache"]
            kinds = {name: (each["datatype"], each["settable"]) for name, each in growth["published_settings"].items()}
            assert kinds == {
                "growth_rate": ("GrowthRate", False),
                "od_filtered": ("ODFiltered", False),
                "$state": ("text", True),
            }
            assert growth["options"] == clear["options"] == []
            assert clear["published_settings"] == {}

    bent(run())
