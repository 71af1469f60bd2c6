"""The pages of the window, as data: a new page is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from gui.service_client import ServiceClient
    from gui.unit import Unit

PageFactory = Callable[["Unit", "ServiceClient", QWidget | None], QWidget]


@dataclass(frozen=True)
class Page:
    """One page of the window.

    Attributes:
        key: its lasting name, used in settings and on the command line.
        title: its word in the rail and above the page.
        icon: name of the icon in `gui.icons`.
        factory: makes the widget when the page is first shown; imports what is heavy only then.
        shortcut: key sequence that shows it.
        hint: one sentence for the tooltip.
        imports: modules the factory needs that take long to import; they are loaded in a thread first.
    """

    key: str
    title: str
    icon: str
    factory: PageFactory
    shortcut: str
    hint: str = ""
    imports: tuple[str, ...] = ()


def _live_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.live.page import LivePage

    return LivePage(unit, client, parent)


def _jobs_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.jobs.page import JobsPage

    return JobsPage(unit, client, parent)


def _calibrations_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.calibrations.page import CalibrationsPage

    return CalibrationsPage(unit, client, parent)


def _log_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.log.page import LogPage

    return LogPage(unit, client, parent)


# In the order of the rail. A page's widget may offer `page_actions() -> list[QWidget]`, shown right of its title.
PAGES: tuple[Page, ...] = (
    Page("live", "Live", "live", _live_page, "Ctrl+1", "The curves, and the values of now", ("numpy", "pyqtgraph")),
    Page("jobs", "Jobs", "jobs", _jobs_page, "Ctrl+2", "What runs, and what can be started"),
    Page(
        "calibrations",
        "Calibrations",
        "calibration",
        _calibrations_page,
        "Ctrl+3",
        "What pumps, stirrer and photodiodes really do",
        ("numpy", "pyqtgraph"),
    ),
    Page("log", "Log", "log", _log_page, "Ctrl+8", "What happened, live and back to the first day"),
)


def page(key: str) -> Page:
    """Return the page named `key`; KeyError names the known ones."""
    for candidate in PAGES:
        if candidate.key == key:
            return candidate
    raise KeyError(f"There is no page {key!r}; known pages: {', '.join(p.key for p in PAGES)}.")
