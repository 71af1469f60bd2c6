"""`python -m tests.screenshots [NAME ...]` on a display: writes screenshots/NAME-THEME-WIDTHxHEIGHT.png.

The window is a process of its own on a service of its own, as a user has it; the picture is taken from the screen.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QColor, QGuiApplication

from tests.bench.running import Client, service
from tests.gui.written_record import write_record
from tests.screenshots.by_hand import by_hand
from tests.screenshots.calibrations import CALIBRATIONS, DEVICES
from tests.screenshots.culture import grow
from tests.screenshots.experiments import keep_past
from tests.screenshots.guided import calibrate_stirrer, choose_calibration, fill_tubing, type_wrong_volumes
from tests.screenshots.plugins import install_plugins

FOLDER = Path("screenshots")
THEMES = ("light", "dark")
SIZES = ((1024, 640), (1600, 1000))
WINDOW_WITHIN_S = 60.0
SETTLE_S = 5.0
# A service whose time runs fast has little left for the window: the curves take longer to load.
BUSY_SETTLE_S = 12.0
UPSET_S = 12.0
# Faster, the service would have no time left to answer the window.
SPEED = "120"
# A pump that fills its tubing is still at it when the picture is taken.
GUIDED_SPEED = "20"


@dataclass(frozen=True)
class Scene:
    """A page in a state: `upset` is what befalls the service while the window looks on, `mend` undoes it.

    `act` is what a user does in the window, given its size.
    """

    name: str
    page: str
    upset: Callable[[Client, subprocess.Popen[str]], None] | None = None
    mend: Callable[[Client, subprocess.Popen[str]], None] | None = None
    act: Callable[[tuple[int, int]], None] | None = None


def unplug(client: Client, _: subprocess.Popen[str]) -> None:
    """Pull the simulated board's plug."""
    client.ask("POST", "/board/simulation", {"command": "unplug"})


def replug(client: Client, _: subprocess.Popen[str]) -> None:
    """Put the plug back and wait until the board is in use again."""
    client.ask("POST", "/board/simulation", {"command": "replug"})
    client.wait_until("/board", lambda board: board["state"] == "connected")


def stop_everything(client: Client, _: subprocess.Popen[str]) -> None:
    """Press Stop all elsewhere."""
    client.ask("POST", "/jobs/stop/all", {})


def hang(_: Client, process: subprocess.Popen[str]) -> None:
    """Let the service fall silent."""
    process.send_signal(signal.SIGSTOP)


def wake(_: Client, process: subprocess.Popen[str]) -> None:
    """Let the service go on."""
    process.send_signal(signal.SIGCONT)


def ask_what_to_install(size: tuple[int, int]) -> None:
    """Press the button at the top right of the Plugins page."""
    by_hand("mousemove", str(size[0] - 70), "84", "click", "1")
    time.sleep(2.0)


