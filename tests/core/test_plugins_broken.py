"""Broken plug-ins of every kind: the service starts, goes on, and says what is wrong with each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running_services import Served, ServiceProcess, serving, write_config
from test_plugins_routes import listed, put

from core.plugins.found import said_by
from core.service import ServiceOptions

API = "from core.plugins.api import Chart, Group, Job, JobDeclaration, Option, Plugin, UnitHere\n"
JOB = API + (
    "class Mine(Job):\n"
    "    declaration = JobDeclaration('mine', 'help', Group.CHECK, 'Mine', needs_board=False, is_action=True)\n"
)
GOOD = JOB.replace("mine", "good_job") + "plugin = Plugin(jobs=[Mine], charts=[Chart('c', 'C', {'s': 'S'})])\n"
BROKEN = {
    "raises": ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero (raises.py, line 2)"),
    "exits": ("import sys; sys.exit(3)\n", "SystemExit: 3"),
    "interrupts": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "syntax": ("def f(:\n", "SyntaxError"),
    "nul_bytes": ("x = 1\0\n", "SyntaxError"),
    "unknown_import": ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    "unknown_name": ("from core.plugins.api import Nothing\n", "cannot import name 'Nothing'"),
    "no_plugin_object": ("plugin = 5\n", "Its `plugin` is of type int"),
    "unknown_addition": (API + "plugin = Plugin(windows=[])\n", "unexpected keyword argument 'windows'"),
    "no_job": (API + "plugin = Plugin(jobs=[int])\n", "is no subclass of Job"),
    "jobs_no_list": (API + "plugin = Plugin(jobs=5)\n", "'int' object is not iterable"),
    "no_declaration": (API + "class A(Job): pass\nplugin = Plugin(jobs=[A])\n", "has no declaration"),
    "job_name": (JOB.replace("mine", "My Job") + "plugin = Plugin(jobs=[Mine])\n", "'My Job' is no job name"),
    "default_not_listable": (
        JOB.replace("is_action=True", "options=(Option('o', 'text', default=object()),)")
        + "plugin = Plugin(jobs=[Mine])\n",
        "The declaration of mine cannot be listed",
    ),
    "unit_job": (
        JOB.replace("is_action", "is_long_running") + "plugin = Plugin(jobs=[Mine])\n",
        "jobs of the unit itself cannot come from a plug-in",
    ),
    "replaces_monitor": (
        JOB.replace("mine", "monitor") + "plugin = Plugin(jobs=[Mine])\n",
        "monitor: jobs of the unit",
    ),
    "taken_job": (GOOD, "The job good_job is already added by the plug-in good"),
    "taken_chart": (API + "plugin = Plugin(charts=[Chart('c', 'C', {'s': 'S'})])\n", "The chart c is already added"),
    "empty_chart": (API + "plugin = Plugin(charts=[Chart('d', 'D', {})])\n", "at least one series"),
    "no_routes": (API + "plugin = Plugin(routes=5)\n", "they must be an APIRouter"),
    "settings": (API + "plugin = Plugin(settings={'a': {'b': 5}})\n", "must be texts of one line"),
    "hidden_error": (
        "class Odd:\n    def __getattr__(self, name): raise MemoryError\nplugin = Odd()\n",
        "Its `plugin` is of type Odd",
    ),
}


async def test_no_broken_plugin_keeps_the_service_or_the_others_from_working(data_dir: Path) -> None:
    put(data_dir, "plugins/good.py", GOOD)
    for name, (text, _) in BROKEN.items():
        put(data_dir, f"plugins/{name}.py", text)
    (data_dir / "plugins/unreadable.py").symlink_to(data_dir / "gone")
    (data_dir / "plugins/folder.py").mkdir()
    async with serving(ServiceOptions(data_dir)) as served:
        await _settled(served)
        plugins = await listed(served)
        assert set(plugins) == {*BROKEN, "good"}
        assert (plugins["good"]["state"], plugins["good"]["adds"]["jobs"]) == ("loaded", ["good_job"])
        for name, (_, reason) in BROKEN.items():
            assert (plugins[name]["state"], reason in plugins[name]["reason"]) == ("failed", True), plugins[name]
        names = [entry["job_name"] for entry in await served.json("GET", "/capabilities")]
        assert "good_job" in names
        assert "mine" not in names
        logs = (await served.json("GET", "/logs?source=plugins&limit=1000"))["logs"]
        assert {line["task"] for line in logs} == set(plugins)


async def test_one_that_hangs_is_given_up_and_the_service_answers_meanwhile(data_dir: Path) -> None:
    write_config(data_dir, "[plugins]\nload_within_s = 1.5\n")
    put(data_dir, "plugins/a_loop.py", "while True: pass\n")
    put(data_dir, "plugins/b_wait.py", "import threading; threading.Event().wait(3)\n")
    put(data_dir, "plugins/c_good.py", GOOD)
    async with serving(ServiceOptions(data_dir)) as served:
        assert "loading" in {plugin["state"] for plugin in (await listed(served)).values()}
        await _settled(served)
        plugins = await listed(served)
        assert plugins["c_good"]["state"] == "loaded"
        assert plugins["a_loop"]["reason"] == "It was still loading after 1.5 s and was given up. It was ended."
        assert "Its thread cannot be ended" in plugins["b_wait"]["reason"]


async def test_the_service_can_end_while_a_plugin_hangs(data_dir: Path) -> None:
    put(data_dir, "plugins/wait.py", "import threading; threading.Event().wait(30)\n")
    async with asyncio.timeout(10), serving(ServiceOptions(data_dir)) as served:
        assert (await listed(served))["wait"]["state"] == "loading"


async def test_safe_mode_lists_plugins_and_runs_none(data_dir: Path) -> None:
    put(data_dir, "plugins/good.py", GOOD + f"open({str(data_dir / 'ran')!r}, 'w').close()\n")
    async with serving(ServiceOptions(data_dir, plugins=False)) as served:
        item = (await listed(served))["good"]
        assert item["state"] == "not loaded"
        assert "--no-plugins" in item["reason"]
        await served.json("POST", "/jobs/run/job_name/good_job", 404)
    assert not (data_dir / "ran").exists()


def test_one_that_kills_the_service_is_left_out_after_the_second_time(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    put(data_dir, "plugins/deadly.py", "import os; os._exit(7)\n")
    assert [start_service().wait() for _ in range(2)] == [7, 7]
    safe = start_service("--no-plugins")
    (item,) = httpx.get(f"{safe.url()}/unit_api/plugins/installed", trust_env=False).json()
    assert item["state"] == "not loaded"
    safe.end()
    url = start_service().url()
    (item,) = httpx.get(f"{url}/unit_api/plugins/installed", trust_env=False).json()
    assert item["state"] == "failed"
    assert "The service died each time" in item["reason"]


def test_what_a_plugin_prints_is_not_taken_for_the_address(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    put(data_dir, "plugins/prints.py", "print('http://127.0.0.1:1', flush=True)\n")
    url = start_service().url()
    assert httpx.get(f"{url}/unit_api/plugins/installed", trust_env=False).json()[0]["state"] == "loaded"


RUDE = (
    API
    + """
