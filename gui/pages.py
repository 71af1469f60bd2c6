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
        part_of: key of the page whose button in the rail leads to it; empty when it has its own.
        imports: modules the factory needs that take long to import; they are loaded in a thread first.
    """

    key: str
    title: str
    icon: str
    factory: PageFactory
    shortcut: str
    hint: str = ""
    imports: tuple[str, ...] = ()
    part_of: str = ""


def _live_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.live.page import LivePage

    return LivePage(unit, client, parent)


def _jobs_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.jobs.page import JobsPage

    return JobsPage(unit, client, parent)


def _calibrations_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.calibrations.page import CalibrationsPage

    return CalibrationsPage(unit, client, parent)


def _experiments_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.experiments.page import ExperimentsPage

    return ExperimentsPage(unit, client, parent)


def _plugins_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.plugins.page import PluginsPage

    return PluginsPage(unit, client, parent)


def _system_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.system.page import SystemPage

    return SystemPage(unit, client, parent)


def _data_folder_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.data_folder.page import DataFolderPage

    return DataFolderPage(unit, client, parent)


def _record_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.record.page import RecordPage

    return RecordPage(unit, client, parent)


def _log_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.log.page import LogPage

    return LogPage(unit, client, parent)


def _profiles_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.profiles.page import ProfilesPage

    return ProfilesPage(unit, client, parent)


def _alarms_page(unit: Unit, client: ServiceClient, parent: QWidget | None) -> QWidget:
    from gui.alarms.page import AlarmsPage

    return AlarmsPage(unit, client, parent)


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
    Page(
        "experiments",
        "Experiments",
        "experiment",
        _experiments_page,
        "Ctrl+4",
        "What was done, in detail and side by side",
        ("numpy", "pyqtgraph"),
    ),
    Page(
        "profiles",
        "Experiment profiles",
        "profile",
        _profiles_page,
        "Ctrl+P",
        "What jobs do when: written, rehearsed, run",
        ("numpy", "pyqtgraph"),
        part_of="experiments",
    ),
    Page("plugins", "Plugins", "plugin", _plugins_page, "Ctrl+5", "What is added to this unit, by whom"),
    Page("system", "System", "system", _system_page, "Ctrl+6", "Board, link, storage, backup, clock, updates, power"),
    Page(
        "record",
        "Unit record",
        "record",
        _record_page,
        "Ctrl+7",
        "What this unit is made of, and how its tests went",
        ("numpy", "pyqtgraph"),
    ),
    Page("data", "Data folder", "folder", _data_folder_page, "Ctrl+D", "The unit's files", part_of="system"),
    Page(
        "alarms",
        "Alarms",
        "alarm",
        _alarms_page,
        "Ctrl+Shift+A",
        "What needs a person, what did, and the limits that tell",
        part_of="log",
    ),
    Page("log", "Log", "log", _log_page, "Ctrl+8", "What happened, live and back to the first day"),
)


def page(key: str) -> Page:
    """Return the page named `key`; KeyError names the known ones."""
    for candidate in PAGES:
        if candidate.key == key:
            return candidate
    raise KeyError(f"There is no page {key!r}; known pages: {', '.join(p.key for p in PAGES)}.")
