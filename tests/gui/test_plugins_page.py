"""The Plugins page on the real service: installing, reading and uninstalling; and its other faces."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService, log_item, refusal

from gui.plugins.dialogs import UninstallDialog
from gui.plugins.install_dialog import InstallDialog, name_of_source
from gui.plugins.page import PluginsPage
from gui.plugins.plugin import read_plugins
from gui.system.operations import OperationDialog
from gui.widgets.text_dialog import TextDialog

DEMO = '''\
"""Blinks."""

__plugin_name__ = "demo-plugin"
__plugin_version__ = "0.2.0"
__plugin_author__ = "Lab B"
'''
INSTALL = "POST /unit_api/plugins/install"


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService) -> Iterator[PageBench]:
    incoming = own_service.data / "incoming"
    incoming.mkdir(exist_ok=True)
    (incoming / "demo_plugin.py").write_text(DEMO)
    (incoming / "broken.py").write_text("import nothing_like_this\n")
    one = PageBench(driver, own_service.url, PluginsPage)
    one.follow()
    one.until(lambda: one.page.place.empty.headline == "No plug-in installed", "nothing is installed")
    yield one
    for plugin in one.ask("get", "/plugins/installed"):
        driver.run(one.client.run_task("/unit_api/plugins/uninstall", {"args": [plugin["name"]]}))
    one.close()


@pytest.fixture
def alone(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    one = PageBench(driver, service.url, PluginsPage)
    yield one
    one.close()


def install(bench: PageBench, file_name: str, qtbot: QtBot) -> InstallDialog:
    """Install a file by the dialog, as a user does; return the dialog when it is over."""
    bench.page.install_button.click()
    dialog = bench.dialog(InstallDialog)
    bench.until(lambda: dialog.source.count() == 2, "the files are found")
    dialog.by_source.setChecked(True)
    dialog.source.setCurrentIndex(dialog.source.findText(f"incoming/{file_name}"))
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.result_words.text() or dialog.trouble.isVisible(), "the task is over")
    return dialog


def test_a_file_is_installed_with_its_log_read_and_uninstalled(
    bench: PageBench, own_service: RealService, qtbot: QtBot
) -> None:
    dialog = install(bench, "demo_plugin.py", qtbot)
    assert dialog.result_words.text().startswith("demo-plugin 0.2.0 is installed.")
    bench.until(lambda: "Installing demo_plugin.py." in dialog.log.toPlainText(), "the log is shown")
    dialog.reject()
    bench.until(lambda: bench.page.cards and bench.page.cards[0].plugin.state == "loaded", "listed and loaded")
    [card] = bench.page.cards
    assert (card.plugin.name, card.plugin.version, card.plugin.author) == ("demo-plugin", "0.2.0", "Lab B")
    assert card.state.word == "Loaded"

    qtbot.mouseClick(card.source_button, Qt.MouseButton.LeftButton)
    source = bench.dialog(TextDialog)
    assert source.text.toPlainText() == DEMO
    source.accept()

    qtbot.mouseClick(card.uninstall_button, Qt.MouseButton.LeftButton)
    question = bench.dialog(UninstallDialog)
    assert any("plugins/demo_plugin.py is deleted" in label.text() for label in question.findChildren(QLabel))
    assert question.cancel_button.isDefault()
    qtbot.mouseClick(question.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: "demo-plugin is uninstalled." in question.result_words.text(), "uninstalled")
    question.reject()
    bench.until(lambda: not bench.page.cards, "gone from the page")
    assert not (own_service.data / "plugins" / "demo_plugin.py").exists()


def test_one_that_cannot_be_loaded_says_why(bench: PageBench, qtbot: QtBot) -> None:
    install(bench, "broken.py", qtbot).reject()
    bench.until(lambda: bench.page.cards and bench.page.cards[0].plugin.state == "failed", "listed")
    [card] = bench.page.cards
    assert card.state.word == "Not working"
    assert "nothing_like_this" in card.trouble.text()
    assert card.trouble.isVisible()


def test_a_name_is_looked_at_before_the_service_is_asked(bench: PageBench, qtbot: QtBot) -> None:
    bench.page.install_button.click()
    dialog = bench.dialog(InstallDialog)
    assert not dialog.act_button.isEnabled()
    qtbot.keyClicks(dialog.name, "http://x")
    assert not dialog.act_button.isEnabled()
    assert "letters, digits" in dialog.trouble.text()
    dialog.name.setText("demo-plugin==1.2")
    assert dialog.act_button.isEnabled()
    assert not dialog.trouble.isVisible()
    dialog.reject()


def test_an_index_is_looked_at_and_sent_along(alone: PageBench, service: StandInService, qtbot: QtBot) -> None:
    listed(service)
    service.answer_task(INSTALL.removeprefix("POST "), {"name": "demo-plugin", "version": "2.0"})
    alone.follow()
    alone.until(lambda: alone.page.install_button.isEnabled())
    alone.page.install_button.click()
    dialog = alone.dialog(InstallDialog)
    dialog.name.setText("demo-plugin")
    for wrong in ("pypi.org", "ftp://x", "https://me:pw@x/simple", "https://x/?a", "https://"):
        dialog.index.setText(wrong)
        assert not dialog.act_button.isEnabled(), wrong
        assert "without a password" in dialog.trouble.text()
    dialog.index.setText("https://lab.example/simple")
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(lambda: dialog.result_words.text() == "demo-plugin 2.0 is installed.", "installed")
    body = {"args": ["demo-plugin"], "options": {"index_url": "https://lab.example/simple"}}
    assert service.asked(*INSTALL.split()) == [body]
    dialog.reject()


def test_a_file_of_this_computer_is_sent_and_installed(
    bench: PageBench, own_service: RealService, qtbot: QtBot, tmp_path: Path
) -> None:
    here = tmp_path / "from_here.py"
    here.write_text(DEMO.replace("demo-plugin", "from-here"))
    bench.page.install_button.click()
    dialog = bench.dialog(InstallDialog)
    dialog.by_upload.setChecked(True)
    assert not dialog.act_button.isEnabled()
    qtbot.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    chooser = dialog.files.dialog
    assert chooser is not None
    chooser.close()
    dialog.choose(here)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.result_words.text() or dialog.trouble.isVisible(), "the task is over")
    assert dialog.result_words.text() == "from-here 0.2.0 is installed."
    assert (own_service.data / "incoming" / "from_here.py").read_text() == here.read_text()
    dialog.reject()
    (own_service.data / "incoming" / "from_here.py").unlink()


def test_folders_of_packages_are_offered(bench: PageBench, own_service: RealService) -> None:
    tree = own_service.data / "incoming" / "tree"
    (tree / "nothing").mkdir(parents=True)
    (tree / "pyproject.toml").write_text("")
    (own_service.data / "incoming" / "notes").mkdir()
    bench.page.install_button.click()
    dialog = bench.dialog(InstallDialog)
    bench.until(lambda: dialog.source.count() == 3, "found")
    shown = [(dialog.source.itemText(row), dialog.source.itemData(row)) for row in range(3)]
    assert shown[2] == ("incoming/tree (folder)", "incoming/tree")
    dialog.reject()
    shutil.rmtree(tree)


def test_a_restart_is_offered_for_what_an_uninstalled_one_left_behind(bench: PageBench, qtbot: QtBot) -> None:
    install(bench, "demo_plugin.py", qtbot).reject()
    bench.until(lambda: bench.page.cards and bench.page.cards[0].plugin.state == "loaded", "listed and loaded")
    assert not bench.page.restart_hint.isVisible()
    qtbot.mouseClick(bench.page.cards[0].uninstall_button, Qt.MouseButton.LeftButton)
    question = bench.dialog(UninstallDialog)
    qtbot.mouseClick(question.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: question.result_words.text(), "uninstalled")
    question.reject()
    bench.until(lambda: not bench.page.place.has_content, "nothing is left")
    assert bench.page.restart_hint.isVisible()
    qtbot.mouseClick(bench.page.restart_button, Qt.MouseButton.LeftButton)
    restart = bench.dialog(OperationDialog)
    qtbot.mouseClick(restart.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: restart.result_words.text() or restart.trouble.isVisible(), "over")
    restart.reject()
    bench.until(lambda: not bench.page.restart_hint.isVisible(), "all that runs is installed")


def test_what_somebody_else_installs_appears_by_itself(bench: PageBench) -> None:
    body = {"args": ["demo_plugin"], "options": {"source": "incoming/demo_plugin.py"}}
    bench.driver.run(bench.client.run_task("/unit_api/plugins/install", body))
    bench.until(lambda: bench.page.cards and bench.page.cards[0].plugin.state == "loaded", "shown")


def test_what_the_service_refuses_is_told_in_the_dialog(
    bench: PageBench, own_service: RealService, qtbot: QtBot
) -> None:
    flag = own_service.data / "DISALLOW_UI_INSTALLS"
    flag.touch()
    try:
        dialog = install(bench, "demo_plugin.py", qtbot)
    finally:
        flag.unlink()
    assert dialog.trouble.isVisible()
    assert dialog.act_button.isEnabled()
    dialog.reject()
    assert bench.ask("get", "/plugins/installed") == []


def listed(service: StandInService, *plugins: dict[str, Any]) -> None:
    service.answer("GET /unit_api/plugins/installed", 200, list(plugins))


def test_an_installation_is_followed_by_its_log_and_can_be_cancelled(
    alone: PageBench, service: StandInService, qtbot: QtBot
) -> None:
    listed(service)
    service.answer(INSTALL, 202, {"task_id": "t", "result_url_path": "/unit_api/task_results/t", "status": "accepted"})
    service.answer("GET /unit_api/task_results/t", 202, {"status": "running"})
    alone.follow()
    alone.until(lambda: alone.page.install_button.isEnabled())
    alone.page.install_button.click()
    dialog = alone.dialog(InstallDialog)
    dialog.name.setText("demo-plugin")
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(dialog.progress.cancel_button.isVisible, "can be cancelled")
    service.send("log", **log_item(7, "Collecting demo-plugin", source="plugins"))
    service.send("log", **log_item(8, "something else"))
    alone.until(lambda: dialog.log.toPlainText(), "its log, and no other's, is shown")
    assert dialog.log.toPlainText() == "Collecting demo-plugin"

    def cancel(body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        failed = {
            "status": "failed",
            "error": "Cancelled.",
            "error_info": {"cause": "You cancelled it.", "status": 409},
        }
        service.answer("GET /unit_api/task_results/t", 200, failed)
        return 200, {"status": "success"}

    service.routes["POST /unit_api/task_results/t/cancel"] = cancel
    qtbot.mouseClick(dialog.progress.cancel_button, Qt.MouseButton.LeftButton)
    alone.until(dialog.trouble.isVisible, "told to be cancelled")
    assert "Cancelled." in dialog.trouble.text()
    assert not dialog.progress.isVisible()
    assert dialog.act_button.isEnabled()
    dialog.reject()


def test_a_task_goes_on_when_its_dialog_is_closed_and_is_told_when_over(
    alone: PageBench, service: StandInService, qtbot: QtBot
) -> None:
    listed(service)
    service.answer(INSTALL, 202, {"task_id": "t", "result_url_path": "/unit_api/task_results/t", "status": "accepted"})
    service.answer("GET /unit_api/task_results/t", 202, {"status": "running"})
    alone.follow()
    alone.until(lambda: alone.page.install_button.isEnabled())
    alone.page.install_button.click()
    dialog = alone.dialog(InstallDialog)
    dialog.name.setText("demo-plugin")
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(dialog.progress.cancel_button.isVisible, "accepted")
    dialog.reject()
    result = {"name": "demo-plugin", "version": "1.2", "restart_required": True}
    service.answer("GET /unit_api/task_results/t", 200, {"status": "complete", "result": result})
    alone.until(lambda: "demo-plugin 1.2 is installed. Restart the service" in alone.toasts(), "told")


def test_what_it_adds_and_the_need_to_restart_are_shown(alone: PageBench, service: StandInService) -> None:
    adds = {"jobs": ["blink_led"], "charts": [], "routes": ["state", "reset"]}
    plugin = {"name": "blink", "source": "entry_points", "state": "not loaded", "adds": adds}
    listed(service, plugin | {"restart_required": True, "reason": "It was installed just now."})
    alone.follow()
    alone.until(lambda: alone.page.cards, "listed")
    [card] = alone.page.cards
    assert card.plugin.what_it_adds() == ["1 job: Blink led", "2 routes: state, reset"]
    assert card.source_button.isHidden(), "a package's source is not to be had"
    assert alone.page.restart_hint.isVisible()
    alone.page.restart_button.click()
    dialog = alone.dialog(OperationDialog)
    assert dialog.windowTitle() == "Restart board and service?"
    dialog.reject()


def test_uninstalling_names_what_is_lost_and_what_must_be_stopped_first() -> None:
    [plugin] = read_plugins([{"name": "blink", "source": "entry_points", "adds": {"jobs": ["blink_led"]}}])
    words = plugin.consequences({"blink_led", "stirring"})
    assert "1 job: Blink led" in words
    assert "Blink led runs now: stop it first." in words


def test_a_refusal_is_told_and_tried_again_and_offline_is_said(
    alone: PageBench, service: StandInService, driver: LoopDriver
) -> None:
    assert not alone.page.install_button.isEnabled()
    why = refusal(500, "The plug-ins could not be read.", "The disk is full.", "Free some space.")
    service.answer("GET /unit_api/plugins/installed", *why)
    alone.follow()
    alone.until(lambda: alone.page.place.empty.headline == "The plug-ins could not be read.", "told")
    listed(service)
    alone.page.place.acted.emit()
    alone.until(lambda: alone.page.place.empty.headline == "No plug-in installed", "read")
    driver.run(service.stop())
    alone.until(lambda: not alone.page.install_button.isEnabled(), "offline")


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("demo_plugin.py", "demo_plugin"),
        ("demo_plugin-0.2.0-py3-none-any.whl", "demo_plugin"),
        ("demo-0.2.tar.gz", "demo"),
    ],
)
def test_a_file_name_stands_for_a_plug_in(file_name: str, name: str) -> None:
    assert name_of_source(file_name) == name
