"""Pushing the record from its page: two real services, one of which is the TofuPilot server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot
from real_service import RealService, running_service
from stand_in_service import StandInService, refusal

from gui.record.page import RecordPage
from gui.record.push_dialog import PushDialog
from gui.record.push_pending import LeaveOutDialog, SendEarlierDialog
from gui.record.push_words import standing
from gui.unit import utc_s_of

WHEN = {"started_at": "2031-02-03T04:05:06Z", "ended_at": "2031-02-03T04:10:06Z"}


def ask(service: RealService, method: str, path: str, body: Any = None, key: str = "") -> Any:
    """Ask a service as another program would."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{service.url}{path}", content, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def key_of(service: RealService, user: str) -> str:
    return str(ask(service, "POST", "/unit_api/keys", {"user": user})["key"])


def write_run(service: RealService, outcome: str = "PASS") -> None:
    key = key_of(service, "Ada")
    found = ask(service, "GET", "/v2/procedures", key=key)["data"]
    made = found[0]["id"] if found else ask(service, "POST", "/v2/procedures", {"name": "Pump check"}, key)["id"]
    body = {**WHEN, "outcome": outcome, "procedure_id": made, "serial_number": "S1", "part_number": "P1"}
    ask(service, "POST", "/v2/runs", body, key)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    with running_service(tmp_path_factory.mktemp("server")) as service:
        yield service


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RealService]:
    with running_service(tmp_path / "lab") as service:
        while not ask(service, "GET", "/unit_api/record")["is_own_recorded"]:
            pass
        yield service


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, RecordPage)
    made.follow()
    made.until(lambda: made.page.identity.serial_number.text(), "the unit is shown")
    yield made
    made.close()


def opened(bench: PageBench) -> PushDialog:
    bench.page.push_button.click()
    dialog = bench.dialog(PushDialog)
    bench.until(lambda: dialog.place.has_content, "it is loaded")
    return dialog


def asked_again(bench: PageBench, dialog: PushDialog, lab: RealService) -> None:
    """Wait until the dialog has heard from the service again: another program changes something there and back."""
    for is_allowed in (True, False):
        ask(lab, "PATCH", "/unit_api/record/push", {"allow_plain_http": is_allowed})
        bench.until(lambda: dialog.form.plain_http.isChecked() == is_allowed, "the change is seen")  # noqa: B023


def test_a_server_is_entered_tried_and_switched_on_and_runs_arrive(
    bench: PageBench, lab: RealService, server: RealService, qtbot: QtBot
) -> None:
    write_run(lab, "FAIL")
    dialog = opened(bench)
    form = dialog.form
    assert (dialog.headline.text(), dialog.save_button.isEnabled()) == ("The record is not pushed", False)
    assert form.key.echoMode() == QLineEdit.EchoMode.Password
    assert not bench.page.push_status.isVisible()
    qtbot.keyClicks(form.server, server.url)
    assert not form.test_button.isEnabled()
    qtbot.keyClicks(form.key, "vd_user_wrong")
    form.test_button.click()
    bench.until(lambda: "does not accept the key" in form.result.text(), "the key is refused")
    asked_again(bench, dialog, lab)
    assert "does not accept the key" in form.result.text()
    form.key.setText(key_of(server, "Line 7"))
    assert form.result.text() == ""
    form.test_button.click()
    bench.until(lambda: "accepts the key of Line 7" in form.result.text(), "the key is good")
    form.is_on.setChecked(True)
    dialog.save_button.click()
    bench.until(lambda: form.key.text() == "" and "Kept" in form.key.placeholderText(), "it is saved")
    assert not dialog.save_button.isEnabled()
    dialog.pending.earlier_button.click()
    bench.dialog(SendEarlierDialog).act_button.click()
    bench.until(lambda: dialog.headline.text().startswith("All sent to"), "all is sent")
    runs = ask(server, "GET", "/v2/runs?serial_numbers=S1", key=key_of(server, "Q"))["data"]
    assert [run["outcome"] for run in runs] == ["FAIL"]
    bench.until(lambda: dialog.pending.earlier_button.isHidden(), "nothing is left")
    dialog.accept()
    status = bench.page.push_status
    bench.until(lambda: status.isVisible() and status.headline.text().startswith("All sent to"), "the page says so")


def test_what_waits_is_listed_counted_down_tried_again_and_left_out(
    bench: PageBench, lab: RealService, server: RealService
) -> None:
    body = {"url": "http://127.0.0.1:9", "api_key": "k", "is_on": True}
    ask(lab, "PATCH", "/unit_api/record/push", body)
    write_run(lab, "ABORTED")
    status = bench.page.push_status
    status.look_again()
    said = "1 run and 1 unit wait to be sent to 127.0.0.1:9"
    bench.until(lambda: status.headline.text() == said and status.when.text().startswith("Next try"), "it waits")
    status.more_button.click()
    dialog = bench.dialog(PushDialog)
    rows = dialog.pending.rows
    bench.until(lambda: rows.topLevelItemCount() == 2, "both are listed")
    bench.until(lambda: "is not reached" in dialog.detail.text(), "it says why")
    first, second = (rows.topLevelItem(index) for index in range(2))
    assert first is not None
    assert second is not None
    assert (first.text(0), first.text(1)) == ("Unit", "S1")
    assert second.text(0).startswith("Aborted · Pump check, ")
    rows.setCurrentItem(second)
    dialog.pending.leave_button.click()
    bench.dialog(LeaveOutDialog).act_button.click()
    bench.until(lambda: rows.topLevelItemCount() == 1, "the run is left out")
    assert dialog.pending.again_button.isEnabled()
    ask(lab, "PATCH", "/unit_api/record/push", {"url": server.url, "api_key": "wrong"})
    bench.until(lambda: dialog.headline.text() == "Pushing is paused", "the key is refused")
    ask(lab, "PATCH", "/unit_api/record/push", {"api_key": key_of(server, "Line 7")})
    bench.until(lambda: rows.topLevelItemCount() == 0, "it is sent")
    assert dialog.pending.place.empty.accessibleName().startswith("Nothing waits")