import sys
from fastapi import APIRouter
class Rude(Job):
    declaration = JobDeclaration("rude", "help", Group.CHECK, "Rude", needs_board=False, is_action=True,
                                 options=(Option("how", "text"),))
    def __init__(self, config, options):
        super().__init__(config, options)
        if options["how"] in ("init", None): sys.exit(1)
    async def set_up(self):
        if self.options["how"] == "set_up": sys.exit(1)
        if self.options["how"] == "timer": self.every(0.1, self._leave)
    async def _leave(self): sys.exit(1)
    async def work(self):
        if self.options["how"] == "work": raise KeyError("x")
        if self.options["how"] == "timer": await super().work()
    async def on_disconnected(self):
        if self.options["how"] == "end": sys.exit(1)
router = APIRouter()
@router.get("/raises")
async def raises(): raise KeyError("secret")
@router.get("/exits")
def exits(): sys.exit(1)
@router.get("/unlistable")
async def unlistable(): return {"x": float("nan")}
@router.get("/number/{number}")
async def number(number: int, unit: UnitHere): return {"number": number, "unit": unit.name}
plugin = Plugin(jobs=[Rude], routes=router)
"""
)


@pytest.mark.parametrize("how", ["init", "set_up", "timer", "work", "end"])
async def test_a_job_that_ends_the_program_ends_only_itself(data_dir: Path, how: str) -> None:
    put(data_dir, "plugins/rude.py", RUDE)
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        assert served.service.board_link.current is not None
        await served.service.board_link.current.wait_until_usable(10)
        assert (await listed(served))["rude"]["reason"] is None
        answer = await served.http.post("/unit_api/jobs/run/job_name/rude", json={"options": {"how": how}})
        assert answer.status_code == (500 if how == "init" else 202), answer.text
        if how == "init":
            assert answer.json()["error"] == "rude cannot start."
            await served.json("POST", "/config/specific", json={"code": "[mine]\na = 1\n"})
        async with asyncio.timeout(10):
            while await served.json("GET", "/jobs/running/rude"):  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.02)
        assert await served.json("GET", "/jobs/running/monitor")


async def test_a_route_that_goes_wrong_is_answered_as_an_error(data_dir: Path) -> None:
    put(data_dir, "plugins/rude.py", RUDE)
    async with serving(ServiceOptions(data_dir)) as served:
        unit = (await served.json("GET", "/health"))["pioreactor_unit"]
        assert await served.json("GET", "/plugins/rude/number/5") == {"number": 5, "unit": unit}
        for path in ("raises", "exits", "unlistable"):
            body = await served.json("GET", f"/plugins/rude/{path}", 500)
            assert body["error_info"]["status"] == 500
            assert "secret" not in str(body)
        await served.json("GET", "/plugins/rude/number/five", 400)
        await served.json("GET", "/plugins/rude/nothing", 404)
        answer = await served.http.post("/unit_api/plugins/rude/raises")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
        assert "/number/{number}" in (await served.json("GET", "/plugins/rude/openapi.json"))["paths"]
        assert "rude" not in str(await served.json("GET", "/openapi.json"))


def test_reading_what_a_file_says_of_itself_never_fails() -> None:
    for content in (b"", b"\xff\xfe", b"x = (" * 5000, b"__plugin_name__ = 5", b"__plugin_name__ = f'{x}'", b"\0"):
        assert said_by(content)["name"] is None
    assert said_by(b"__plugin_author__: str = 'A. Author'\n")["author"] == "A. Author"


async def _settled(served: Served) -> None:
    """Wait until no plug-in is loading any more."""
    async with asyncio.timeout(15):
        while any(item["state"] == "loading" for item in (await listed(served)).values()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
