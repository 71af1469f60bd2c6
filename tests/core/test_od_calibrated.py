"""OD readings by calibration and estimator: true densities of simulated cultures, and what cannot be calibrated."""

from __future__ import annotations

import asyncio
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from bent_service import Told, bent, bent_service, started
from calibration_data import estimator, od
from running_services import write_config

from core.bus import LogWritten
from core.calibrations.fits import fit_akima, fit_spline
from core.service import Service

# A culture below its least temperature neither grows nor dies: its OD stays known.
COLD = "simulated:?room_celsius=2&inoculum_od={}"
ALL_ANGLES = "[od_config.photodiode_channel]\n1 = REF\n2 = 90\n3 = 135\n4 = 45\n"
STANDARDS = (0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 3.5, 5.0)
ANGLES = {"2": "90", "3": "135", "4": "45"}


def _measured(folder: Path, true_od: float, prepare: Any = None, minutes: float = 2.0) -> dict[str, list[float]]:
    """Return every series of a stirred culture of known OD, without the first readings."""

    async def run() -> dict[str, list[float]]:
        async with bent_service(folder, COLD.format(true_od)) as (service, told):
            if prepare:
                await prepare(service)
            await started(service, "stirring")
            await started(service, "od_reading")
            await asyncio.sleep(60 * minutes)
            names = [f"{kind}od{channel}" for kind in ("", "raw_") for channel in "1234"]
            return {name: [each.value for each in told.readings(name)[5:]] for name in (*names, "od_fused")}

    write_config(folder, ALL_ANGLES)
    return dict(bent(run()))


@pytest.fixture(scope="module")
def standards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """Return mean volts of each photodiode at each standard."""
    folder = tmp_path_factory.mktemp("standards")
    readings = [_measured(folder / str(each), each) for each in STANDARDS]
    return {channel: [statistics.mean(series[f"od{channel}"]) for series in readings] for channel in ANGLES}


def _calibration(channel: str, volts: list[float], **changes: Any) -> dict[str, Any]:
    curve = fit_spline(STANDARDS, volts).model_dump()
    recorded = {"x": list(STANDARDS), "y": volts}
    return od(angle=ANGLES[channel], pd_channel=channel, curve_data_=curve, recorded_data=recorded, **changes)


def _estimator(standards: dict[str, list[float]]) -> dict[str, Any]:
    logs = [math.log10(each) for each in STANDARDS]
    flat = {"type": "akima", "knots": [logs[0], logs[-1]], "coefficients": [[math.log(0.04), 0.0, 0.0, 0.0]]}
    return estimator(
        angles=list(ANGLES.values()),
        mu_splines={
            angle: fit_akima(logs, [math.log(volts) for volts in standards[channel]]).model_dump()
            for channel, angle in ANGLES.items()
        },
        sigma_splines_log=dict.fromkeys(ANGLES.values(), flat),
        min_logc=logs[0],
        max_logc=logs[-1],
        low_conc_scales={"45": 10.0, "90": 4.0, "135": 0.04},
    )


@pytest.mark.parametrize("true_od", [0.35, 1.4, 4.2])
def test_calibrated_and_fused_od_are_the_cultures_own(
    tmp_path: Path, standards: dict[str, list[float]], true_od: float
) -> None:
    async def prepare(service: Service) -> None:
        await service.calibrations.save("od90", _calibration("2", standards["2"]), set_active=True)
        await service.estimators.save("od_fused", _estimator(standards), set_active=True)

    series = _measured(tmp_path, true_od, prepare)
    # A mean of twenty readings is within 0.3 %; a natural spline of three knots between the standards within 1.5 %.
    assert statistics.mean(series["od2"]) == pytest.approx(true_od, rel=0.02)
    assert statistics.mean(series["od_fused"]) == pytest.approx(true_od, rel=0.01)
    assert statistics.mean(series["raw_od2"]) < 0.9 * true_od
    assert not series["raw_od3"], "raw readings are told apart only where there is a calibration"
    assert len(series["od3"]) == len(series["od2"]) == len(series["od_fused"])


def _live(
    folder: Path,
    data: dict[str, Any],
    seconds: float = 60.0,
    true_od: float = 0.5,
    device: str = "od90",
    **options: Any,
) -> tuple[dict[str, Any], Told]:
    """Read a culture with one calibration or estimator; return what is published at the end and all that was told."""

    async def run() -> tuple[dict[str, Any], Told]:
        async with bent_service(folder, COLD.format(true_od)) as (service, told):
            kept = service.estimators if device == "od_fused" else service.calibrations
            await kept.save(device, data, set_active=True)
            job = await started(service, "od_reading", **options)
            await asyncio.sleep(seconds)
            return dict(job.settings), told

    published, told = bent(run())
    return published, told


def _times(told: Told, text: str) -> int:
    return sum(text in event.item["message"] for event in told.of(LogWritten))


def test_what_is_published_with_a_calibration(tmp_path: Path) -> None:
    published, told = _live(tmp_path, od("mine"))
    reading = published["calibrated_od2"]
    assert reading == published["od2"] == published["ods"]["ods"]["2"]
    about = {"calibrated": 1, "angle": "90", "channel": "2", "ir_led_intensity": 80.0, "calibration_name": "mine"}
    assert {key: reading[key] for key in reading if key not in ("od", "timestamp")} == about
    raw = published["raw_od2"]
    assert raw["calibrated"] == 0
    assert "calibration_name" not in raw
    assert reading["od"] == pytest.approx((raw["od"] - 0.01) / 0.2)
    assert reading["timestamp"] == raw["timestamp"]
    assert told.readings("od2")[-1].value == reading["od"]
    assert told.readings("raw_od2")[-1].value == raw["od"]
    assert "od_fused" not in published


