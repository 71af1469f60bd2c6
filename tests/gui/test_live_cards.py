"""The cards of the Live page: what each shows, why a value is missing, and what its button does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from live_bench import RUNNING, SETTINGS, START_S, LiveBench
from loop_driver import LoopDriver
from PySide6.QtGui import QAction
from shown_window import Shown
from stand_in_service import StandInService, alarm_item, row

from gui.jobs.page import JobsPage
from gui.live.cards import GrowthRateCard, TemperatureCard
from gui.live.page import LivePage
from gui.live.supply_cards import DosingCard, LightCard, VolumeCard
from gui.live.utc_text import utc_text

VALUES = {
    "current_volume_ml": 15.25,
    "alt_media_fraction": 0.12,
    "cumulative_media_added_ml": 30.04,
    "cumulative_alt_media_added_ml": 4.0,
    "cumulative_waste_removed_ml": 33.0,
}
REACTOR = {"display_name": "Pioreactor 20ml", "capacity_ml": 20.0, "max_fill_volume_ml": 18.0}


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def card(live: LiveBench, kind: type[Any]) -> Any:
    [found] = [each for each in live.page.cards if isinstance(each, kind)]
    live.page.refresh_cards()
    return found


def dose(live: LiveBench, event: str, ml: float, cause: str = "dosing_automation:chemostat") -> None:
    live.tell("dosing", experiment="exp one", event=event, volume_change=ml, source_of_event=cause)


def test_a_growth_rate_tells_the_doubling_time(live: LiveBench) -> None:
    live.begin(jobs=[*RUNNING, row(3, "growth_rate_calculating")])
    growth = card(live, GrowthRateCard)
    assert growth.row.value.text == "–"
    assert growth.doubling_text == "doubling time –: the first readings are collected"
    for rate, words in (
        (math.log(2), "doubles in 1 h 00 min"),
        (math.log(2) * 2, "doubles in 30 min"),
        (math.log(2) / 60, "doubles in 2.5 days"),
        (0.0, "doubling time –: the culture does not grow"),
        (-0.2, "doubling time –: the culture does not grow"),
    ):
        live.read("growth_rate", rate)
        assert card(live, GrowthRateCard).doubling_text == words
    assert growth.row.value.text == "−0.200"


def test_without_the_job_no_growth_is_estimated(live: LiveBench) -> None:
    live.begin()
    assert card(live, GrowthRateCard).doubling_text == "doubling time –: not estimated"
    live.tell("snapshot", **{"jobs": [row(3, "growth_rate_calculating")], "experiment": "exp one", "unit": "unit7"})
    assert card(live, GrowthRateCard).doubling_text == "doubling time –: optical density is not measured"


def test_temperature_shows_target_and_heater(live: LiveBench) -> None:
    held = {"$state": "ready", "target_temperature": 30.0, "heater_duty_cycle": 12.5, "automation_name": "thermostat"}
    live.begin(jobs=[*RUNNING, row(3, "temperature_automation")], settings=SETTINGS | {"temperature_automation": held})
    temperature = card(live, TemperatureCard)
    assert temperature.target_text == "target 30 °C · heater 12.5 %"
    assert temperature.heater_board.isVisible()
    assert not temperature.vial.isVisible()
    live.read("board_temperature", 33.25)
    live.read("temperature", 29.5)
    assert card(live, TemperatureCard).target_text == "target 30 °C · heater 12.5 % · heater board 33.2 °C"
    assert temperature.vial.value.text == "29.5"
    assert not temperature.heater_board.isVisible()


def test_volume_tells_what_is_in_the_vial_and_what_has_passed(live: LiveBench) -> None:
    live.begin(bioreactor=VALUES, reactor=REACTOR)
    volume = card(live, VolumeCard)
    assert volume.row.value.text == "15.25"
    assert volume.words == (
        "of 18 mL at most · 12 % alternative medium\nSo far: medium 30.0 mL, alternative 4.0 mL, waste 33.0 mL"
    )
    live.tell("bioreactor", experiment="exp one", values={"current_volume_ml": 16.0, "alt_media_fraction": 0.5})
    live.read("current_volume_ml", 16.0)
    assert card(live, VolumeCard).row.value.text == "16.00"
    assert "50 % alternative medium" in volume.words


def test_the_count_of_an_experiment_that_begins_is_asked_for(live: LiveBench) -> None:
    live.service.answer("GET /unit_api/bioreactor/experiments/next", 200, {"values": VALUES})
    live.begin(bioreactor=VALUES, reactor=REACTOR)
    live.service.answer(
        "GET /unit_api/bioreactor/experiments/next", 200, {"values": VALUES | {"current_volume_ml": 14}}
    )
    live.tell("experiment", experiment="next", is_active=True)
    live.driver.until(lambda: live.unit.bioreactor.get("current_volume_ml") == 14, "it was asked for")
    assert card(live, VolumeCard).row.value.text == "14.00"


def test_dosing_tells_the_last_dose_and_the_next(live: LiveBench) -> None:
    rule = {"$state": "ready", "automation_name": "chemostat", "duration": 20.0, "exchange_volume_ml": 1.0}
    live.begin(jobs=[*RUNNING, row(3, "dosing_automation")], settings=SETTINGS | {"dosing_automation": rule})
    dosing = card(live, DosingCard)
    assert (dosing.value.age_text, dosing.words) == ("no value yet", "Chemostat · 1 mL each · every 20 min")
    for ml in (0.5, 0.4, -0.05):
        dose(live, "add_media", ml)
        live.at_s += 0.5
    dose(live, "remove_waste", 1.0)
    live.at_s += 300
    live.tell("board", state="connected")
    dosing = card(live, DosingCard)
    assert dosing.value.text == "0.85"
    assert dosing.value.age_text == "5 min ago" or dosing.value.age_text.endswith("s ago")
    assert dosing.words == "last dose: medium\nChemostat · 1 mL each · every 20 min, next in about 14 min"
    live.tell("setting", job_id=3, job_name="dosing_automation", setting="automation_name", value="turbidostat")
    live.tell("setting", job_id=3, job_name="dosing_automation", setting="target_biomass", value=1.5)
    assert card(live, DosingCard).words.endswith("Turbidostat · 1 mL each · next when the density reaches 1.5")
    live.tell("setting", job_id=3, job_name="dosing_automation", setting="biomass_signal", value="normalized_od")
    filtered = {"od_filtered": 1.234, "timestamp": utc_text(START_S)}
    live.tell("setting", job_id=4, job_name="growth_rate_calculating", setting="od_filtered", value=filtered)
    words = "next when the relative density (1 at the start) reaches 1.5, now 1.23"
    assert card(live, DosingCard).words.endswith(words), "it is another number than the optical density"
    live.tell("job", job_id=3, job_name="dosing_automation", state="disconnected", is_running=0)
    assert card(live, DosingCard).words == "last dose: medium\nnothing doses by itself"


def test_light_tells_which_leds_are_on(live: LiveBench) -> None:
    rule = {"$state": "ready", "automation_name": "light_dark_cycle",
            "light_duration_minutes": 960.0, "dark_duration_minutes": 480.0}  # fmt: skip
    live.begin(jobs=[row(3, "led_automation")], settings={"led_automation": rule}, leds={"A": 0.0, "C": 0.0})
    light = card(live, LightCard)
    assert light.words == "dark\nLight and dark by turns · 16 h light, 8 h dark"
    for channel in "DC":
        live.tell("led", channel=channel, intensity=5.0, source_of_event="led_automation", experiment="exp one")
    assert card(live, LightCard).words.startswith("C 5 % · D 5 %\n")
    assert light.badge.word == "Running"
    live.tell("job", job_id=3, job_name="led_automation", state="disconnected", is_running=0)
    assert (light.button.text(), light.badge.word) == ("Start…", "Stopped")
    live.tell("job", **(row(4, "led_intensity") | {"state": "ready"}))
    assert card(live, LightCard).words.endswith("set by hand")
    assert (light.job, light.button.text()) == ("led_intensity", "Stop")


def test_the_volume_can_be_said_from_its_card(live: LiveBench) -> None:
    live.begin(bioreactor=VALUES, reactor=REACTOR, experiment=None)
    volume = card(live, VolumeCard)
    assert not volume.button.isEnabled(), "there is no experiment whose it would be"
    asked: list[int] = []
    action = QAction(live.window, objectName="vial")
    action.triggered.connect(lambda: asked.append(1))
    live.tell("experiment", experiment="exp one", is_active=True)
    volume.button.click()
    assert asked == [1]


def test_a_card_tells_the_gravest_alarm_about_its_quantity_until_it_is_over(live: LiveBench) -> None:
    hot = alarm_item(1, "Too hot.", "warning")
    live.begin(alarms=[hot, alarm_item(2, "No heat.", signal="heater"), alarm_item(3, "Full.", signal="volume")])
    warmth = card(live, TemperatureCard)
    assert warmth.alarm.isVisible()
    assert warmth.alarm.message.text() == "Alarm: No heat."
    over = alarm_item(2, "No heat.", signal="heater", cleared_at=utc_text(START_S))
    live.tell("alarm", **over)
    assert warmth.alarm.message.text() == "Warning: Too hot."
    live.tell("alarm", **(hot | {"cleared_at": utc_text(START_S)}))
    assert not warmth.alarm.isVisible()
    assert card(live, VolumeCard).alarm.isVisible()


def test_values_dim_when_the_service_is_gone(live: LiveBench) -> None:
    live.begin(bioreactor=VALUES, reactor=REACTOR)
    dose(live, "add_media", 1.0)
    live.read("growth_rate", 0.5)
    live.page.refresh_cards()
    live.unit.set_service("lost", "It does not answer.")
    assert card(live, VolumeCard).row.value.is_stale
    assert card(live, DosingCard).value.is_stale
    assert card(live, GrowthRateCard).row.value.is_stale
    assert not any(each.button.isEnabled() for each in live.page.cards if each.job)


def test_nothing_is_claimed_before_the_service_has_told_anything(live: LiveBench) -> None:
    assert card(live, GrowthRateCard).doubling_text == ""
    assert card(live, TemperatureCard).target_text == ""
    assert card(live, LightCard).words == "–\n"
    assert card(live, DosingCard).words == ""


def test_growth_is_started_at_once_and_what_needs_a_choice_by_its_form(shown: Shown) -> None:
    entry = {
        "job_name": "temperature_automation", "automation_name": "thermostat", "help": "Hold.", "label": "Hold",
        "group": "stir_and_heat", "arguments": [], "options": [], "settings": {},
    }  # fmt: skip
    shown.service.answer("GET /unit_api/capabilities", 200, [entry])
    shown.service.answer("GET /unit_api/experiments/exp%20one", 200, {"created_at": utc_text(START_S), "series": []})
    shown.service.answer_task("/unit_api/jobs/run/job_name/growth_rate_calculating", {})
    shown.start()
    shown.window.show_page("live")
    shown.until(lambda: isinstance(shown.window.current_page, LivePage), "the page is open")
    live = shown.window.current_page
    assert isinstance(live, LivePage)
    by_job = {each.job: each for each in live.cards}
    by_job["growth_rate_calculating"].button.click()
    asked = "/unit_api/jobs/run/job_name/growth_rate_calculating"
    shown.until(lambda: shown.service.asked("POST", asked), "growth rate was started")
    assert by_job["temperature_automation"].button.text() == "Start…"
    by_job["temperature_automation"].button.click()
    jobs = shown.window.current_page
    assert isinstance(jobs, JobsPage)
    shown.until(lambda: jobs.form is not None, "its form is open")
    assert jobs.form is not None
    assert jobs.form.family.job_name == "temperature_automation"
