"""How control loops come to what they do, and how far a calibration is, told to a real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, started, until
from broker import Broker, Heard, listening
from calibration_session import begin, bent_unit
from dosed_vial import rule, vial
from running_services import write_config

from core.bus import PidCorrected
from core.jobs.pid import Pid
from core.service import Service

_TRACE = {
    "setpoint", "output_limits_lb", "output_limits_ub", "Kd", "Ki", "Kp", "integral", "proportional", "derivative",
    "latest_input", "latest_output", "job_name", "target_name",
}  # fmt: skip


@pytest.fixture
async def heard(tmp_path: Path) -> AsyncIterator[Heard]:
    """Listen to a broker that the unit of the folder `data` uses."""
    broker = Broker(tmp_path)
    await broker.start()
    write_config(tmp_path / "data", broker.config())
    try:
        async with listening(broker) as heard:
            yield heard
    finally:
        broker.stop()


async def bent_beside(work: Callable[[], Awaitable[None]]) -> None:
    """Run something in time that jumps, in a thread: who listens to the broker keeps the time of the world."""

    async def run() -> None:
        await work()

    await asyncio.to_thread(lambda: bent(run(), 10 * 3600))


async def connected(service: Service) -> None:
    await until(lambda: service.mqtt.describe()["state"] == "connected", 1e9)


def traces(heard: Heard, target_name: str) -> list[dict[str, Any]]:
    (experiment,) = {each.topic.value.split("/")[2] for each in heard.messages if "/pid_log/" in each.topic.value}
    assert not any(each.retain for each in heard.messages if "/pid_log/" in each.topic.value)
    told = [json.loads(text) for text in heard.texts(f"pioreactor/u1/{experiment}/pid_log/{target_name}")]
    assert all(set(trace) == _TRACE for trace in told)
    assert {trace["target_name"] for trace in told} <= {target_name}
    return told


async def test_loops_for_temperature_speed_and_growth_are_told(heard: Heard, tmp_path: Path) -> None:
    counts: dict[str, int] = {}

    async def experiment() -> None:
        async with vial(tmp_path / "data") as (service, _):

            def count(event: PidCorrected) -> None:
                counts[event.target_name] = counts.get(event.target_name, 0) + 1

            service.bus.listen(PidCorrected, count)
            await connected(service)
            await started(service, "stirring", target_rpm=400)
            await started(service, "od_reading", interval=10)
            await started(service, "growth_rate_calculating")
            await started(service, "temperature_automation", automation_name="thermostat", target_temperature=35)
            await rule(service, "pid_morbidostat", target_growth_rate=0.3, target_normalized_od=1, duration=10)
            await asyncio.sleep(2400)

    await bent_beside(experiment)
    assert set(counts) == {"rpm", "temperature", "growth_rate"}
    await heard.until(lambda: sum("/pid_log/" in each.topic.value for each in heard.messages) >= sum(counts.values()))
    for target_name, setpoint, limits, job_name in (
        ("rpm", 400, (-7.5, 7.5), "stirring"),
        ("temperature", 35, (-25, 25), "temperature_automation"),
        ("growth_rate", 0.3, (0, 1), "dosing_automation"),
    ):
        told = traces(heard, target_name)
        assert len(told) == counts[target_name] >= 2
        for trace in told:
            assert (trace["setpoint"], trace["job_name"]) == (setpoint, job_name)
            low, high = trace["output_limits_lb"], trace["output_limits_ub"]
            assert (low, high) == limits
            total = trace["proportional"] + trace["integral"] + trace["derivative"]
            assert trace["latest_output"] == pytest.approx(min(max(total, low), high))
            assert trace["proportional"] == pytest.approx(trace["Kp"] * (setpoint - trace["latest_input"]))


def test_a_trace_has_each_term_as_it_went_into_the_sum() -> None:
    pid = Pid(2, 0.5, 4, -10, 10)
    assert pid.trace == {}
    pid.update(5, 4, 2)
    assert pid.update(5, 4.5, 0.5) == pytest.approx(1 + 1.125 - 4)
    trace = pid.trace
    assert (trace["proportional"], trace["integral"], trace["derivative"]) == pytest.approx((1, 1.125, -4))
    assert (trace["latest_input"], trace["latest_output"]) == pytest.approx((4.5, -1.875))


async def test_a_stirring_calibration_tells_how_far_it_is(heard: Heard, tmp_path: Path) -> None:
    async def calibration() -> None:
        async with bent_unit(tmp_path / "data") as served:
            await served.json("POST", "/experiments", 201, json={"experiment": "Exp 1"})
            await connected(served.service)
            guided = await begin(served, "stirring", "dc_based")
            await guided.walk("run_calibration", "complete")

    await bent_beside(calibration)
    topic = "pioreactor/u1/_testing_Exp 1/stirring_calibration/percent_progress"
    await heard.newest(topic, "100.0")
    told = [float(text) for text in heard.texts(topic)]
    assert told == sorted(told)
    assert (told[0], len(told)) == (0, 16)
    assert not any(each.retain for each in heard.messages if each.topic.value == topic)