def install_from_nowhere(size: tuple[int, int]) -> None:
    """Install a package from an index that does not answer: it is tried for a while, and the log tells of it."""
    ask_what_to_install(size)
    by_hand("mousemove", str(size[0] // 2), str(size[1] // 3))  # no window manager: the keys go where the pointer is
    by_hand("type", "demo-plugin")
    by_hand("key", "Tab")
    by_hand("type", "http://127.0.0.1:9/simple")
    by_hand("key", "Return")
    time.sleep(3.0)


def compare_experiments(size: tuple[int, int]) -> None:
    """Press Compare on the Experiments page, and tick the next three experiments of the list."""
    by_hand("mousemove", str(size[0] - 374), "84", "click", "1")
    for row in range(1, 4):
        by_hand("mousemove", "240", str(210 + 46 * row), "click", "1")
    time.sleep(3.0)
    by_hand("mousemove", str(size[0] // 2 + 120), "240")
    time.sleep(1.0)


def ask_what_to_export(size: tuple[int, int]) -> None:
    """Press Export on the Experiments page."""
    by_hand("mousemove", str(size[0] - 263), "84", "click", "1")
    time.sleep(2.0)


def open_run(size: tuple[int, int]) -> None:
    """Open the newest self-test of the Unit record page, below the sub-units put in."""
    by_hand("mousemove", str(size[0] // 2 + 160), "427", "click", "1")
    time.sleep(2.0)


def show_trend(size: tuple[int, int]) -> None:
    """Open a run and mark its first measurement: its trend is drawn."""
    open_run(size)
    by_hand("mousemove", "500", "336", "click", "1")
    time.sleep(2.0)


def show_push(size: tuple[int, int]) -> None:
    """Press Push… on the Unit record page."""
    by_hand("mousemove", str(size[0] - 162), "84", "click", "1")
    time.sleep(2.0)


def push_to_nobody(client: Client, _: subprocess.Popen[str]) -> None:
    """Push the record to a server that does not answer: all of it waits."""
    settings = {"url": "http://127.0.0.1:9", "api_key": "vd_user_0123456789_" + "0" * 64, "is_on": True}
    client.ask("PATCH", "/record/push", settings)
    client.ask("POST", "/record/push/earlier", {})


def push_no_more(client: Client, _: subprocess.Popen[str]) -> None:
    """Stop pushing it."""
    client.ask("PATCH", "/record/push", {"is_on": False})


def open_form(size: tuple[int, int]) -> None:
    """Press the button of the temperature's card on the Live page: the form opens on the Jobs page."""
    by_hand("mousemove", str(size[0] - 88), "358", "click", "1")
    time.sleep(3.0)


def show_limits(_: tuple[int, int]) -> None:
    """Turn to the limits of the Alarms page."""
    by_hand("mousemove", "329", "129", "click", "1")
    time.sleep(2.0)


def show_run(size: tuple[int, int]) -> None:
    """Turn to the run on the Profiles page; the tabs are in its middle."""
    by_hand("mousemove", "645", str(392 + (size[1] - 640) * 49 // 100), "click", "1")
    time.sleep(1.0)


def run_profile(client: Client, _: subprocess.Popen[str]) -> None:
    """Run an example: the Profiles page turns to how it goes on."""
    client.ask("POST", "/experiment_profiles/runs", {"profile": "batch_growth.yaml"})


def stop_profile(client: Client, _: subprocess.Popen[str]) -> None:
    """End what goes on of it, and the experiment that it made."""
    client.ask("POST", "/jobs/stop/all", {})


def break_thermometer(client: Client, _: subprocess.Popen[str]) -> None:
    """Let the heater board's thermometer fail: the board latches a fault, which is an alarm."""
    client.ask("POST", "/board/simulation", {"command": "sensor-missing"})


def mend_thermometer(client: Client, _: subprocess.Popen[str]) -> None:
    """Mend it, have the board forget the fault, wake the job that fell asleep, and say that the alarm was seen."""
    client.ask("POST", "/board/simulation", {"command": "heal"})
    client.ask("POST", "/board/clear_faults", {})
    client.ask("PATCH", "/jobs/settings/job_name/temperature_automation", {"settings": {"$state": "ready"}})
    client.ask("POST", "/alarms/acknowledge", {})


EMPTY = (
    Scene("alarms-empty", "alarms"),
    Scene("live-empty", "live"),
    Scene("jobs-empty", "jobs"),
    Scene("calibrations-empty", "calibrations"),
    Scene("plugins-empty", "plugins"),
    Scene("profiles-empty", "profiles"),
    Scene("plugins-install", "plugins", act=ask_what_to_install),
    Scene("plugins-install-log", "plugins", act=install_from_nowhere),
    Scene("data-folder", "data"),
    Scene("experiments-empty", "experiments"),
    Scene("record-empty", "record"),
    Scene("jobs-form", "live", act=open_form),
    Scene("profiles-run", "profiles", run_profile, stop_profile, show_run),
)
GUIDED = (
    Scene("calibrate-choose", "calibrations", act=choose_calibration),
    Scene("calibrate-error", "calibrations", act=type_wrong_volumes),
    Scene("calibrate-action", "calibrations", act=fill_tubing, mend=stop_everything),
    Scene("calibrate-result", "calibrations", act=calibrate_stirrer),
)
PAST = (
    Scene("experiments", "experiments"),
    Scene("experiments-compare", "experiments", act=compare_experiments),
    Scene("experiments-export", "experiments", act=ask_what_to_export),
    Scene("experiments-service-silent", "experiments", hang, wake),
    Scene("record", "record"),
    Scene("record-run", "record", act=open_run),
    Scene("record-trend", "record", act=show_trend),
    Scene("record-service-silent", "record", hang, wake),
    Scene("record-push", "record", push_to_nobody, push_no_more, show_push),
)
BUSY = (
    Scene("live", "live"),
    Scene("jobs", "jobs"),
    Scene("calibrations", "calibrations"),
    Scene("plugins", "plugins"),
    Scene("system", "system"),
    Scene("log", "log"),
    Scene("alarms", "alarms", break_thermometer, mend_thermometer),
    Scene("alarms-limits", "alarms", act=show_limits),
    Scene("live-alarm", "live", break_thermometer, mend_thermometer),
    Scene("live-board-lost", "live", unplug, replug),
    Scene("jobs-board-lost", "jobs", unplug, replug),
    Scene("live-service-silent", "live", hang, wake),
    Scene("system-service-silent", "system", hang, wake),
    Scene("calibrations-service-silent", "calibrations", hang, wake),
    Scene("plugins-service-silent", "plugins", hang, wake),
    Scene("data-folder-service-silent", "data", hang, wake),
    Scene("profiles", "profiles"),
    Scene("log-service-silent", "log", hang, wake),
)


def main(names: list[str]) -> int:
    """Take the pictures named, or all."""
    application = QGuiApplication.instance() or QGuiApplication([])
    assert isinstance(application, QGuiApplication)
    FOLDER.mkdir(exist_ok=True)
    for scenes, arguments in (
        (EMPTY, ()),
        (GUIDED, ("--speed", GUIDED_SPEED)),
        (PAST, ()),
        (BUSY, ("--speed", SPEED)),
    ):
        wanted = [scene for scene in scenes if not names or scene.name in names]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="vialdesk-pictures-") as data, ExitStack() as stack:
            if scenes is PAST:
                keep_past(Path(data))
            process, client = stack.enter_context(service(*arguments, data=data))
            if scenes is PAST:
                known = client.wait_until("/record", lambda record: record["is_own_recorded"])
                write_record(client.address, known["own_serial_number"])
            if scenes is BUSY:
                _calibrate(client)
                install_plugins(client)
                grow(client)
            for scene in wanted:
                for theme in THEMES:
                    for size in SIZES:
                        _take(scene, theme, size, process, client)
    return 0


def _take(scene: Scene, theme: str, size: tuple[int, int], process: subprocess.Popen[str], client: Client) -> None:
    look = ("--theme", theme, "--page", scene.page, "--size", f"{size[0]}x{size[1]}")
    target = FOLDER / f"{scene.name}-{theme}-{size[0]}x{size[1]}.png"
    with tempfile.TemporaryDirectory() as settings:
        window = subprocess.Popen(
            [sys.executable, "-m", "gui.main", "--attach", client.address, *look],
            env={**os.environ, "VIALDESK_SETTINGS_DIR": settings},
        )
        try:
            _wait_for_window()
            time.sleep(BUSY_SETTLE_S if scene in BUSY else SETTLE_S)
            if scene.act is not None:
                scene.act(size)
            if scene.upset is not None:
                scene.upset(client, process)
                time.sleep(UPSET_S)
            _grab(size, target)
        finally:
            if scene.mend is not None:
                scene.mend(client, process)
            window.terminate()
            window.wait(timeout=30)
    print(target, flush=True)


def _calibrate(client: Client) -> None:
    """Keep calibrations as a unit of some months has them, active ones and others."""
    for data, is_active in CALIBRATIONS:
        device = DEVICES[data["calibration_type"]]
        status, answer = client.ask(
            "POST", f"/calibrations/{device}", {"calibration_data": data, "set_as_active": is_active}
        )
        assert status == 200, answer


def _wait_for_window() -> None:
    """Return when the screen shows something: a virtual screen is black without a window."""
    deadline = time.monotonic() + WINDOW_WITHIN_S
    while not _is_lit():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not appear")
        time.sleep(0.1)


def _is_lit() -> bool:
    pixel = QGuiApplication.primaryScreen().grabWindow(0, 100, 100, 1, 1).toImage().pixelColor(0, 0)
    return pixel != QColor("black")


def _grab(size: tuple[int, int], target: Path) -> None:
    """Save the window's part of the screen; without a window manager that is its top left corner."""
    QGuiApplication.primaryScreen().grabWindow(0, 0, 0, *size).save(str(target))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
