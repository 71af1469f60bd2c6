"""Experiments from the window: create, notes, end."""

from __future__ import annotations

from typing import TypeVar

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from shown_window import Shown
from stand_in_service import refusal, row, snapshot

from gui.experiment_dialogs import EndExperimentDialog, NewExperimentDialog, NotesDialog, name_fault

EXPERIMENTS = "/unit_api/experiments"
Kind = TypeVar("Kind", bound=QDialog)


def opened(shown: Shown, key: str, kind: type[Kind]) -> Kind:
    shown.window.actions_by_key[key].trigger()
    dialog = shown.window.findChild(kind)
    assert dialog is not None
    return dialog


def test_a_new_experiment_ends_the_active_one_and_is_created(shown: Shown, qtbot: QtBot) -> None:
    shown.service.answer(f"POST {EXPERIMENTS}", 201, {})
    shown.service.answer(f"POST {EXPERIMENTS}/exp%20one/end", 200, {})
    shown.start()
    dialog = opened(shown, "new_experiment", NewExperimentDialog)
    assert not dialog.act_button.isEnabled()
    qtbot.keyClicks(dialog.name, "yeast 2")
    dialog.notes.setPlainText("S288C")
    with qtbot.waitSignal(dialog.accepted):
        dialog.act_button.click()
    assert shown.service.asked("POST", f"{EXPERIMENTS}/exp%20one/end") == [{"stop_jobs": False}]
    assert shown.service.asked("POST", EXPERIMENTS) == [{"experiment": "yeast 2", "description": "S288C"}]


def test_what_the_service_refuses_is_told_in_the_dialog(shown: Shown, qtbot: QtBot) -> None:
    shown.service.snapshot = snapshot(experiment=None)
    shown.service.answer(f"POST {EXPERIMENTS}", *refusal(409, "There is one of that name.", remedy="Take another."))
    shown.start()
    dialog = opened(shown, "new_experiment", NewExperimentDialog)
    qtbot.keyClicks(dialog.name, "exp one")
    dialog.act_button.click()
    shown.until(lambda: dialog.trouble.text() == "There is one of that name. Take another.", "told")
    assert dialog.isVisible()
    assert dialog.act_button.isEnabled()


@pytest.mark.parametrize(
    ("name", "fault"),
    [("", "needed"), ("a/b#c", "# /"), ("x" * 201, "200"), ("yeast 30 ℃", ""), ("a\nb", "not possible")],
)
def test_a_bad_name_is_explained_while_it_is_typed(name: str, fault: str) -> None:
    assert fault in name_fault(name)
    assert bool(fault) is bool(name_fault(name))


def test_notes_are_shown_with_a_new_line_and_kept(shown: Shown, qtbot: QtBot) -> None:
    path = f"{EXPERIMENTS}/exp%20one"
    shown.service.answer(f"GET {path}", 200, {"description": "S288C"})
    shown.service.answer(f"PATCH {path}", 200, {})
    shown.start()
    dialog = opened(shown, "experiment_notes", NotesDialog)
    shown.until(lambda: dialog.act_button.isEnabled(), "loaded")
    assert dialog.notes.toPlainText().startswith("S288C\n")
    dialog.notes.setPlainText("S288C, second day")
    with qtbot.waitSignal(dialog.accepted):
        dialog.act_button.click()
    assert shown.service.asked("PATCH", path) == [{"description": "S288C, second day"}]


@pytest.mark.parametrize("running", [True, False])
def test_ending_names_the_jobs_it_stops(shown: Shown, qtbot: QtBot, running: bool) -> None:
    jobs = [row(1, "monitor", is_long_running_job=1, experiment="$experiment"), row(2, "stirring")]
    shown.service.snapshot = snapshot(jobs=jobs if running else jobs[:1])
    shown.service.answer(f"POST {EXPERIMENTS}/exp%20one/end", 200, {})
    shown.start()
    dialog = opened(shown, "end_experiment", EndExperimentDialog)
    assert dialog.stop_jobs.isVisible() is running
    with qtbot.waitSignal(dialog.accepted):
        dialog.act_button.click()
    assert shown.service.asked("POST", f"{EXPERIMENTS}/exp%20one/end") == [{"stop_jobs": running}]


def test_without_an_experiment_notes_say_what_to_do(shown: Shown) -> None:
    shown.service.snapshot = snapshot(experiment=None)
    shown.start()
    shown.window.experiments.ask_notes()
    assert any("No experiment is active" in toast for toast in shown.toasts())
