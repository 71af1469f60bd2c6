"""The hardware check over HTTP: on the simulated board, without a board, with faults, and with bad requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.service import ServiceOptions
from device.simulator.hardware import SimulatedHardware

CHECKS = ["board_link", "firmware_version", "photodiode_adc", "pwm_channels", "led_channels", "heater_board"]
XR = {"model_name": "pioreactor_40ml_XR", "model_version": "1.5"}


async def result_of(served: Served, body: dict[str, str], method: str = "POST") -> dict[str, Any]:
    """Return the result of a hardware check, which must complete."""
    accepted = await served.json(method, "/hardware/check", 202, json=body)
    async with asyncio.timeout(10):
        while True:
            answer = await served.http.get(accepted["result_url_path"])
            if answer.status_code == 200:
                assert answer.json()["status"] == "complete", answer.text
                result: dict[str, Any] = answer.json()["result"]
                return result


async def told(served: Served, text: str) -> None:
    """Insist on a log line, which is written by another thread."""
    async with asyncio.timeout(10):
        while True:
            logs = await served.json("GET", "/logs")
            if any(text in line["message"] for line in logs["logs"]):
                return


@pytest.fixture
async def with_board(data_dir: Path) -> AsyncIterator[Served]:
    """Run a service with the simulated board."""
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        yield served


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_the_simulated_board_suits_the_models(with_board: Served, method: str) -> None:
    for body in (XR, {"model_name": "pioreactor_20ml", "model_version": "1.0"}):
        result = await result_of(with_board, body, method)
        assert {key: result[key] for key in body} == body
        assert result["ok"] is True, result
        names = [check["name"] for check in result["checks"]]
        assert names[: len(CHECKS)] == CHECKS
        assert all(check["ok"] is True and check["detail"] for check in result["checks"])
    await told(with_board, "suits the")


async def test_each_fault_fails_its_check_and_says_why(with_board: Served) -> None:
    simulation = with_board.service.board_link.simulation
    for command, name, word in (
        ("sensor-missing", "heater_board", "thermometer"),
        ("saturate 3", "photodiode_adc", "limit"),
        ("supply 3.9", "supply", "too little"),
    ):
        simulation.misbehave(command)
        result = await result_of(with_board, XR)
        failed = {check["name"]: check["detail"] for check in result["checks"] if not check["ok"]}
        assert list(failed) == [name], result
        assert word in failed[name]
        assert result["ok"] is False
        simulation.misbehave("heal")
    await told(with_board, "does not suit")


@pytest.mark.parametrize(
    ("part", "value", "model", "name", "word"),
    [
        ("pwm_roles", ("stirring", "media pump", "stirring", "waste pump", "heater"), XR, "pwm_channels", "alt-media"),
        ("photodiode_channels", (1, 2), XR, "photodiode_adc", "no photodiode 3, 4"),
        ("photodiode_channels", (1, 2), {**XR, "model_name": "pioreactor_40ml"}, "", ""),
        ("adc", "ADS1115", XR, "photodiode_adc", "ADS1114"),
        ("adc", "ADS1115", {"model_name": "pioreactor_40ml", "model_version": "1.0"}, "", ""),
        ("has_thermometer", False, XR, "heater_board", "without a heater board"),
    ],
)
async def test_a_board_of_another_kind(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, part: str, value: Any, model: dict[str, str], name: str, word: str
) -> None:
    monkeypatch.setattr(SimulatedHardware, part, value)
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        result = await result_of(served, model)
    failed = {check["name"]: check["detail"] for check in result["checks"] if not check["ok"]}
    assert list(failed) == ([name] if name else []), result
    assert word in failed.get(name, "")


async def test_a_photodiode_that_a_model_does_not_have_does_not_matter(with_board: Served) -> None:
    with_board.service.board_link.simulation.misbehave("saturate 4")
    result = await result_of(with_board, {"model_name": "pioreactor_20ml", "model_version": "1.5"})
    assert result["ok"] is True


async def test_without_a_board_only_the_link_was_tested(served: Served) -> None:
    result = await result_of(served, XR)
    assert result["ok"] is False
    link, *others = result["checks"]
    assert (link["name"], link["ok"]) == ("board_link", False)
    assert "No board" in link["detail"]
    assert [check["name"] for check in others][:5] == CHECKS[1:]
    assert {(check["ok"], check["detail"]) for check in others} == {(False, "not tested")}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["model_name", "model_version"]),
        ({"model_name": "pioreactor_40ml"}, ["model_version"]),
        ({"model_name": "pioreactor_40ml", "model_version": 1.5}, ["model_version"]),
        ({"model_name": "pioreactor_40ml", "model_version": "9"}, ["model_name", "model_version"]),
        ({**XR, "more": 1}, ["more"]),
    ],
)
async def test_bad_requests(served: Served, body: dict[str, Any], fields: list[str]) -> None:
    for method in ("POST", "PATCH"):
        answer = await served.json(method, "/hardware/check", 400, json=body)
        assert answer["error_info"]["fields"] == fields


async def test_a_model_of_the_users_own_is_known(data_dir: Path) -> None:
    (data_dir / "models").mkdir(parents=True)
    text = "model_name: mine\nmodel_version: '2'\ndisplay_name: Mine\nreactor_capacity_ml: 50\n"
    text += "reactor_diameter_mm: 30\nreactor_max_fill_volume_ml: 40\nmax_temp_to_reduce_heating: 60\n"
    text += "max_temp_to_disable_heating: 62\nmax_temp_to_shutdown: 64\n"
    (data_dir / "models" / "mine.yaml").write_text(text, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        result = await result_of(served, {"model_name": "mine", "model_version": "2"})
        assert result["model_name"] == "mine"
