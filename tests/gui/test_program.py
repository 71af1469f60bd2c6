"""The program around the window: the first start, closing while jobs run, the way out, what the command line says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loop_driver import LoopDriver
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from shown_window import OwnHost
from stand_in_service import T0, StandInService, alarm_item, row, snapshot

from gui.app import Program, Start
from gui.closing import ClosingDialog
from gui.settings import SettingsStore
from gui.source_dialog import SourceDialog

STOP_ALL = "/unit_api/jobs/stop/all"


class Running:
    def __init__(self, driver: LoopDriver, qapp: QApplication, service: StandInService) -> None:
        self.driver = driver
        self.qapp = qapp
        self.service = service
        self.host = OwnHost(service)
        self.program: Program | None = None

    def run(self, start: Start) -> Program:
        """Start the program and return when its window is live."""
        self.program = Program(self.qapp, lambda: self.host, start)
        self.task = self.driver.loop.create_task(self.program.run())
        self.driver.until(lambda: self.service.streams == 1 and self.unit.service.is_live, "live")
        return self.program

    @property
    def unit(self) -> object:
        assert self.program is not None
        return self.program.attachment.unit

    def until_over(self) -> None:
        self.driver.run(self.task)

    def closing_dialog(self) -> ClosingDialog:
        assert self.program is not None
        dialog = self.program.window.findChild(ClosingDialog)
        assert dialog is not None
        return dialog


@pytest.fixture
def running(
    driver: LoopDriver, qapp: QApplication, service_not_started: StandInService, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    one = Running(driver, qapp, service_not_started)
    yield one
    if one.program is not None:
        if not one.task.done():
            one.program.end()
            one.until_over()
        one.program.window.deleteLater()
        one.program.deleteLater()


def busy(service: StandInService) -> None:
    service.snapshot = snapshot(
        jobs=[row(1, "monitor", is_long_running_job=1), row(2, "stirring"), row(3, "od_reading")]
    )


def test_the_first_start_asks_what_to_work_with(running: Running) -> None:
    program = running.run(Start())
    assert program.window.findChild(SourceDialog) is not None
    assert running.host.started == [("", "keep")], "the service runs already, to look for boards"


def test_a_service_that_has_a_board_already_is_taken_as_it_is(running: Running) -> None:
    running.service.snapshot["board"]["url"] = "/dev/ttyACM0"
    running.host.finds_running = True
    program = running.run(Start())
    assert program.window.findChild(SourceDialog) is None


def test_simulate_asks_nothing_and_is_not_remembered(running: Running) -> None:
    program = running.run(Start(simulate=True))
    assert program.window.findChild(SourceDialog) is None
    assert running.host.started == [("simulated:", "keep")]
    running.program.end()  # type: ignore[union-attr]
    running.until_over()
    assert SettingsStore().values.source_kind == ""


def test_a_remembered_board_is_used(running: Running) -> None:
    SettingsStore().change(source_kind="board", source_url="/dev/ttyACM0")
    running.run(Start())
    assert running.host.started == [("/dev/ttyACM0", "keep")]


def test_attach_uses_that_service_and_closing_leaves_it(running: Running) -> None:
    busy(running.service)
    running.driver.run(running.service.start())
    program = running.run(Start(attach=running.service.url, token="t"))
    assert running.host.started == []
    assert any(headers.get("authorization") == "Bearer t" for headers in running.service.headers)
    program.window.close()
    running.until_over()
    assert running.service.asked("POST", STOP_ALL) == []


def test_closing_with_nothing_running_ends_the_service(running: Running) -> None:
    running.run(Start(simulate=True)).window.close()
    running.until_over()
    assert not running.host.is_ours


def test_closing_while_jobs_run_asks_and_cancel_stays(running: Running) -> None:
    busy(running.service)
    program = running.run(Start(simulate=True))
    program.window.close()
    dialog = running.closing_dialog()
    assert dialog.stop_button.text() == "Stop 2 jobs and quit"
    dialog.cancel_button.click()
    running.driver.turn()
    assert program.window.isVisible()
    assert running.host.is_ours


def test_closing_can_stop_everything_safely_first(running: Running) -> None:
    busy(running.service)
    running.service.answer_task(STOP_ALL, {"stopped": [{"job_id": 2, "job_name": "stirring"}], "still_running": []})
    running.run(Start(simulate=True)).window.close()
    running.closing_dialog().stop_button.click()
    running.until_over()
    assert running.service.asked("POST", STOP_ALL) == [{}]
    assert not running.host.is_ours


def test_when_stopping_fails_the_window_stays_and_says_so(running: Running) -> None:
    busy(running.service)
    still = [{"job_id": 2, "job_name": "stirring"}]
    running.service.answer_task(STOP_ALL, {"stopped": [], "still_running": still})
    program = running.run(Start(simulate=True))
    program.window.close()
    running.closing_dialog().stop_button.click()
    running.driver.until(lambda: program.window.toaster.toasts(), "told")
    assert program.window.isVisible()
    assert not running.task.done()


def test_jobs_can_go_on_without_a_window(running: Running) -> None:
    busy(running.service)
    running.run(Start(simulate=True)).window.close()
    running.closing_dialog().keep_button.click()
    running.until_over()
    assert running.host.left_running
    assert running.host.is_ours, "it was not stopped"


def test_with_a_tray_the_window_hides_and_comes_back(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    busy(running.service)
    program = running.run(Start(simulate=True))
    program.window.close()
    running.closing_dialog().keep_button.click()
    tray = program.findChild(QSystemTrayIcon)
    assert tray is not None
    assert not program.window.isVisible()
    assert running.host.is_ours
    tray.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    assert program.window.isVisible()
    assert not running.task.done()


def test_the_system_tells_of_an_alarm_as_long_as_it_waits(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _, title, text, *__: shown.append((title, text)))
    program = running.run(Start(simulate=True))
    assert program.findChild(QSystemTrayIcon) is None, "there is no reason for an icon yet"
    running.service.send("alarm", **alarm_item(1, "Too hot."))
    running.driver.until(lambda: shown, "the notification")
    assert shown[0][0] == "Vialdesk: 1 alarm"
    assert shown[0][1].startswith("Too hot.")
    tray = program.findChild(QSystemTrayIcon)
    assert tray is not None
    assert tray.isVisible()
    running.service.send("alarm", **alarm_item(1, "Too hot.", acknowledged_at=T0))
    running.driver.until(lambda: not tray.isVisible(), "nothing waits any more")


def test_a_service_found_running_is_asked_about_too_and_left(running: Running) -> None:
    busy(running.service)
    running.host.finds_running = True
    program = running.run(Start(simulate=True))
    assert any("already running here" in toast.accessibleName() for toast in program.window.toaster.toasts())
    program.window.close()
    running.closing_dialog().keep_button.click()
    running.until_over()
    assert running.service.asked("POST", STOP_ALL) == []


def test_the_end_of_the_computers_day_asks_nothing(running: Running) -> None:
    busy(running.service)
    program = running.run(Start(simulate=True))
    program.end()
    program.end()
    running.until_over()
    assert not running.host.is_ours


def test_theme_page_and_size_of_the_command_line_hold_for_this_run(running: Running) -> None:
    program = running.run(Start(simulate=True, theme="dark", page="log", size_px=(1100, 700)))
    assert program.window.theme_wanted == "dark"
    assert program.window.rail.button("log").isChecked()
    assert (program.window.width(), program.window.height()) == (1100, 700)


def test_a_broken_settings_file_is_told_and_does_not_stop_the_start(running: Running, fresh_settings: object) -> None:
    from pathlib import Path

    folder = Path(str(fresh_settings))
    folder.mkdir()
    (folder / "settings.json").write_text("{")
    program = running.run(Start(simulate=True))
    assert any("A setting could not be read" in toast.accessibleName() for toast in program.window.toaster.toasts())