def test_nothing_more_is_published_without_one(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, COLD.format(0.5)) as (service, told):
            await service.calibrations.save("od90", od())
            job = await started(service, "od_reading")
            await asyncio.sleep(10)
            assert not {"raw_od2", "calibrated_od2", "od_fused"} & set(job.settings)
            assert job.settings["od2"]["calibrated"] == 0
            await service.calibrations.activate("od90", "od-a")
            await asyncio.sleep(10)
            assert job.settings["od2"]["calibrated"] == 0, "it counts from the next start"
            assert not told.readings("raw_od2")

    bent(run())


def test_another_intensity_gives_raw_readings_and_no_od(tmp_path: Path) -> None:
    published, told = _live(tmp_path, od(ir_led_intensity=79.9), seconds=500)
    assert published["raw_od2"]["od"] > 0
    assert not {"ods", "od2", "calibrated_od2"} & set(published)
    assert len(told.readings("raw_od2")) >= 99
    assert not told.readings("od2")
    assert _times(told, "made with the infrared LED at 79.9 %") == 2, "said at once, and again after 300 s"


def test_the_intensity_may_come_to_fit_while_it_runs(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, COLD.format(0.5)) as (service, _):
            await service.calibrations.save("od90", od(), set_active=True)
            await service.estimators.save("od_fused", estimator(), set_active=True)
            job = await started(service, "od_reading")
            await asyncio.sleep(10)
            assert job.settings["od2"]["calibrated"] == 1
            assert "od_fused" in job.settings
            await service.jobs.change_settings("od_reading", {"ir_led_intensity": 70.0})
            await asyncio.sleep(10)
            assert not {"ods", "od2", "calibrated_od2", "od_fused"} & set(job.settings)
            assert job.settings["raw_od2"]["ir_led_intensity"] == 70.0
            await service.jobs.change_settings("od_reading", {"ir_led_intensity": 80.0})
            await asyncio.sleep(10)
            assert job.settings["od2"]["calibrated"] == 1
            assert "od_fused" in job.settings

    bent(run())


@pytest.mark.parametrize(("true_od", "shown"), [(3.0, 1.0), (0.0, 0.2)])
def test_outside_its_points_the_nearest_od_is_shown(tmp_path: Path, true_od: float, shown: float) -> None:
    recorded = {"x": [0.2, 0.5, 1.0], "y": [0.05, 0.11, 0.21]}
    published, told = _live(tmp_path, od(recorded_data=recorded), seconds=500, true_od=true_od)
    assert published["od2"]["od"] == shown
    assert _times(told, "Calibrate over a wider range") == 2


def test_where_a_curve_never_comes_the_nearer_end_is_shown(tmp_path: Path) -> None:
    # The culture reads about 0.1 V; the curve stays above 5, though its points say something else.
    curve = {"type": "poly", "coefficients": [1.0, 0.0, 5.0]}
    near_low = od(curve_data_=curve, recorded_data={"x": [0.3, 2.0], "y": [0.05, 0.5]})
    assert _live(tmp_path / "low", near_low)[0]["od2"]["od"] == 0.3
    near_high = od(curve_data_=curve, recorded_data={"x": [0.3, 2.0], "y": [0.0, 0.13]})
    assert _live(tmp_path / "high", near_high)[0]["od2"]["od"] == 2.0
    published, told = _live(tmp_path / "none", od(curve_data_=curve, recorded_data={"x": [], "y": []}))
    assert "ods" not in published
    assert published["raw_od2"]["od"] > 0
    assert _times(told, "never gives Voltage") == 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"y": "Reading"}, "relates to Reading, not to Voltage"),
        ({"curve_data_": {"type": "poly", "coefficients": [0.1]}}, "the same voltage for every OD"),
        ({"pd_channel": "3"}, "is for photodiode 3 at 90 degrees"),
    ],
)
def test_calibrations_that_are_none_are_told(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    published, told = _live(tmp_path, od(**changes))
    assert _times(told, text) == 1
    if "pd_channel" in changes:
        assert published["od2"]["calibrated"] == 0


def test_an_estimator_of_another_intensity_or_angle_spoils_no_od(tmp_path: Path) -> None:
    for number, changes in enumerate(
        ({"ir_led_intensity": 50.0}, {"angles": ["45"], "mu_splines": {}, "sigma_splines_log": {}})
    ):
        data = estimator(**changes)
        if "angles" in changes:
            splines = estimator()
            data |= {name: {"45": splines[name]["90"]} for name in ("mu_splines", "sigma_splines_log")}
        published, told = _live(tmp_path / str(number), data, device="od_fused", seconds=200)
        assert "od_fused" not in published
        assert published["od2"]["od"] > 0
        assert _times(told, "No fused OD") == 1


def test_at_the_end_of_its_range_an_estimator_says_so(tmp_path: Path) -> None:
    published, told = _live(tmp_path, estimator(max_logc=-0.7), device="od_fused", seconds=500)
    assert published["od_fused"]["od_fused"] == pytest.approx(10**-0.7, rel=1e-6)
    assert set(published["od_fused"]) == {"od_fused", "timestamp"}
    assert _times(told, "at the end of what estimator") == 2


def test_a_lost_link_shows_no_readings_of_any_kind(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, COLD.format(0.5)) as (service, _):
            await service.calibrations.save("od90", od(), set_active=True)
            await service.estimators.save("od_fused", estimator(), set_active=True)
            job = await started(service, "od_reading")
            await asyncio.sleep(10)
            shown = {"ods", "od2", "raw_od2", "calibrated_od2", "od_fused"}
            assert shown <= set(job.settings)
            service.board_link.simulation.misbehave("unplug 30")
            await asyncio.sleep(10)
            assert not shown & set(job.settings)

    bent(run())
