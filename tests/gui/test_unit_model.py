"""The unit as the event stream tells it."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from stand_in_service import T0, alarm_item, log_item, row, snapshot

from gui.unit import Unit, utc_s_of


@pytest.fixture
def unit(qtbot: QtBot) -> Unit:
    del qtbot
    return Unit()


def tell(unit: Unit, name: str, /, **data: Any) -> None:
    unit.handle(name, {"seq": 1, "t": T0} | data)


def test_a_snapshot_replaces_everything_and_makes_it_live(unit: Unit, qtbot: QtBot) -> None:
    whole = snapshot(
        jobs=[row(3, "od_reading"), row(2, "stirring")],
        settings={"stirring": {"$state": "sleeping", "target_rpm": 500.0}},
        leds={"A": 70.0},
        pwms={"1": 30.0},
        speed=60.0,
    )
    with qtbot.waitSignals([unit.snapshot_loaded, unit.connection_changed, unit.jobs_changed, unit.board_changed]):
        tell(unit, "snapshot", **whole)
    assert unit.service.is_live
    assert unit.has_snapshot
    assert (unit.name, unit.experiment, unit.speed) == ("unit7", "exp one", 60.0)
    assert [job["job_name"] for job in unit.jobs] == ["stirring", "od_reading"]
    assert unit.state_of("stirring") == "sleeping"
    assert unit.leds == {"A": 70.0}
    assert unit.pwms == {"1": 30.0}


def test_jobs_come_change_and_go_with_their_settings(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot())
    tell(unit, "job", **row(5, "stirring"), state="init")
    assert unit.state_of("stirring") == "init"
    tell(unit, "setting", job_id=5, job_name="stirring", setting="target_rpm", value=400.0)
    tell(unit, "setting", job_id=5, job_name="stirring", setting="$state", value="ready")
    assert unit.settings["stirring"]["target_rpm"] == 400.0
    assert unit.state_of("stirring") == "ready"
    tell(unit, "setting", job_id=5, job_name="stirring", setting="target_rpm", value=None)
    assert "target_rpm" not in unit.settings["stirring"]
    tell(unit, "job", **row(5, "stirring", is_running=0), state="disconnected")
    assert unit.state_of("stirring") is None
    assert "stirring" not in unit.settings


def test_a_crashed_job_runs_no_longer(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot(jobs=[row(5, "stirring")]))
    tell(unit, "job", **row(5, "stirring", is_running=0), state="lost")
    assert not unit.is_running("stirring")


def test_alarms_are_kept_until_they_are_over_and_acknowledged(unit: Unit, qtbot: QtBot) -> None:
    tell(unit, "snapshot", **snapshot(alarms=[alarm_item(1)]))
    assert [item["id"] for item in unit.alarms] == [1]
    with qtbot.waitSignal(unit.alarm) as told:
        tell(unit, "alarm", **alarm_item(2))
    assert told.args[0]["id"] == 2
    assert [item["id"] for item in unit.alarms] == [2, 1], "newest first"
    tell(unit, "alarm", **alarm_item(2, cleared_at=T0))
    tell(unit, "alarm", **alarm_item(1, acknowledged_at=T0))
    assert [item["id"] for item in unit.alarms] == [2, 1], "one is not seen, the other not over"
    tell(unit, "alarm", **alarm_item(2, cleared_at=T0, acknowledged_at=T0))
    assert [item["id"] for item in unit.alarms] == [1]
    tell(unit, "snapshot", **snapshot())
    assert unit.alarms == []


def test_readings_carry_series_time_and_value(unit: Unit, qtbot: QtBot) -> None:
    with qtbot.waitSignal(unit.reading) as told:
        tell(unit, "reading", experiment="exp one", series="od2", value=0.5)
    assert told.args == ["od2", utc_s_of(T0), 0.5]


def test_a_gap_carries_series_time_and_reason(unit: Unit, qtbot: QtBot) -> None:
    with qtbot.waitSignal(unit.gap) as told:
        tell(unit, "gap", experiment="exp one", series="od2", reason="board lost")
    assert told.args == ["od2", utc_s_of(T0), "board lost"]


def test_logs_and_tasks_are_handed_on(unit: Unit, qtbot: QtBot) -> None:
    with qtbot.waitSignal(unit.log) as told:
        tell(unit, "log", **log_item(4))
    assert told.args[0]["id"] == 4
    with qtbot.waitSignal(unit.task_changed) as told:
        tell(unit, "task", task_id="t", status="complete")
    assert told.args[0]["status"] == "complete"


def test_outputs_follow(unit: Unit, qtbot: QtBot) -> None:
    with qtbot.waitSignal(unit.led_changed):
        tell(unit, "led", channel="B", intensity=12.5)
    with qtbot.waitSignal(unit.led_changed):
        tell(unit, "pwm", channel=3, dc=40.0)
    assert (unit.leds["B"], unit.pwms["3"]) == (12.5, 40.0)


def test_the_board_object_is_updated_not_replaced(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot())
    tell(unit, "board", link="disconnected", state="lost")
    assert unit.board["state"] == "lost"
    assert unit.board["round_trip_ms"] == 0.2


def test_the_active_experiment_follows(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot())
    tell(unit, "experiment", experiment="other", is_active=False)
    assert unit.experiment == "exp one"
    tell(unit, "experiment", experiment="exp one", is_active=False)
    assert unit.experiment is None
    tell(unit, "experiment", experiment="exp two", is_active=True)
    assert unit.experiment == "exp two"


def test_unknown_events_are_passed_over(unit: Unit) -> None:
    tell(unit, "bioreactor", experiment="exp one", values={})


def test_the_time_of_a_service_state_is_kept_while_it_lasts(unit: Unit, qtbot: QtBot) -> None:
    unit.set_service("lost", "first")
    since = unit.service.since_utc_s
    with qtbot.waitSignal(unit.connection_changed):
        unit.set_service("lost", "second")
    assert unit.service.since_utc_s == since
    with qtbot.assertNotEmitted(unit.connection_changed):
        unit.set_service("lost", "second")


def test_the_units_clock_is_the_services_when_that_runs_apart(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot(speed=60.0))
    assert 0 <= unit.utc_s() - utc_s_of(T0) < 600


def test_stop_all_would_leave_long_running_jobs(unit: Unit) -> None:
    tell(unit, "snapshot", **snapshot(jobs=[row(1, "monitor", is_long_running_job=1), row(2, "stirring")]))
    assert [job["job_name"] for job in unit.stoppable_jobs()] == ["stirring"]


def test_doses_light_and_volumes_of_the_active_experiment_are_told(unit: Unit) -> None:
    told: list[tuple[object, ...]] = []
    unit.dosed.connect(lambda *dose: told.append(dose))
    unit.lit.connect(lambda *change: told.append(change))
    unit.handle("snapshot", snapshot(bioreactor={"current_volume_ml": 15.0}, reactor={"capacity_ml": 20.0}))
    assert (unit.bioreactor, unit.reactor) == ({"current_volume_ml": 15.0}, {"capacity_ml": 20.0})
    for experiment in ("exp one", "another"):
        about = {"t": T0, "experiment": experiment, "source_of_event": "UI"}
        unit.handle("dosing", about | {"event": "add_media", "volume_change": 0.5})
        unit.handle("led", about | {"channel": "C", "intensity": 5.0})
        unit.handle("bioreactor", about | {"values": {"current_volume_ml": 15.5 if experiment == "exp one" else 3.0}})
    at_s = utc_s_of(T0)
    assert told == [(at_s, "add_media", 0.5, "UI"), (at_s, "C", 5.0, "UI")]
    assert unit.bioreactor == {"current_volume_ml": 15.5}
    assert unit.leds["C"] == 5.0
    unit.handle("experiment", {"t": T0, "experiment": "next", "is_active": True})
    assert unit.bioreactor == {}
