"""The monitor: computer, button, versions, a heater nobody attends, a thermometer that is stuck."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from bent_service import EPOCH_UTC_S, Told, bent, bent_service, misbehave, truth, until
from running_services import write_config

from core.clock import timestamp
from core.errors import BadRequestError
from core.service import Service


def settings_of(service: Service) -> dict[str, Any]:
    settings = service.jobs.settings_of("monitor")
    assert settings is not None
    return settings


def test_what_it_tells_of_the_computer(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            await until(lambda: "eth_mac_address" in settings_of(service))
            settings = settings_of(service)
            statistics = settings["computer_statistics"]
            assert statistics["timestamp"] == timestamp(EPOCH_UTC_S)
            free_gb = psutil.disk_usage(str(tmp_path)).free / 1e9
            assert statistics["free_disk_gb"] == pytest.approx(free_gb, abs=1)
            assert statistics["cpu_temperature_celsius"] is None or 0 < statistics["cpu_temperature_celsius"] < 120
            assert all(isinstance(settings[name], str) for name in ("ipv4", "wlan_mac_address", "eth_mac_address"))
            macs = {
                each.address.lower() for found in psutil.net_if_addrs().values() for each in found
                if each.family == psutil.AF_LINK
            }  # fmt: skip
            assert {settings["wlan_mac_address"], settings["eth_mac_address"]} <= macs | {""}
            await asyncio.sleep(1300)
            assert settings["computer_statistics"]["timestamp"] == timestamp(EPOCH_UTC_S + 1200)

    bent(run())


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("hours", "times"), [("12", 3), ("0", 1)])
def test_a_disk_that_fills_up_is_told_at_every_self_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: str, times: int
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12 - 2 * 10**9, 2 * 10**9))
    write_config(tmp_path, f"[monitor.config]\nself_check_interval_hours = {hours}\n")

    async def run() -> None:
        async with bent_service(tmp_path, None) as (_, told):
            await asyncio.sleep(25 * 3600)
            assert told.log("WARNING").count("Only 2.0 GB are free") == times

    bent(run(), 30 * 3600)


def test_versions_of_other_things_can_be_added(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            settings = settings_of(service)
            await until(lambda: "firmware" in settings.get("versions", {}))
            own = dict(settings["versions"])
            assert set(own) == {"app", "firmware"}
            await service.jobs.change_settings("monitor", {"versions": {"web page": "1"}})
            assert settings["versions"] == {**own, "web page": "1"}
            misbehave(service, "unplug 5")
            await asyncio.sleep(20)
            assert settings["versions"] == {**own, "web page": "1"}
            for wrong in ({"app": "9"}, "1.0"):
                with pytest.raises(BadRequestError):
                    await service.jobs.change_settings("monitor", {"versions": wrong})
            assert settings["versions"] == {**own, "web page": "1"}

    bent(run())


@pytest.mark.parametrize("answers", [True, False])
def test_the_button_is_answered_by_blinking(tmp_path: Path, answers: bool) -> None:
    if not answers:
        write_config(tmp_path, "[monitor.config]\nenable_button = 0\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            hardware: Any = service.board_link.simulation
            await asyncio.sleep(1)
            misbehave(service, "press 0.3")
            await asyncio.sleep(0.5)
            assert settings_of(service)["button_down"] is False
            # While it was held down the board itself lit the LED; what comes now is the answer.
            lit = 0
            for _ in range(20):
                await asyncio.sleep(0.05)
                lit += hardware.hardware.status_led
            assert (lit > 0) is answers

    bent(run())


async def heat_by_hand(service: Service, seconds: int, celsius: float) -> None:
    """Drive the heater as nobody should: past every job, with the board's own cut-off out of the way."""
    board = service.board_link.board
    await board.set_heater_cutoff(85)
    await board.set_pwm(5, 30, 16, 3)
    misbehave(service, f"overheat {celsius}")
    for _ in range(seconds):
        await asyncio.sleep(1)


def test_a_hot_heater_that_nobody_attends_goes_off_and_is_told_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await heat_by_hand(service, 2, 60)
            assert truth(service)["heater_percent"] > 0, "below the limit it is left alone"
            await heat_by_hand(service, 2, 70)
            assert truth(service)["heater_percent"] == 0
            assert "no temperature_automation runs" in told.log("ERROR")
            await heat_by_hand(service, 2, 70)
            assert truth(service)["heater_percent"] == 0
            assert told.log("ERROR").count("the heater is switched off") == 1
            misbehave(service, "overheat 30")
            await asyncio.sleep(3)
            await heat_by_hand(service, 2, 70)
            assert told.log("ERROR").count("the heater is switched off") == 2

    bent(run())


def test_heat_that_is_left_over_is_fine_and_heat_that_stays_is_not(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await asyncio.sleep(2)
            misbehave(service, "overheat 75")
            await asyncio.sleep(120)
            assert told.log("ERROR").count("heater board is at") == 0
            for _ in range(90):
                misbehave(service, "overheat 70")
                await asyncio.sleep(1)
            assert told.log("ERROR").count("the heater is off: unplug the heater board") == 1

    bent(run())


async def minutes_stuck(service: Service, told: Told, minutes: float) -> str:
    misbehave(service, "sensor-stuck")
    await asyncio.sleep(60 * minutes)
    misbehave(service, "heal")
    await asyncio.sleep(30)
    return told.log("WARNING")


def test_a_thermometer_that_never_moves_is_told_once_and_when_it_moves_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            assert "is stuck" not in await minutes_stuck(service, told, 10)
            assert "moves again" not in told.log("INFO")
            for times in (1, 2):
                assert (await minutes_stuck(service, told, 40)).count("it is stuck") == times
                assert told.log("INFO").count("moves again, after 40 minutes") == times
            await asyncio.sleep(3600)
            assert told.log("WARNING").count("it is stuck") == 2, "one that flickers is fine"

    bent(run())


def test_a_configuration_it_cannot_read_does_not_keep_it_from_watching(tmp_path: Path) -> None:
    write_config(tmp_path, "[monitor.config]\nenable_button = perhaps\n[reactor]\nmodel_name = nothing\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await asyncio.sleep(1)
            assert settings_of(service)["$state"] == "ready"
            assert "enable_button" in told.log("WARNING")
            await heat_by_hand(service, 2, 70)
            assert truth(service)["heater_percent"] == 0

    bent(run())


def test_its_entry_in_the_capabilities(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            (entry,) = [each for each in service.jobs.registry.entries() if each["job_name"] == "monitor"]
            kinds = {name: (each["datatype"], each["settable"]) for name, each in entry["published_settings"].items()}
            assert kinds == {
                "computer_statistics": ("json", False), "button_down": ("boolean", False), "versions": ("json", True),
                "voltage_on_pwm_rail": ("Voltage", False), "ipv4": ("string", False),
                "wlan_mac_address": ("string", False), "eth_mac_address": ("string", False), "$state": ("text", True),
            }  # fmt: skip

    bent(run())
