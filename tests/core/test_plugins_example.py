"""The example plug-in from end to end: dropped in, and as a package; its job on the simulated board."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service, started, until
from contract_unit import Unit, contract_unit
from running_services import serving, write_config
from test_plugins_routes import install, listed

from core.bus import LedChanged
from core.service import ServiceOptions

EXAMPLE = Path(__file__).parents[2] / "resources" / "example_plugin"


def drop_in(data_dir: Path) -> None:
    (data_dir / "plugins").mkdir(parents=True)
    shutil.copy(EXAMPLE / "light_pulse.py", data_dir / "plugins")


def test_dropped_in_it_adds_a_job_a_setting_a_chart_and_a_route(data_dir: Path) -> None:
    drop_in(data_dir)
    write_config(data_dir, "[light_pulse.config]\nperiod_s = 20\n")
    bent(_use(data_dir))


async def _use(data_dir: Path) -> None:
    async with contract_unit(data_dir) as unit:
        (item,) = await _json(unit, "/plugins/installed")
        assert (item["name"], item["version"], item["state"]) == ("light-pulse", "1.0.0", "loaded"), item
        assert item["adds"]["jobs"] == ["light_pulse"]
        settings = {f"light_pulse.config.{key}" for key in ("led", "intensity", "pulse_s", "period_s")}
        assert set(item["adds"]["settings"]) == settings
        env = {"EXPERIMENT": "pulses"}
        await unit.done("POST", "/jobs/run/job_name/light_pulse", {"options": {"intensity": 40}, "env": env})
        await _until_pulses(unit, 3)
        answer = await unit.ask("PATCH", "/jobs/settings/job_name/light_pulse", {"settings": {"intensity": 10}})
        assert answer.status == 200
        await _until_pulses(unit, 4)
        route = await _json(unit, "/plugins/light-pulse/dose?hours=2")
        assert route == {"planned": 20 * 1 * 360, "given": pytest.approx(130, rel=0.05)}
        assert (await unit.ask("GET", "/plugins/light-pulse/dose?hours=-1")).status == 400
        await unit.done("POST", "/jobs/stop", {"job_name": "light_pulse"})
        (chart,) = await _json(unit, "/charts/descriptors")
        assert (chart["title"], chart["unit"], chart["source"]) == ("Light dose", "%·s", "light-pulse")
        curve = await _json(unit, f"/experiments/pulses/time_series/{chart['series'][0]['series']}")
        assert curve["data"][1] == pytest.approx([40, 80, 120, 130], rel=0.05)
        assert curve["unit"] == "%·s"


async def _until_pulses(unit: Unit, number: int) -> None:
    while (await unit.settings("light_pulse"))["pulses"] < number:  # noqa: ASYNC110 - it is bent time that passes
        await asyncio.sleep(0.5)


async def _json(unit: Unit, path: str) -> Any:
    answer = await unit.ask("GET", path)
    assert answer.status == 200, answer.body
    return answer.json()


def test_its_led_is_on_for_each_pulse_and_off_when_it_ends(data_dir: Path) -> None:
    drop_in(data_dir)

    async def pulses() -> None:
        async with bent_service(data_dir) as (service, told):
            job = await started(service, "light_pulse", pulse_s=2, period_s=10)
            begin = service.clock.utc_s() - EPOCH_UTC_S
            await until(lambda: len(told.of(LedChanged)) == 5)
            job.end()
            await job.gone.wait()
            lit = [(event.utc_s - EPOCH_UTC_S - begin, event.intensity) for event in told.of(LedChanged)]
            assert [intensity for _, intensity in lit] == [20, 0, 20, 0, 20, 0]
            assert [round(moment) for moment, _ in lit[:5]] == [0, 2, 10, 12, 20]

    bent(pulses())


@pytest.fixture
def wheel(data_dir: Path, tmp_path: Path) -> str:
    """Build the example as a package, without a network, and put it into the data folder."""
    source = shutil.copytree(EXAMPLE, tmp_path / "source")  # building leaves files behind
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    (data_dir / "incoming").mkdir(parents=True)
    shutil.copy(built, data_dir / "incoming")
    return f"incoming/{built.name}"


async def test_as_a_package_it_is_installed_from_a_wheel_and_runs(data_dir: Path, wheel: str) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        task = await install(served, "light-pulse", wheel)
        assert task["status"] == "complete", task
        item = (await listed(served))["light-pulse"]
        expected = {"source": "entry_points", "state": "loaded", "author": "The Vialdesk authors", "version": "1.0.0"}
        assert item.items() >= expected.items()
        assert item["homepage"] == "https://example.org/light-pulse"
        assert (await served.json("GET", "/plugins/light-pulse/dose"))["planned"] == 20 * 1 * 360
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        accepted = await served.json("POST", "/jobs/run/job_name/light_pulse", 202, json={})
        assert accepted["status"] == "accepted"
