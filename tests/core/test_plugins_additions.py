"""What plug-ins add: automations, guided calibrations, settings, and jobs in the place of built-in ones."""

from __future__ import annotations

from pathlib import Path

from running_services import serving, write_config
from test_plugins_routes import install, listed, put, uninstall

from core.service import ServiceOptions

API = (
    "from core.plugins.api import (CalibrationProtocol, Group, Job, JobDeclaration, Option, Plugin, SessionProtocol, "
    "Setting, Step, UnitHere)\nfrom fastapi import APIRouter\n"
)
AUTOMATION = (
    API
    + """
class Dawn(Job):
    declaration = JobDeclaration("led_automation", "Slow light.", Group.LIGHT, "Dawn", automation_name="dawn",
                                 needs_board=False, options=(Option("minutes", "float", required=True),))
plugin = Plugin(jobs=[Dawn])
"""
)
STIRRING = (
    API
    + """
class Shaking(Job):
    declaration = JobDeclaration("stirring", "Shakes instead.", Group.STIR_AND_HEAT, "Shaking", needs_board=False)
plugin = Plugin(jobs=[Shaking])
"""
)
CALIBRATION = (
    API
    + """
class Scale(SessionProtocol):
    protocol_name = "by_scale"
    offers = (CalibrationProtocol("kitchen_scale", "by_scale", "Scale", "Weighs.", ("a scale",)),)
    steps = (Step("intro", "info", "Scale", "Put it down."), Step("complete", "result", "Done", "It is done."))
    async def on_intro(self, inputs):
        return self.complete({"weighed": True})
plugin = Plugin(protocols=[Scale])
"""
)
SETTINGS = (
    API
    + """
routes = APIRouter()
@routes.get("/setting")
async def setting(unit: UnitHere): return dict(unit.config.section("mine"))
plugin = Plugin(routes=routes, settings={"mine": {"a": "1", "b": "2"}, "stirring.config": {"pwm_hz": "5"}})
"""
)


async def test_an_automation_is_chosen_by_its_name(data_dir: Path) -> None:
    put(data_dir, "plugins/dawn.py", AUTOMATION)
    async with serving(ServiceOptions(data_dir)) as served:
        assert (await listed(served))["dawn"]["adds"]["automations"] == ["led_automation dawn"]
        path = "/jobs/run/job_name/led_automation"
        await served.json("POST", path, 400, json={"options": {"automation_name": "dawn"}})
        await served.json("POST", path, 202, json={"options": {"automation_name": "dawn", "minutes": 5}})
        assert await served.json("GET", "/jobs/running/led_automation")


async def test_a_job_can_take_a_built_in_ones_place_until_it_is_uninstalled(data_dir: Path) -> None:
    put(data_dir, "plugins/shaking.py", STIRRING)
    async with serving(ServiceOptions(data_dir)) as served:

        async def label() -> str:
            entries = await served.json("GET", "/capabilities")
            return str(next(entry["label"] for entry in entries if entry["job_name"] == "stirring"))

        assert await label() == "Shaking"
        await uninstall(served, "shaking")
        assert await label() == "Stirring"


async def test_a_guided_calibration_is_offered_and_led(data_dir: Path) -> None:
    put(data_dir, "incoming/scale.py", CALIBRATION)
    async with serving(ServiceOptions(data_dir)) as served:
        task = await install(served, "scale", "incoming/scale.py")
        assert task["result"]["state"] == "loaded", task
        assert (await listed(served))["scale"]["adds"]["protocols"] == ["kitchen_scale_by_scale"]
        offers = await served.json("GET", "/calibration_protocols")
        assert "kitchen_scale_by_scale" in [offer["id"] for offer in offers]
        body = {"target_device": "kitchen_scale", "protocol_name": "by_scale"}
        begun = await served.json("POST", "/calibrations/sessions", 201, json=body)
        path = f"/calibrations/sessions/{begun['session']['session_id']}/inputs"
        ended = await served.json("POST", path, json={"inputs": {}})
        assert ended["session"]["result"] == {"weighed": True}


async def test_settings_are_defaults_below_what_is_configured(data_dir: Path) -> None:
    put(data_dir, "plugins/mine.py", SETTINGS)
    write_config(data_dir, "[mine]\nb = 3\n")
    async with serving(ServiceOptions(data_dir)) as served:
        assert await served.json("GET", "/plugins/mine/setting") == {"a": "1", "b": "3"}
        assert (await served.json("GET", "/config/merged"))["stirring.config"]["pwm_hz"] == "200"
        await served.json("POST", "/config/specific", json={"code": "[mine]\na = 7\n"})
        assert await served.json("GET", "/plugins/mine/setting") == {"a": "7", "b": "3"}


async def test_a_new_version_of_a_file_that_runs_waits_for_a_restart(data_dir: Path) -> None:
    put(data_dir, "plugins/shaking.py", STIRRING)
    put(data_dir, "incoming/shaking.py", STIRRING + "\n__plugin_version__ = '2'\n")
    async with serving(ServiceOptions(data_dir)) as served:
        task = await install(served, "shaking", "incoming/shaking.py")
        assert (task["result"]["version"], task["result"]["restart_required"]) == ("2", True)
        assert (await listed(served))["shaking"]["restart_required"] is True
        task = await install(served, "shaking", "plugins/shaking.py")
        assert task["result"]["restart_required"] is True
