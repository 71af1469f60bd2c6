"""A whole window, and the service that it starts for itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from loop_driver import LoopDriver
from stand_in_service import StandInService

from gui.attachment import Attachment
from gui.crash import Problems
from gui.main_window import MainWindow
from gui.service_host import KnownAddress
from gui.settings import SettingsStore


class OwnHost:
    """The window's own service: starts and stops the stand-in as the child process would be."""

    def __init__(self, service: StandInService) -> None:
        self.service = service
        self.is_ours = False
        self.started: list[tuple[str, str]] = []
        self.board_url = ""
        self.when_window_dies = ""
        self.left_running = False
        self.finds_running = False
        self.failure: Exception | None = None
        self.ended: Callable[[str], None] = print
        self.back: Callable[[Any], None] = print

    async def start(self, board_url: str, when_window_dies: str) -> KnownAddress:
        if self.failure is not None:
            raise self.failure
        self.started.append((board_url, when_window_dies))
        await self.service.start()
        self.is_ours = not self.finds_running
        return KnownAddress(self.service.url, self.finds_running)

    def watch(self, ended: Callable[[str], None], back: Callable[[Any], None]) -> None:
        self.ended, self.back = ended, back

    def choose(self, when_window_dies: str) -> None:
        self.when_window_dies = when_window_dies

    def use_board(self, board_url: str) -> None:
        self.board_url = board_url

    async def restart(self) -> KnownAddress:
        await self.service.stop()
        return await self.start("restarted", "keep")

    async def stop(self) -> None:
        await self.service.stop()
        self.is_ours = False

    async def leave_running(self) -> None:
        self.left_running = True


class Shown:
    """A window on a service, with everything behind it."""

    def __init__(self, driver: LoopDriver, service: StandInService, folder: Path) -> None:
        self.driver = driver
        self.service = service
        self.host = OwnHost(service)
        self.settings = SettingsStore()
        if not self.settings.values.source_kind:
            self.settings.override(source_kind="simulated")
        self.problems = Problems(folder)
        self.attachment = Attachment(lambda: self.host, self.settings)
        self.unit = self.attachment.unit
        self.window = MainWindow(self.attachment, self.settings, self.problems)

    def start(self) -> None:
        """Bring the service up and wait until the window is live."""
        self.driver.run(self.attachment.start())
        self.until_live()

    def until_live(self) -> None:
        self.driver.until(lambda: self.unit.service.is_live and self.service.streams == 1, "the window is live")

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        self.driver.until(condition, what)

    def send(self, name: str, **data: Any) -> None:
        self.service.send(name, **data)

    def toasts(self) -> list[str]:
        return [toast.accessibleName() for toast in self.window.toaster.toasts()]

    def close(self) -> None:
        self.driver.run(self.attachment.leave(stop=True))
        self.window.close_for_good()
        self.window.deleteLater()
        self.attachment.deleteLater()
        self.problems.deleteLater()
