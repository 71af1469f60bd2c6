"""The simulated culture, its liquid and its heat against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device.simulator.culture import Culture, Strain, temperature_factor
from device.simulator.heat import Heat
from device.simulator.liquid import Pump, Vial
from device.simulator.reactor import HEATER, MEDIA, WASTE, Reactor, Setup

HOUR_US = 3_600_000_000


def test_after_the_lag_the_culture_doubles_in_ln2_over_its_rate() -> None:
    culture = Culture(Strain(capacity_od=1e9), 1e-6)
    culture.grow(12 * 3600.0, 30.0, stirred=True)
    before = culture.biomass_od
    culture.grow(3600.0 * math.log(2.0) / culture.growth_per_h(30.0), 30.0, stirred=True)
    assert culture.biomass_od == pytest.approx(2.0 * before, rel=1e-3)


def test_the_lag_is_what_the_growth_line_is_late_by() -> None:
    strain = Strain(lag_h=0.75, capacity_od=1e9)
    culture = Culture(strain, 1e-6)
    culture.grow(10 * 3600.0, strain.best_celsius, stirred=True)
    late_h = 10.0 - math.log(culture.biomass_od / 1e-6) / strain.growth_per_h
    assert late_h == pytest.approx(0.75, abs=0.001)


def test_growth_ends_at_the_capacity() -> None:
    culture = Culture(Strain(capacity_od=8.0), 0.05)
    culture.grow(40 * 3600.0, 30.0, stirred=True)
    assert culture.biomass_od == pytest.approx(8.0, rel=1e-6)


def test_one_long_step_is_as_good_as_many_short_ones() -> None:
    long, short = Culture(Strain(), 0.05), Culture(Strain(), 0.05)
    long.grow(7200.0, 27.0, stirred=True)
    for _ in range(7200):
        short.grow(1.0, 27.0, stirred=True)
    assert short.biomass_od == pytest.approx(long.biomass_od, rel=1e-9)


@pytest.mark.parametrize(("low", "best", "high"), [(5.0, 41.0, 47.5), (3.0, 33.0, 40.0), (2.0, 34.0, 45.0)])
def test_the_temperature_factor_peaks_at_the_best_and_ends_at_the_cardinals(
    low: float, best: float, high: float
) -> None:
    strain = Strain(coldest_celsius=low, best_celsius=best, hottest_celsius=high)
    factors = {celsius: temperature_factor(strain, celsius) for celsius in np.arange(-5.0, 60.0, 0.1)}
    assert max(factors, key=lambda celsius: factors[celsius]) == pytest.approx(best, abs=0.11)
    assert temperature_factor(strain, best) == pytest.approx(1.0)
    assert all(factor == 0.0 for celsius, factor in factors.items() if not low < celsius < high)


def test_a_drug_halves_growth_at_its_half_inhibition() -> None:
    culture = Culture(Strain(half_inhibition=0.3), 0.1)
    free = culture.growth_per_h(30.0)
    culture.drug = 0.3
    assert culture.growth_per_h(30.0) == pytest.approx(free / 2.0)


def test_without_stirring_the_cells_settle_and_come_back() -> None:
    culture = Culture(Strain(), 1.0)
    culture.grow(600.0, 0.0, stirred=False)
    assert culture.suspended == pytest.approx(math.exp(-0.05))
    culture.grow(60.0, 0.0, stirred=True)
    assert culture.suspended == pytest.approx(1.0, abs=1e-6)


def test_the_default_culture_shows_lag_growth_and_plateau_in_a_day_without_heating() -> None:
    reactor = Reactor(Setup())
    reactor.set_pwm(0, 1, 100.0)
    at = {}
    for hour in (0.25, 2, 3, 20):
        reactor.advance(round(hour * HOUR_US))
        at[hour] = reactor.culture.biomass_od
    assert at[0.25] < 0.05 * 1.15, "lag"
    assert 1.8 < at[3] / at[2] < 2.5, "about one doubling an hour"
    assert at[20] == pytest.approx(8.0, rel=0.05), "plateau"


def test_half_a_millilitre_dilutes_as_it_should() -> None:
    culture = Culture(Strain(), 2.0)
    culture.add_liquid(15.0, 0.5, 1.0)
    assert culture.biomass_od == pytest.approx(2.0 * 15.0 / 15.5)
    assert culture.drug == pytest.approx(0.5 / 15.5)


def test_a_dose_runs_at_the_pumps_rate_and_differs_by_percent() -> None:
    pump = Pump(np.random.default_rng(3))
    doses = []
    for _ in range(200):
        pump.set_duty(100.0, 5.0)
        moved = pump.move(10.0)
        pump.set_duty(0.0, 5.0)
        doses.append(moved + pump.move(2.0))
    assert np.mean(doses) == pytest.approx(0.911, rel=0.2)
    assert 0.01 < np.std(doses) / np.mean(doses) < 0.03


def test_below_its_dead_zone_or_blocked_a_pump_moves_nothing() -> None:
    pump = Pump(np.random.default_rng(3))
    pump.set_duty(20.0, 5.0)
    assert pump.move(10.0) == 0.0
    pump.set_duty(100.0, 5.0)
    pump.blocked = True
    assert pump.move(10.0) == 0.0


def test_waste_stops_at_the_efflux_and_a_full_vial_overflows() -> None:
    vial = Vial(14.0, 14.0, 20.0)
    vial.add(1.0, 0.5)
    vial.remove(10.0)
    assert (vial.volume_ml, vial.waste_ml) == (14.0, 1.5)
    vial.add(7.0, 0.0)
    assert (vial.volume_ml, vial.overflowed) == (20.0, True)


def test_media_and_waste_pumps_exchange_the_vials_content() -> None:
    reactor = Reactor(Setup(inoculum_od=1.0))
    reactor.set_pwm(0, MEDIA, 100.0)
    reactor.set_pwm(0, WASTE, 100.0)
    reactor.advance(60_000_000)
    for channel in (MEDIA, WASTE):
        reactor.set_pwm(60_000_000, channel, 0.0)
    reactor.advance(70_000_000)
    added = reactor.vial.media_ml
    assert added == pytest.approx(60 * 0.0911, rel=0.25)
    assert reactor.culture.biomass_od == pytest.approx(math.exp(-added / 14.2), rel=0.03)


def test_heat_flows_balance_and_the_vial_takes_about_an_hour() -> None:
    heat = Heat(22.0)
    heat.advance(7 * 86_400.0, 0.10, 5.0, 14.0)
    lost_w = 0.0117 * (heat.board - 22.0) + 0.0269 * (heat.vial - 22.0)
    assert lost_w == pytest.approx(4.91 * 0.10, rel=1e-6)
    end = heat.vial
    heat = Heat(22.0)
    minutes = 0
    while heat.vial < 22.0 + (end - 22.0) * (1.0 - math.exp(-1.0)):
        heat.advance(60.0, 0.10, 5.0, 14.0)
        minutes += 1
    assert 35 < minutes < 75


def test_the_heater_board_cools_to_the_vial_within_a_minute_or_two() -> None:
    heat = Heat(25.0)
    heat.board = 60.0
    heat.advance(24.0, 0.0, 5.0, 14.0)
    assert heat.board - heat.vial == pytest.approx(35.0 / math.e, rel=0.1)


def test_splitting_a_heating_step_changes_nothing() -> None:
    whole, parts = Heat(25.0), Heat(25.0)
    whole.advance(10.0, 0.4, 5.0, 14.0)
    for _ in range(100):
        parts.advance(0.1, 0.4, 5.0, 14.0)
    assert parts.board == pytest.approx(whole.board, abs=1e-9)
    assert parts.vial == pytest.approx(whole.vial, abs=1e-9)


def test_the_thermometer_reads_the_heater_board_in_its_steps() -> None:
    reactor = Reactor(Setup())
    reactor.set_pwm(0, HEATER, 20.0)
    readings = [reactor.read_celsius(second * 1_000_000) for second in range(0, 3600, 10)]
    assert all(reading is not None and (reading / 0.0625).is_integer() for reading in readings)
    assert readings[-1] == pytest.approx(reactor.heat.board, abs=0.15)
    assert reactor.heat.board > reactor.heat.vial > 30.0
