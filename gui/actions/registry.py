"""The actions and the menus. A new action is one entry here; a menu is a list of keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gui.actions.action_set import SEPARATOR, ActionInfo
from gui.pages import PAGES

if TYPE_CHECKING:
    from gui.main_window import MainWindow


def _show(key: str) -> Callable[[MainWindow], None]:
    return lambda window: window.show_page(key)


def _is_theme(wanted: str) -> Callable[[MainWindow], bool]:
    return lambda window: window.theme_wanted == wanted


_ACTIONS = (
    ActionInfo(
        "stop_all",
        "Stop all",
        lambda window: window.stop_all(),
        "stop",
        ("Ctrl+.", "Ctrl+Shift+S"),
        "Stop every job at once and switch all outputs off. Asks nothing.",
    ),
    ActionInfo(
        "choose_source",
        "Choose board…",
        lambda window: window.choose_source(),
        "board",
        ("Ctrl+B",),
        "A board plugged in here, a simulated one, or a service that runs elsewhere",
    ),
    ActionInfo(
        "restart_service",
        "Restart service",
        lambda window: window.restart_service(),
        "refresh",
        (),
        "Start the service anew; running jobs end, what was recorded stays",
    ),
    ActionInfo(
        "new_experiment",
        "New experiment…",
        lambda window: window.experiments.ask_new(),
        "add",
        ("Ctrl+N",),
        "Name what is about to be measured; readings are kept under that name",
    ),
    ActionInfo(
        "experiment_notes",
        "Notes…",
        lambda window: window.experiments.ask_notes(),
        "note-add",
        ("Ctrl+E",),
        "Read and write the notes of the active experiment",
    ),
    ActionInfo(
        "vial",
        "What is in the vial…",
        lambda window: window.experiments.ask_vial(),
        "dose",
        (),
        "Say how much is in it: another vial, liquid added by hand, or a count that is wrong",
    ),
    ActionInfo(
        "end_experiment",
        "End experiment…",
        lambda window: window.experiments.ask_end(),
        "end",
        (),
        "Close the active experiment; nothing is deleted",
    ),
    ActionInfo(
        "toggle_theme",
        "Switch light and dark",
        lambda window: window.toggle_theme(),
        "theme",
        ("Ctrl+Shift+D",),
    ),
    *(
        ActionInfo(
            f"theme_{wanted}",
            text,
            # The loop's value must be this turn's, hence the default argument.
            lambda window, wanted=wanted: window.choose_theme(wanted),  # type: ignore[misc]
            is_checked=_is_theme(wanted),
        )
        for wanted, text in (("system", "Theme of the system"), ("light", "Light theme"), ("dark", "Dark theme"))
    ),
    ActionInfo(
        "go_on_without_window",
        "Go on if the window crashes",
        lambda window: window.toggle_going_on(),
        hint="Otherwise the service stops everything safely when the window is gone without a word",
        is_checked=lambda window: window.goes_on_without_window,
    ),
    ActionInfo(
        "show_problems", "Problems…", lambda window: window.show_problems(), "warning", (), "Faults of this run"
    ),
    ActionInfo("show_shortcuts", "Keyboard shortcuts", lambda window: window.show_shortcuts(), "help", ("F1",)),
    ActionInfo("quit", "Quit", lambda window: window.close(), "quit", ("Ctrl+Q",)),
    *(
        ActionInfo(f"page_{page.key}", page.title, _show(page.key), page.icon, (page.shortcut,), page.hint)
        for page in PAGES
    ),
)

ACTIONS: dict[str, ActionInfo] = {action.key: action for action in _ACTIONS}

EXPERIMENT_MENU = ("new_experiment", "experiment_notes", "vial", SEPARATOR, "end_experiment")
CONNECTION_MENU = ("choose_source", "restart_service")
MAIN_MENU = (
    "choose_source",
    "restart_service",
    SEPARATOR,
    "new_experiment",
    "experiment_notes",
    "vial",
    "end_experiment",
    SEPARATOR,
    "theme_system",
    "theme_light",
    "theme_dark",
    SEPARATOR,
    "go_on_without_window",
    "page_alarms",
    "show_problems",
    "show_shortcuts",
    SEPARATOR,
    "quit",
)