def test_typed_text_stays_while_the_state_is_asked_for_again(bench: PageBench, lab: RealService) -> None:
    dialog = opened(bench)
    dialog.form.server.setText("http://lab.example")
    assert dialog.form.plain_http.isVisible()
    ask(lab, "PATCH", "/unit_api/record/push", {"url": "https://other.example"})
    dialog.pending.acted.emit()
    bench.until(lambda: dialog.form.changes() == {"url": "http://lab.example"}, "it is asked")
    dialog.save_button.click()
    bench.until(
        lambda: "can be read by whoever is on the way" in dialog.form.result.text(), "it is refused with a reason"
    )
    assert dialog.form.server.text() == "http://lab.example"
    asked_again(bench, dialog, lab)
    assert "can be read by whoever is on the way" in dialog.form.result.text()
    dialog.form.plain_http.setChecked(True)
    assert dialog.form.result.text() == ""
    dialog.save_button.click()
    bench.until(lambda: not dialog.form.is_changed, "it is saved")


def test_escape_closes_and_enter_saves(bench: PageBench, qtbot: QtBot) -> None:
    dialog = opened(bench)
    dialog.form.server.setText("https://tofupilot.example")
    qtbot.keyClick(dialog.form.server, Qt.Key.Key_Return)
    bench.until(lambda: not dialog.form.is_changed, "it is saved")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    bench.until(lambda: not bench.page.findChildren(PushDialog), "it is gone")


def test_what_is_said_of_the_server_is_seen_whole_and_moves_nothing(bench: PageBench, qtbot: QtBot) -> None:
    dialog = opened(bench)
    form = dialog.form
    form.server.setText("http://198.51.100.7")
    form.key.setText("vd_user_0123456789_" + "0" * 64)
    bench.until(form.test_button.isEnabled, "it can be tried")
    places = [widget.mapTo(dialog, widget.rect().topLeft()).y() for widget in (form.is_on, dialog.headline)]
    qtbot.keyClick(form.test_button, Qt.Key.Key_Return)
    bench.until(lambda: "can be read by whoever is on the way" in form.result.text(), "Enter tried it")
    assert form.is_changed, "and saved nothing"
    assert "url" not in form.result.text()
    assert form.result.height() >= form.result.heightForWidth(form.result.width())
    assert [widget.mapTo(dialog, widget.rect().topLeft()).y() for widget in (form.is_on, dialog.headline)] == places


def test_a_service_that_refuses_is_told_with_a_way_on(driver: LoopDriver, service: StandInService) -> None:
    service.answer("GET /unit_api/record/push", *refusal(500, "The unit's record cannot be read."))
    bench = PageBench(driver, service.url, RecordPage)
    dialog = PushDialog(bench.unit, bench.client, bench.page)
    dialog.open()
    bench.until(lambda: "cannot be read" in dialog.place.empty.accessibleName(), "it is told")
    assert not dialog.save_button.isEnabled()
    dialog.close()
    bench.close()


STATE: dict[str, Any] = {
    "is_on": True, "url": "https://tofupilot.example", "state": "idle", "paused": None, "last_error": None,
    "next_try_at": None, "last_sent_at": "2031-02-03T04:05:06.000Z", "waiting_units": 0, "waiting_runs": 0,
    "waiting_files": 0, "stopped_count": 0, "left_out_count": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"state": "off"}, "The record is not pushed"),
        ({}, "All sent to tofupilot.example, Last sent now"),
        ({"last_sent_at": None}, "Pushing to tofupilot.example, Nothing sent yet"),
        ({"stopped_count": 2}, "tofupilot.example refused 2 things"),
        ({"left_out_count": 7}, "7 things did not fit into the queue"),
        (
            {"state": "waiting", "waiting_runs": 3, "next_try_at": "2031-02-03T04:05:46.500Z"},
            "3 runs wait to be sent to tofupilot.example, Next try in 40 s",
        ),
        (
            {"state": "waiting", "waiting_files": 1, "next_try_at": "2031-02-03T04:05:06.500Z"},
            "1 file waits to be sent to tofupilot.example, Next try now",
        ),
        ({"state": "sending", "waiting_runs": 2, "waiting_files": 1}, "Sending 2 runs and 1 file to tofupilot.example"),
    ],
)
def test_how_it_stands_is_said_in_words(state: dict[str, Any], words: str) -> None:
    stands = standing({**STATE, **state}, utc_s_of(STATE["last_sent_at"]))
    assert ", ".join(part for part in (stands.headline, stands.when) if part) == words
