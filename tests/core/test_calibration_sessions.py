"""The rules of guided calibrations over HTTP: inputs, one request at a time, aborts, lost boards, restarts."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bent_service import bent, started
from calibration_session import (
    SESSIONS,
    Guided,
    begin,
    bent_unit,
    misbehave,
    place,
    truth,
    until_on,
)
from running_services import Served, ServiceProcess

from core.calibrations.sessions.inputs import read_inputs
from core.errors import BadRequestError
from core.plugins.api import (
    CalibrationAction,
    CalibrationProtocol,
    SessionProtocol,
    Step,
    StepField,
    pwm_channel,
    pwm_output,
)

PUMP = {"target_device": "media_pump", "protocol_name": "duration_based"}


async def _at_prime(served: Served) -> Guided:
    guided = await begin(served, "media_pump", "duration_based")
    await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input", "volume_targets")
    await guided.walk("pwm_settings", "tubing_into_water", "prime_pump_duration")
    return guided


async def test_bodies_and_ids_that_are_wrong(served: Served) -> None:
    bodies: list[tuple[Any, list[str] | None]] = [
        ({}, ["protocol_name", "target_device"]),
        ({"protocol_name": "duration_based"}, ["target_device"]),
        ({**PUMP, "target_device": 5}, ["target_device"]),
        ({**PUMP, "protocol_name": None}, ["protocol_name"]),
        ({**PUMP, "speed": 5}, ["speed"]),
        ({**PUMP, "protocol_name": "magic"}, ["protocol_name", "target_device"]),
        ({**PUMP, "target_device": "od90"}, ["protocol_name", "target_device"]),
        ([], None),
    ]
    for body, fields in bodies:
        refused = await served.json("POST", SESSIONS, 400, json=body)
        assert refused["error_info"].get("fields") == fields
    for method, path in (("GET", "nope"), ("POST", "nope/inputs"), ("POST", "nope/abort")):
        await served.json(method, f"{SESSIONS}/{path}", 404)
    guided = await begin(served, **PUMP)
    path = f"{SESSIONS}/{guided.id}"
    for body in ({"inputs": 5}, {"inputs": []}, {"input": {}}, 5):
        await served.json("POST", f"{path}/inputs", 400, json=body)
    assert await served.json("GET", path) == guided.view
    answer = await served.http.request("PUT", f"/unit_api{path}/inputs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await served.json("POST", f"{path}/inputs"))["step"]["step_id"] == "intro_confirm_2"
    assert (await served.json("POST", f"{path}/abort", content=b"{nonsense"))["session"]["status"] == "aborted"


def test_wrong_inputs_leave_a_session_where_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, **PUMP)
            await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input")
            await _refuse(guided, "calibration_name", 5, "../up", "a/b", ".hidden", "x" * 300, True)
            await guided.send(calibration_name="mine")
            await _refuse(guided, "mls_to_calibrate_for", 1.0, "1,,2", [0], [-1], ["a"], [True], "nan", ["inf"])
            await guided.send(400, volumes=[1.0])
            await guided.send(mls_to_calibrate_for="0.5, 1.0")
            await _refuse(guided, "hz", 0, 10001, "fast", True, [], "1_0", "nan", keep=("", []))
            await _refuse(guided, "dc", 0, -1, 100.1, "101")
            await guided.walk("tubing_into_water", "prime_pump_duration", hz="200", dc=99)
            assert guided.view["session"]["data"]["hz"] == 200
            await _refuse(guided, "prime_duration_s", 4.9, "short")
            await guided.walk("tracer_run", prime_duration_s=5)
            await _refuse(guided, "action", "redo_last")
            await guided.walk("tracer_volume")
            await _refuse(guided, "volume_ml", None, "", 0, -1, "much")
            await guided.send(volume_ml=0.09)
            await _refuse(guided, "action", "redo_last", "dance")
            assert truth(served)["media_pump_percent"] == 0

    bent(run())


async def _refuse(guided: Guided, field: str, *values: Any, keep: tuple[Any, ...] = ()) -> None:
    for value in values:
        if value not in keep:
            refused = await guided.send(400, **{field: value})
            assert refused["error_info"]["fields"] == [field], value


@pytest.mark.parametrize(
    ("asked", "given", "wanted"),
    [
        (StepField("n", "N", "int"), "7", 7),
        (StepField("n", "N", "int"), 7.0, 7),
        (StepField("n", "N", "int"), 7.5, None),
        (StepField("n", "N", "int"), 10**400, None),
        (StepField("n", "N", "bool"), "Yes", True),
        (StepField("n", "N", "bool"), "0", False),
        (StepField("n", "N", "bool"), 1, True),
        (StepField("n", "N", "bool"), "on", None),
        (StepField("n", "N", "bool"), 2, None),
        (StepField("n", "N", "bool", default=True), "", True),
        (StepField("n", "N", "float_list"), "1, 2.5", [1.0, 2.5]),
        (StepField("n", "N", "float_list"), ["1", 2.5], [1.0, 2.5]),
        (StepField("n", "N", "float_list"), 1.0, None),
        (StepField("n", "N", "string"), "  a  ", "a"),
        (StepField("n", "N", "string"), "a\nb", None),
        (StepField("n", "N", "choice", options=("a", "b")), "b", "b"),
        (StepField("n", "N", "choice", options=("a", "b")), "c", None),
        (StepField("n", "N", "float", maximum=2.0), 2.0, 2.0),
        (StepField("n", "N", "float", maximum=2.0), 2.01, None),
    ],
)
def test_forms_of_inputs(asked: StepField, given: Any, wanted: Any) -> None:
    step = Step("s", "form", "S", None, (asked,))
    if wanted is None:
        with pytest.raises(BadRequestError):
            read_inputs(step, {"n": given})
    else:
        assert read_inputs(step, {"n": given}) == {"n": wanted}


def test_an_optional_field_may_stay_empty() -> None:
    step = Step("s", "form", "S", None, (StepField("n", "N", "float", required=False),))
    assert read_inputs(step, {}) == {"n": None}


def test_abort_switches_the_pump_off_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await _at_prime(served)
            path = f"{SESSIONS}/{guided.id}"
            body = {"inputs": {"prime_duration_s": 60}}
            running = asyncio.create_task(served.json("POST", f"{path}/inputs", json=body, timeout=None))
            await until_on(served, "media_pump_percent")
            assert (await served.json("GET", path))["step"]["step_id"] == "prime_pump_duration"
            names = [row["job_name"] for row in await served.json("GET", "/jobs/running")]
            assert "calibration" in names
            before_s = served.service.clock.monotonic_s()
            aborted = await served.json("POST", f"{path}/abort", timeout=None)
            assert truth(served)["media_pump_percent"] == 0
            assert served.service.clock.monotonic_s() - before_s < 0.5
            assert (aborted["session"]["status"], aborted["step"]["step_id"]) == ("aborted", "ended")
            assert aborted["session"]["error"]
            with contextlib.suppress(AssertionError):  # told that it was stopped, or shown the end
                await running
            for again in ("inputs", "abort"):
                assert await served.json("POST", f"{path}/{again}") == aborted
            assert "calibration" not in [row["job_name"] for row in await served.json("GET", "/jobs/running")]
            other = await _at_prime(served)
            await other.walk("tracer_run")

    bent(run())


def test_one_request_at_a_time(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided, other = await _at_prime(served), await _at_prime(served)
            path = f"{SESSIONS}/{guided.id}/inputs"
            running = asyncio.create_task(served.json("POST", path, timeout=None))
            await until_on(served, "media_pump_percent")
            assert "busy" in (await served.json("POST", path, 409))["error"]
            assert (await other.send(409))["error_info"]["holder"] == "calibration"
            request = {"json": PUMP}
            assert (await served.json("POST", SESSIONS, 400, **request))["error_info"]["holder"] == "calibration"
            stirring = await begin(served, "stirring", "dc_based")
            assert stirring.step_id == "intro"
            assert (await running)["step"]["step_id"] == "tracer_run"

    bent(run())


def test_a_client_that_hangs_up_loses_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await _at_prime(served)
            path = f"{SESSIONS}/{guided.id}"
            with pytest.raises(httpx.TimeoutException):
                await served.json("POST", f"{path}/inputs", timeout=2)
            assert truth(served)["media_pump_percent"] == 100
            await asyncio.sleep(20)
            assert truth(served)["media_pump_percent"] == 0
            assert (await served.json("GET", path))["step"]["step_id"] == "tracer_run"

    bent(run())


def test_stop_all_ends_the_run_and_not_the_session(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await _at_prime(served)
            running = asyncio.create_task(guided.send(409))
            await until_on(served, "media_pump_percent")
            await served.json("POST", "/jobs/stop/all", 202)
            assert truth(served)["media_pump_percent"] == 0
            assert "stopped" in (await running)["error"]
            await guided.walk("tracer_run")

    bent(run())


def test_without_a_board_forms_are_answered_and_hardware_waits(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, **PUMP)
            misbehave(served, "unplug")
            await asyncio.sleep(5)
            await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input", "volume_targets")
            await guided.walk("pwm_settings", "tubing_into_water", "prime_pump_duration")
            await guided.send(503)
            misbehave(served, "replug")
            await _until_connected(served)
            running = asyncio.create_task(guided.send(503))
            await until_on(served, "media_pump_percent")
            await asyncio.sleep(3)
            misbehave(served, "unplug")
            await running
            await asyncio.sleep(6)
            assert truth(served)["media_pump_percent"] == 0
            misbehave(served, "replug")
            await _until_connected(served)
            await guided.walk("tracer_run")

    bent(run())


async def _until_connected(served: Served) -> None:
    board = served.service.board_link.current
    assert board is not None
    await board.wait_until_usable(60)


def test_stirring_is_stopped_with_an_abort_and_its_loss_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            place(served, 1.0)
            running = asyncio.create_task(guided.send(409, od600_value=1.0))
            await until_on(served, "stirrer_percent")
            await asyncio.sleep(5)
            await served.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"})
            assert "ended" in (await running)["error"]
            await asyncio.sleep(2)
            again = asyncio.create_task(guided.send(od600_value=1.0))
            await until_on(served, "stirrer_percent")
            await served.json("POST", f"{SESSIONS}/{guided.id}/abort", timeout=None)
            assert truth(served)["stirrer_percent"] == 0
            again.cancel()
            assert {row["job_name"] for row in await served.json("GET", "/jobs/running")} == {"monitor"}

    bent(run())


def test_stirring_that_was_started_a_moment_ago_is_waited_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            job = await started(served.service, "stirring")
            job.end()
            await job.gone.wait()
            await guided.send(od600_value=1.0)
            assert guided.step_id == "another_standard"

    bent(run())


def test_sessions_go_on_after_a_restart(tmp_path: Path) -> None:
    async def first() -> str:
        async with bent_unit(tmp_path) as served:
            guided = await _at_prime(served)
            running = asyncio.create_task(served.json("POST", f"{SESSIONS}/{guided.id}/inputs", timeout=None))
            await until_on(served, "media_pump_percent")
        with contextlib.suppress(AssertionError, httpx.HTTPError):
            await running
        return guided.id

    async def second(session_id: str) -> None:
        async with bent_unit(tmp_path) as served:
            guided = Guided(served, await served.json("GET", f"{SESSIONS}/{session_id}"))
            assert guided.step_id == "prime_pump_duration"
            assert guided.view["session"]["data"]["hz"] == 250
            await guided.walk("tracer_run", "tracer_volume")

    bent(second(bent(first())))


def test_sessions_survive_a_killed_service(start_service: Callable[..., ServiceProcess]) -> None:
    process = start_service("--board", "simulated:")
    base = f"{process.url()}/unit_api{SESSIONS}"
    session = httpx.post(base, json=PUMP).json()["session"]
    step = httpx.post(f"{base}/{session['session_id']}/inputs", json={}).json()
    process.end(signal.SIGKILL)
    base = f"{start_service().url()}/unit_api{SESSIONS}"
    assert httpx.get(f"{base}/{session['session_id']}").json() == step


def test_runs_that_moved_nothing_fail_the_session(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await _at_prime(served)
            await guided.walk("tracer_run", "tracer_volume")
            await guided.send(volume_ml=0.09)
            for _ in range(9):
                await guided.send()
                await guided.send(volume_ml=0)
            await guided.send(action="redo_last")
            assert guided.view["step"]["title"] == "Run 9 of 10"
            for _ in range(2):
                await guided.send()
                await guided.send(volume_ml=0)
            assert (guided.view["session"]["status"], guided.step_id) == ("failed", "ended")
            assert "No water" in guided.view["session"]["error"]
            assert served.service.calibrations.active("media_pump") is None

    bent(run())


async def test_only_the_newest_sessions_are_kept(served: Served) -> None:
    first, second = await begin(served, **PUMP), await begin(served, **PUMP)
    await served.json("POST", f"{SESSIONS}/{second.id}/abort")
    for _ in range(199):
        last = await begin(served, **PUMP)
    await served.json("GET", f"{SESSIONS}/{second.id}", 404)
    for kept in (first, last):
        assert await served.json("GET", f"{SESSIONS}/{kept.id}") == kept.view
    await begin(served, **PUMP)
    await served.json("GET", f"{SESSIONS}/{first.id}", 404)


class Blinking(SessionProtocol):
    """A protocol as a plug-in writes it."""

    protocol_name = "blinking"
    offers = (CalibrationProtocol("media_pump", "blinking", "Blink", "Runs for as long as one likes."),)
    steps = (
        Step("ask", "form", "How long?", None, (StepField("seconds", "Seconds", "float", default=1.0),)),
        Step("complete", "result", "Done"),
    )

    def outputs(self) -> tuple[str, ...]:
        return (pwm_output(pwm_channel(self.place.config, "media")),)

    async def run_ask(self, inputs: dict[str, Any], action: CalibrationAction) -> str:
        channel = pwm_channel(self.place.config, "media")
        await action.context.outputs.set_pwm(channel, 100.0, 250.0)
        await action.sleep(inputs["seconds"])
        return self.complete({"seconds": inputs["seconds"]})


def test_what_a_lost_link_interrupted_is_done_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            served.service.calibration_sessions.add(Blinking)
            guided = await begin(served, "media_pump", "blinking")
            running = asyncio.create_task(guided.send(503, seconds=30))
            await until_on(served, "media_pump_percent")
            misbehave(served, "unplug 1")
            assert "link" in (await running)["error"]
            await _until_connected(served)
            await asyncio.sleep(1)
            assert truth(served)["media_pump_percent"] == 0
            await guided.walk("complete", seconds=3)

    bent(run())


def test_plug_ins_add_protocols_and_nothing_acts_for_ever(tmp_path: Path) -> None:
    async def first() -> str:
        async with bent_unit(tmp_path) as served:
            served.service.calibration_sessions.add(Blinking)
            listed = await served.json("GET", "/calibration_protocols")
            assert "media_pump_blinking" in [protocol["id"] for protocol in listed]
            guided = await begin(served, "media_pump", "blinking")
            before_s = served.service.clock.monotonic_s()
            assert "300 s" in (await guided.send(503, seconds=400))["error"]
            assert served.service.clock.monotonic_s() - before_s == pytest.approx(300, abs=2)
            assert truth(served)["media_pump_percent"] == 0
            left = await begin(served, "media_pump", "blinking")
            await guided.walk("complete")
            assert guided.result == {"seconds": 1.0}
            return left.id

    async def without_it(session_id: str) -> None:
        async with bent_unit(tmp_path) as served:
            guided = Guided(served, await served.json("GET", f"{SESSIONS}/{session_id}"))
            assert "not offered" in (await guided.send(400))["error"]
            aborted = await served.json("POST", f"{SESSIONS}/{session_id}/abort")
            assert aborted["session"]["status"] == "aborted"

    bent(without_it(bent(first())))
