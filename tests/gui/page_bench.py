"""A page on a service, real or stand-in: the unit follows the event stream, toasts can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from loop_driver import LoopDriver
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from gui import background
from gui.event_stream import EventStream
from gui.pages import PageFactory
from gui.service_client import ServiceClient
from gui.toast import Toaster
from gui.unit import Unit

Page = TypeVar("Page", bound=QWidget)
Dialog = TypeVar("Dialog", bound=QDialog)


class PageBench:
    """One page in a window of its own."""

    def __init__(self, driver: LoopDriver, url: str, make: PageFactory) -> None:
        self.driver = driver
        self.unit, self.client = Unit(), ServiceClient(url)
        self.window = QWidget()
        self.toaster = Toaster(self.window)
        self.page: Any = make(self.unit, self.client, self.window)
        column = QVBoxLayout(self.window)
        for widget in (*getattr(self.page, "page_actions", list)(), self.page):
            column.addWidget(widget)
        self.window.resize(1000, 700)
        self.window.show()
        self._stream: Any = None

    def follow(self) -> None:
        """Follow the service's events, and wait until the window is live."""
        self._stream = background.run(EventStream(self.client, self.unit).run(), self.window)
        self.until(lambda: self.unit.service.is_live, "the window is live")

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        self.driver.until(condition, what)

    def ask(self, method: str, path: str, *body: Any) -> Any:
        """Ask the service as another client would."""
        return self.driver.run(getattr(self.client, method)(f"/unit_api{path}", *body))

    def dialog(self, kind: type[Dialog]) -> Dialog:
        """Return the open dialog of that kind."""

        def shown() -> list[Dialog]:
            return [one for one in self.page.findChildren(kind) if one.isVisible()]

        self.until(shown, f"{kind.__name__} is open")
        [dialog] = shown()
        return dialog

    def toasts(self) -> str:
        return " | ".join(toast.accessibleName() for toast in self.toaster.toasts())

    def close(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
        self.driver.turn()
        self.driver.run(self.client.close())
        self.window.deleteLater()
        self.unit.deleteLater()
