"""Starting the program: without a display, as a real window on a real service, and on a Qt that counts right."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from real_service import RealService

from gui.attachment import Attachment
from gui.service_host import RunningService
from gui.settings import SettingsStore


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, "-m", "gui.main", *arguments],
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_without_a_display_it_says_so_and_what_to_do() -> None:
    ended = run(QT_QPA_PLATFORM="")
    assert ended.returncode == 7, "its own code: the service has others"
    assert ended.stderr.splitlines()[0] == "vialdesk: there is no display to open a window on."
    assert "vialdesk serve --simulate" in ended.stderr
    assert ended.stdout == ""


def test_commands_without_a_window_never_load_qt() -> None:
    program = (
        "import sys; from gui.main import main\n"
        "try: main(['boards'])\n"
        "finally: print('QT', [name for name in sys.modules if name.startswith(('PySide6', 'qasync'))])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "QT []" in ended.stdout, ended.stderr


@pytest.mark.parametrize(
    "arguments", [("--size", "wide"), ("--theme", "pink"), ("--nonsense",), ("--attach", "unit7"), ("--speed", "60")]
)
def test_a_wrong_option_is_refused(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2


def test_the_whole_window_starts_on_its_own_service_and_ends_clean(tmp_path: Path) -> None:
    """Starts `vialdesk --simulate` as a process, waits for its service, and ends it as a closing desktop does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gui.main", "--simulate", "--data", str(tmp_path / "data"), "--page", "log"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "VIALDESK_SETTINGS_DIR": str(tmp_path / "settings")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address_file = tmp_path / "data" / "service.json"
    try:
        while '"url": "http' not in _read(address_file):
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"It ended by itself with {process.wait(0.05)}.")
    finally:
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    complaints = [line for line in err.splitlines() if "propagateSizeHints" not in line]
    assert (out, complaints) == ("", [])
    assert not address_file.exists(), "the service was brought down"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def test_the_window_is_live_on_the_real_service_and_stops_what_it_started(
    driver: LoopDriver, own_service: RealService
) -> None:
    store = SettingsStore()
    store.override(source_kind="service", source_url=own_service.url)
    attachment = Attachment(lambda: RunningService(own_service.url), store)
    unit = attachment.unit
    driver.run(attachment.start())
    driver.until(lambda: unit.service.is_live and unit.board.get("state") == "connected", "live")
    result = driver.run(attachment.client.run_task("/unit_api/jobs/run/job_name/stirring", {}))
    assert result["job_name"] == "stirring"
    driver.until(lambda: unit.is_running("stirring"), "the stream tells of the job")
    driver.until(lambda: "target_rpm" in unit.settings.get("stirring", {}), "and of its settings")
    assert driver.run(attachment.stop_all()) == ["stirring"]
    driver.until(lambda: not unit.is_running("stirring"), "the stream tells of its end")
    driver.run(attachment.leave(stop=True))
    attachment.deleteLater()


def test_qt_keeps_count_of_none(qtbot: QtBot) -> None:
    """A Qt that loses a reference to None per call aborts after some thousand calls on Python before 3.12."""
    del qtbot
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(2000):
        thing.setObjectName("x")
    assert sys.getrefcount(None) > before - 500
