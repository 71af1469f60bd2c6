"""Estimators of fused optical density: what they estimate, and their routes."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from calibration_data import estimator, od, put
from hypothesis import given, settings
from hypothesis import strategies as st
from running_services import Served, read_events

from core.calibrations.fits import fit_akima
from core.errors import BadRequestError
from core.estimators.estimator import EstimateError, FusedOdEstimator, read_estimator

# Volts per OD and inner filter per OD of scatter at three angles; at 135 degrees the curve turns over at OD 6.7.
SCATTER = {"45": (0.12, 0.03), "90": (0.20, 0.06), "135": (0.60, 0.15)}
LOGS = [-2 + 0.1 * step for step in range(31)]


def volts(true_od: float) -> dict[str, float]:
    return {angle: 0.01 + a * true_od * math.exp(-b * true_od) for angle, (a, b) in SCATTER.items()}


def made(**changes: Any) -> FusedOdEstimator:
    flat = {"type": "akima", "knots": [-2.0, 1.0], "coefficients": [[math.log(0.04), 0.0, 0.0, 0.0]]}
    mu = {angle: fit_akima(LOGS, [math.log(volts(10**each)[angle]) for each in LOGS]).model_dump() for angle in SCATTER}
    scales = {"45": 10.0, "90": 4.0, "135": 0.04}
    data = {"angles": list(SCATTER), "mu_splines": mu, "sigma_splines_log": dict.fromkeys(SCATTER, flat),
            "min_logc": -2.0, "max_logc": 1.0, "low_conc_scales": scales}  # fmt: skip
    return read_estimator(estimator(**{**data, **changes}), "od_fused")


ESTIMATOR = made()


@settings(deadline=None, max_examples=100)
@given(st.floats(0.012, 9.5))
def test_volts_of_a_culture_give_its_od(true_od: float) -> None:
    # Where the curve at 135 degrees turns over, its own estimate is torn between both sides.
    tolerance = 0.05 if 5 < true_od < 9 else 5e-3
    assert ESTIMATOR.estimate(volts(true_od)) == pytest.approx(true_od, rel=tolerance)


def test_beyond_the_turn_of_one_angle_the_others_tell_which_side_it_is() -> None:
    alone = made(angles=["135"])
    rising, falling = 4.0, 10.2
    assert volts(rising)["135"] == pytest.approx(volts(falling)["135"], rel=0.02)
    assert ESTIMATOR.estimate(volts(rising)) == pytest.approx(rising, rel=0.01)
    assert ESTIMATOR.estimate(volts(9.0)) == pytest.approx(9.0, rel=0.01)
    assert alone.estimate(volts(1.0)) == pytest.approx(1.0, rel=0.01)


def test_one_odd_angle_does_not_pull_the_estimate_away() -> None:
    odd = volts(1.0) | {"90": volts(1.0)["90"] * 1.5}
    assert ESTIMATOR.estimate(odd) == pytest.approx(1.0, rel=0.15)


def test_thin_cultures_are_told_by_the_angle_trusted_there() -> None:
    thin = volts(0.02) | {"45": volts(0.08)["45"], "90": volts(0.08)["90"]}
    assert ESTIMATOR.estimate(thin) == pytest.approx(0.02, rel=0.1)


def test_it_finds_the_least_cost_there_is() -> None:
    rng = random.Random(1)
    for _ in range(20):
        given_v = {angle: v * math.exp(rng.gauss(0, 0.2)) for angle, v in volts(10 ** rng.uniform(-1.8, 0.9)).items()}
        logs = {angle: math.log(v) for angle, v in given_v.items()}

        def cost(log_od: float, logs: dict[str, float] = logs) -> float:
            total = 0.0
            for angle, log_v in logs.items():
                mu = ESTIMATOR.mu_splines[angle]  # type: ignore[index]
                slope = (mu.evaluate(log_od + 1e-6) - mu.evaluate(log_od - 1e-6)) / 2e-6
                low = ESTIMATOR.low_conc_scales[angle]  # type: ignore[index]
                trust = low + (1 - low) * (log_od + 2.0) / 3.0
                spread = 0.04 / max(abs(slope), 0.05) * trust
                total += math.sqrt(1 + ((log_v - mu.evaluate(log_od)) / spread) ** 2) - 1 + math.log(spread)
            return total

        found = cost(math.log10(ESTIMATOR.estimate(given_v)))
        assert found <= min(cost(-2 + 3 * step / 3000) for step in range(1, 3000)) + 2e-3


def test_a_minimum_narrower_than_the_grid_is_found_on_the_right_side() -> None:
    def flat(sigma: float) -> dict[str, Any]:
        return {"type": "akima", "knots": [-2.0, 1.0], "coefficients": [[math.log(sigma), 0.0, 0.0, 0.0]]}

    # The sharp angle has two minima, of which the grid sees more by chance; the blunt one says which is true.
    sharp = made(angles=["45", "135"], sigma_floor=1e-6, low_conc_scales={},
                 sigma_splines_log={"45": flat(1.5), "135": flat(0.0005)})  # fmt: skip
    for true_od in (4.14, 4.17, 4.48, 4.5):
        assert sharp.estimate(volts(true_od)) == pytest.approx(true_od, rel=1e-3)


def test_the_ends_of_its_range_bound_it() -> None:
    line = read_estimator(estimator(), "od_fused")
    assert line.estimate({"90": 0.2}) == pytest.approx(1.0, rel=1e-4)
    assert line.estimate({"90": 1e-6}) == pytest.approx(0.1)
    assert line.estimate({"90": 3.0}) == pytest.approx(10.0)
    assert ESTIMATOR.is_at_an_end(0.01)
    assert ESTIMATOR.is_at_an_end(10.0)
    assert ESTIMATOR.is_at_an_end(9.991)
    assert not ESTIMATOR.is_at_an_end(9.98)


@pytest.mark.parametrize("bad", [{"90": 0.1}, {**volts(1.0), "45": 0.0}, {**volts(1.0), "45": -0.1}, {}])
def test_without_light_at_each_angle_there_is_no_estimate(bad: dict[str, float]) -> None:
    with pytest.raises(EstimateError, match="45 degrees"):
        ESTIMATOR.estimate(bad)


def test_curves_beyond_all_numbers_give_no_estimate() -> None:
    wild = {"type": "akima", "knots": [-2.0, 1.0], "coefficients": [[1e308, 1e308, 1e308, 1e308]]}
    with pytest.raises(EstimateError, match="no finite value"):
        made(mu_splines=dict.fromkeys(SCATTER, wild)).estimate(volts(1.0))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"estimator_type": "other"}, "estimator_type"),
        ({"estimator_name": "../a"}, "estimator_name"),
        ({"angles": []}, "angles"),
        ({"angles": ["180"]}, "angles"),
        ({"sigma_floor": 0.0}, "sigma_floor"),
        ({"min_logc": "low"}, "min_logc"),
        ({"recorded_data": []}, "recorded_data"),
        ({"created_at": "2031-02-03T04:05:06"}, "created_at"),
        ({"mu_splines": {"90": {"type": "poly", "coefficients": [1.0]}}}, "mu_splines"),
        ({"low_conc_scales": {"90": 0.0}}, "low_conc_scales"),
    ],
)
def test_what_is_no_estimator_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read_estimator(estimator(**changes), "od_fused")
    assert caught.value.extra["fields"] == [field]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mu_splines": {}}, "mu_splines has nothing for 90 degrees"),
        ({"min_logc": 1.0, "max_logc": 1.0}, "min_logc must be below max_logc"),
        ({"angles": ["90", "90"]}, "an angle comes twice"),
    ],
)
def test_what_does_not_go_together_is_no_estimator(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read_estimator(estimator(**changes), "od_fused")
    assert why in caught.value.cause


def test_what_may_be_missing_has_its_default() -> None:
    data = estimator()
    for key in ("low_conc_scales", "y"):
        del data[key]
    found = read_estimator(data, "od_fused")
    assert (found.y, found.low_conc_scales) == ("log(Voltage)", {})


async def test_estimators_are_shown_made_active_and_deleted(served: Served, data_dir: Path) -> None:
    assert await served.json("GET", "/estimators") == {}
    assert await served.json("GET", "/estimators/nope") == []
    put(data_dir, "od_fused", estimator(note="kept"))
    shown = await served.json("GET", "/estimators/od_fused/fused-a")
    unit = served.service.unit
    expected = {**estimator(note="kept"), "device": "od_fused", "is_active": False, "pioreactor_unit": unit}
    assert shown == expected
    assert await served.json("GET", "/estimators") == {"od_fused": [shown]}
    assert await served.json("PATCH", "/active_estimators/od_fused/fused-a") == {"status": "success"}
    assert await served.json("GET", "/active_estimators") == {"od_fused": {**shown, "is_active": True}}
    await served.json("PATCH", "/active_estimators/od_fused/nope", 404)
    assert await served.json("DELETE", "/active_estimators/od_fused") == {"status": "success"}
    assert await served.json("GET", "/active_estimators") == {}
    await served.json("PATCH", "/active_estimators/od_fused/fused-a")
    assert "msg" in await served.json("DELETE", "/estimators/od_fused/fused-a")
    assert await served.json("GET", "/active_estimators") == {}
    await served.json("GET", "/estimators/od_fused/fused-a", 404)
    await served.json("DELETE", "/estimators/od_fused/fused-a", 404)
    await served.json("POST", "/estimators/od_fused", 405, json={"estimator_data": "x"})
    assert await served.json("GET", "/calibrations") == {}


async def test_a_spoilt_estimator_is_left_out(served: Served, data_dir: Path) -> None:
    put(data_dir, "od_fused", "x: [", "corrupt")
    put(data_dir, "od_fused", od(), "no-estimator")
    assert await served.json("GET", "/estimators/od_fused") == []
    await served.json("GET", "/estimators/od_fused/corrupt", 500)
    await served.json("PATCH", "/active_estimators/od_fused/no-estimator", 500)


async def test_changes_of_estimators_are_told_too(served: Served) -> None:
    async with served.http.stream("GET", "/unit_api/events?topics=calibration") as answer:
        events = read_events(answer)
        await anext(events)
        path = await served.service.estimators.save("od_fused", estimator(), set_active=True)
        told = [(await anext(events)).data for _ in range(2)]
    assert path == "storage/estimators/od_fused/fused-a.yaml"
    assert [(each["device"], each["action"]) for each in told] == [("od_fused", "created"), ("od_fused", "activated")]
