"""Doses and changes of light as they were recorded, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, started
from pump_calibrations import calibrate
from running_services import Served

from core.bus import DosingEvent, LedChanged
from core.clock import timestamp
from core.records.dosing_events import read_doses

T0 = 1_900_000_000.0
EXPERIMENT = "exp one"


async def dose(served: Served, *doses: tuple[float, str, float, str]) -> None:
    """Tell doses at seconds after T0."""
    for after_s, event, ml, source in doses:
        served.service.bus.publish(DosingEvent(T0 + after_s, EXPERIMENT, event, ml, source))


async def told(served: Served, query: str = "", what: str = "dosing_events") -> dict[str, Any]:
    answer: dict[str, Any] = await served.json("GET", f"/experiments/{EXPERIMENT}/{what}{query}")
    return answer


@pytest.fixture
async def begun(served: Served) -> Served:
    await served.json("POST", "/experiments", 201, json={"experiment": EXPERIMENT})
    return served


async def test_slices_of_a_dose_are_one_dose(begun: Served) -> None:
    media, waste = "add_media", "remove_waste"
    await dose(begun, *((place * 0.5, media, 0.04, "UI") for place in range(10)), (5.0, media, -0.01, "UI"))
    await dose(begun, (6.0, waste, 0.05, "UI"), (6.5, waste, 0.05, "UI"), (60.0, media, 0.1, "UI"))
    answer = await told(begun)
    assert answer["pioreactor_unit"] == begun.service.unit
    assert not answer["has_older"]
    brief = [
        (each["event"], each["volume_change"], each["t"], each["until"], each["doses"]) for each in answer["events"]
    ]
    assert brief == [
        (media, 0.39, timestamp(T0), timestamp(T0 + 5), 1),
        (waste, 0.1, timestamp(T0 + 6), timestamp(T0 + 6.5), 1),
        (media, 0.1, timestamp(T0 + 60), timestamp(T0 + 60), 1),
    ]


async def test_other_causes_and_pauses_are_other_doses(begun: Served) -> None:
    await dose(begun, (0, "add_media", 0.1, "UI"), (1, "add_media", 0.2, "CLI"), (2, "add_media", 0.1, "UI"))
    await dose(begun, (7.5, "add_media", 0.4, "UI"))
    found = [(each["source_of_event"], each["volume_change"]) for each in (await told(begun))["events"]]
    assert found == [("UI", 0.2), ("CLI", 0.2), ("UI", 0.4)]


async def test_slices_by_themselves_and_doses_of_an_hour_together(begun: Served) -> None:
    for hour in range(3):
        await dose(begun, *((hour * 3600 + place * 0.5, "add_media", 0.05, "UI") for place in range(4)))
    assert len((await told(begun, "?together_s=0"))["events"]) == 12
    found = (await told(begun, "?together_s=3600"))["events"]
    assert [(each["doses"], each["volume_change"]) for each in found] == [(1, 0.2), (2, 0.4)]
    [whole] = (await told(begun, "?together_s=8000"))["events"]
    assert (whole["doses"], whole["volume_change"]) == (3, 0.6)


async def test_a_long_run_of_a_pump_is_one_dose_whatever_is_taken_together(begun: Served) -> None:
    await dose(begun, *((place * 0.5, "add_media", 0.05, "UI") for place in range(100)))
    for query in ("", "?together_s=20", "?together_s=1"):
        [whole] = (await told(begun, query))["events"]
        assert (whole["doses"], whole["volume_change"]) == (1, 5.0)


async def test_the_newest_are_given_and_older_ones_are_found_by_asking_on(begun: Served) -> None:
    await dose(begun, *((place * 60.0, "add_media", float(place + 1), "UI") for place in range(10)))
    newest = await told(begun, "?limit=4")
    assert [each["volume_change"] for each in newest["events"]] == [7, 8, 9, 10]
    assert newest["has_older"]
    older = await told(begun, f"?limit=20&to={newest['events'][0]['t']}")
    assert [each["volume_change"] for each in older["events"]] == [1, 2, 3, 4, 5, 6, 7]
    assert older["events"][-1]["id"] == newest["events"][0]["id"]
    assert not older["has_older"]
    between = await told(begun, f"?from={timestamp(T0 + 60)}&to={timestamp(T0 + 120)}")
    assert [each["volume_change"] for each in between["events"]] == [2, 3]


async def test_light_is_told_as_it_changed(begun: Served) -> None:
    for after_s, channel, percent in ((0, "C", 5.0), (0, "D", 5.0), (60, "C", 0.0)):
        begun.service.bus.publish(LedChanged(T0 + after_s, channel, percent, "light", EXPERIMENT))
    begun.service.bus.publish(LedChanged(T0, "A", 80.0, "od_reading"))
    answer = await told(begun, "", "led_events")
    found = [(each["t"], each["channel"], each["intensity"]) for each in answer["events"]]
    assert found == [(timestamp(T0), "C", 5.0), (timestamp(T0), "D", 5.0), (timestamp(T0 + 60), "C", 0.0)]
    assert (await told(begun, "?limit=1", "led_events"))["has_older"]


@pytest.mark.parametrize("what", ["dosing_events", "led_events"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=20001", "limit"),
        ("from=yesterday", "from"),
        ("from=2031-02-03T04:05:07Z&to=2031-02-03T04:05:06Z", "to"),
    ],
)
async def test_bad_queries_are_refused(begun: Served, what: str, query: str, field: str) -> None:
    answer = await begun.json("GET", f"/experiments/{EXPERIMENT}/{what}?{query}", 400)
    assert field in answer["error_info"]["fields"]
    await begun.json("GET", f"/experiments/nobody/{what}", 404)


async def test_how_far_apart_has_limits(begun: Served) -> None:
    for wrong in ("-1", "86401", "nan", "inf", "much"):
        await begun.json("GET", f"/experiments/{EXPERIMENT}/dosing_events?together_s={wrong}", 400)


def test_a_real_dose_is_told_with_its_volume(tmp_path: Path) -> None:
    async def experiment() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrate(service, "media_pump")
            await ended(await started(service, "add_media", ml=0.5))
            name = service.experiments.active() or ""
            doses, _ = await service.records.read(lambda connection: read_doses(connection, name, 0, 1e15, 10, 5.0))
            [only] = doses
            assert only.event == "add_media"
            assert only.volume_ml == pytest.approx(0.5)
            assert only.end_s - only.start_s > 5

    bent(experiment())
