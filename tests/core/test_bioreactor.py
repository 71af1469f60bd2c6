"""What is in the vial: the count of liquids, its limits, and the routes that show and correct it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_services import Served, read_events, serving

from core.bioreactor.accounting import Liquids, after_dose
from core.bus import DosingEvent
from core.service import ServiceOptions, running_service

_FIRST = {
    "current_volume_ml": 15.0,
    "efflux_tube_volume_ml": 15.0,
    "alt_media_fraction": 0.0,
    "cumulative_media_added_ml": 0.0,
    "cumulative_alt_media_added_ml": 0.0,
    "cumulative_waste_removed_ml": 0.0,
}
_EVENTS = st.sampled_from(["add_media", "add_alt_media", "add_salt_solution", "remove_waste"])
_PATH = "/bioreactor/experiments/exp%20one"


def _liquids(**values: float) -> Liquids:
    return Liquids(**_FIRST | values)


def _dose(served: Served, event: str, volume_ml: float, experiment: str = "exp one", source: str = "test") -> None:
    utc_s = served.service.clock.utc_s()
    served.service.bus.publish(DosingEvent(utc_s, experiment, event, volume_ml, source))


async def _values(served: Served, path: str = _PATH) -> dict[str, float]:
    values: dict[str, float] = (await served.json("GET", path))["values"]
    return values


def test_media_thins_alt_media_by_the_volume_before_the_dose() -> None:
    liquids = after_dose(_liquids(alt_media_fraction=0.5), "add_media", 1.0)
    assert liquids.alt_media_fraction == pytest.approx(0.5 * 15 / 16)
    assert (liquids.current_volume_ml, liquids.cumulative_media_added_ml) == (16.0, 1.0)
    liquids = after_dose(liquids, "add_alt_media", 2.0)
    assert liquids.alt_media_fraction == pytest.approx((0.5 * 15 + 2) / 18)
    assert (liquids.current_volume_ml, liquids.cumulative_alt_media_added_ml) == (18.0, 2.0)


def test_other_liquids_fill_the_vial_and_change_nothing_else() -> None:
    assert after_dose(_liquids(alt_media_fraction=0.5), "add_salt", 1.0) == _liquids(
        alt_media_fraction=0.5, current_volume_ml=16.0
    )


def test_waste_takes_liquid_down_to_the_tube_and_counts_what_was_commanded() -> None:
    liquids = after_dose(_liquids(current_volume_ml=16.0), "remove_waste", 20.0)
    assert (liquids.current_volume_ml, liquids.cumulative_waste_removed_ml) == (15.0, 20.0)
    below = _liquids(current_volume_ml=9.0)
    assert after_dose(below, "remove_waste", 1.0).current_volume_ml == 9.0


def test_sums_of_slices_snap_to_0_and_1() -> None:
    liquids = _liquids(alt_media_fraction=1.0)
    for _ in range(7):
        liquids = after_dose(liquids, "add_alt_media", 0.0456)
    assert liquids.alt_media_fraction == 1.0
    emptied = after_dose(_liquids(current_volume_ml=0.0), "add_media", 0.0)
    assert emptied == _liquids(current_volume_ml=0.0)


@pytest.mark.parametrize("event", ["add_", "drain", "", "remove_media"])
def test_unknown_events_are_refused(event: str) -> None:
    with pytest.raises(ValueError, match="dosing event"):
        after_dose(_liquids(), event, 1.0)


@given(
    volume_ml=st.floats(0, 20),
    fraction=st.floats(0, 1),
    doses=st.lists(st.tuples(_EVENTS, st.floats(0, 5)), max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_volume_and_fraction_never_leave_their_ranges(
    volume_ml: float, fraction: float, doses: list[tuple[str, float]]
) -> None:
    liquids = _liquids(current_volume_ml=volume_ml, alt_media_fraction=fraction)
    for event, ml in doses:
        before, liquids = liquids, after_dose(liquids, event, ml)
        assert liquids.current_volume_ml >= 0
        assert 0 <= liquids.alt_media_fraction <= 1
        if event == "remove_waste":
            assert min(before.current_volume_ml, 15.0) <= liquids.current_volume_ml <= before.current_volume_ml


@given(doses=st.lists(st.tuples(_EVENTS, st.floats(-3, 6)), max_size=40))
@settings(max_examples=15, deadline=None)
def test_a_service_keeps_every_variable_within_its_limits_whatever_is_told(
    tmp_path_factory: pytest.TempPathFactory, doses: list[tuple[str, float]]
) -> None:
    async def run() -> None:
        async with running_service(ServiceOptions(tmp_path_factory.mktemp("data"))) as service:
            for event, ml in doses:
                service.bus.publish(DosingEvent(service.clock.utc_s(), "exp", event, ml, "test"))
                values = service.bioreactor.values("exp")
                assert 0 <= values["current_volume_ml"] <= 20
                assert 0 <= values["alt_media_fraction"] <= 1
                assert all(values[name] >= 0 for name in values)

    asyncio.run(run())


async def test_shows_all_six_and_takes_corrections(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path)) as served:
        assert await _values(served) == _FIRST
        body = {"values": {"current_volume_ml": 12.5, "alt_media_fraction": 0}}
        assert await served.json("PATCH", _PATH, json=body) == {"status": "success"}
        assert await _values(served) == _FIRST | {"current_volume_ml": 12.5}
        assert await _values(served, "/bioreactor/experiments/another") == _FIRST


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "values"),
        ({"current_volume_ml": 12.5, "volume": 3}, "values.volume"),
        ({"current_volume_ml": 12.5, "alt_media_fraction": 1.5}, "values.alt_media_fraction"),
        ({"efflux_tube_volume_ml": 20.1}, "efflux_tube_volume_ml"),
        ({"cumulative_waste_removed_ml": -1}, "values.cumulative_waste_removed_ml"),
        ({"current_volume_ml": "12"}, "values.current_volume_ml"),
        ({"current_volume_ml": True}, "values.current_volume_ml"),
        ({"current_volume_ml": None}, "values.current_volume_ml"),
        ([], "values"),
    ],
)
async def test_refuses_what_cannot_be_and_changes_nothing(tmp_path: Path, values: Any, field: str) -> None:
    async with serving(ServiceOptions(tmp_path)) as served:
        answer = await served.json("PATCH", _PATH, 400, json={"values": values})
        assert answer["error_info"]["fields"] == [field]
        assert await _values(served) == _FIRST
        missing = await served.json("PATCH", _PATH, 400, json={})
        assert missing["error_info"]["fields"] == ["values"]
        impossible = await served.json("GET", "/bioreactor/experiments/a%24b", 400)
        assert impossible["error_info"]["fields"] == ["experiment"]


async def test_counts_doses_tells_them_and_keeps_them(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path)) as served:
        await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})
        async with served.http.stream("GET", "/unit_api/events?topics=dosing,bioreactor") as stream:
            events = read_events(stream)
            snapshot = await anext(events)
            assert snapshot.data["bioreactor"] == _FIRST
            _dose(served, "add_media", 0.5)
            told = [await anext(events), await anext(events)]
            by_name = {event.name: event.data for event in told}
            assert by_name["dosing"]["volume_change"] == 0.5
            assert (by_name["dosing"]["event"], by_name["dosing"]["source_of_event"]) == ("add_media", "test")
            assert by_name["bioreactor"]["values"] == {"current_volume_ml": 15.5, "cumulative_media_added_ml": 0.5}
        # A slice and its correction on one moment are both kept.
        utc_s = served.service.clock.utc_s()
        for ml in (0.25, -0.125):
            served.service.bus.publish(DosingEvent(utc_s, "exp one", "add_media", ml, "test"))
        doses = await served.json("GET", "/experiments/exp%20one/time_series/media_ml")
        assert doses["data"][1] == [0.5, 0.25, -0.125]
        volumes = await served.json("GET", "/experiments/exp%20one/time_series/current_volume_ml")
        assert volumes["data"][1] == [15.5, 15.75, 15.625]
    async with serving(ServiceOptions(tmp_path)) as served:
        assert (await _values(served))["current_volume_ml"] == 15.625


async def test_a_dose_that_cannot_be_counted_is_left_out_and_told(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path)) as served:
        _dose(served, "add_media", 6.0)
        assert await _values(served) == _FIRST
        logs = (await served.json("GET", "/logs?min_level=WARNING"))["logs"]
        assert "not counted" in logs[0]["message"]


async def test_doses_of_a_calibration_go_beside_the_vial_whoever_else_says_so_is_counted(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path)) as served:
        _dose(served, "add_media", 1.0, experiment="_testing_calibration", source="pump_calibration")
        assert await _values(served, _PATH.replace("exp%20one", "_testing_calibration")) == _FIRST
        _dose(served, "add_media", 1.0, source="pump_calibration")
        assert (await _values(served))["current_volume_ml"] == 16.0


async def test_live_only_experiments_are_counted_and_not_kept(tmp_path: Path) -> None:
    path = "/bioreactor/experiments/_testing_one"
    async with serving(ServiceOptions(tmp_path)) as served:
        _dose(served, "add_media", 1.0, "_testing_one")
        assert (await _values(served, path))["current_volume_ml"] == 16.0
    async with serving(ServiceOptions(tmp_path)) as served:
        assert await _values(served, path) == _FIRST


async def test_a_value_the_model_cannot_have_is_moved_to_the_limit_and_told(tmp_path: Path) -> None:
    tmp_path.joinpath("config.ini").write_text("[bioreactor]\ninitial_volume_ml = 35\n")
    async with serving(ServiceOptions(tmp_path)) as served:
        assert (await _values(served))["current_volume_ml"] == 20.0
        logs = (await served.json("GET", "/logs?min_level=WARNING"))["logs"]
        assert "cannot have" in logs[0]["message"]
