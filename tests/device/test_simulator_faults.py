"""The simulated board told to misbehave, seen through the real board interface in bent time, and what remains safe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from core.clock import Clock
from device.board import (
    Board,
    BoardEvent,
    BurstRequest,
    ButtonMoved,
    CommandRefusedError,
    ConnectionChanged,
    FaultRaised,
    LinkState,
    OutputWentOff,
    Simulation,
)
from device.discovery import create_board

Bent = Callable[[Coroutine[Any, Any, Any]], Any]
STIRRER, MEDIA, HEATER = 1, 2, 5
BURST = BurstRequest("A", 80.0)


class Rig:
    """A simulated board, its misbehaviour and what it told."""

    def __init__(self, board: Board) -> None:
        assert board.simulation is not None
        self.board = board
        self.simulation: Simulation = board.simulation
        self.events: list[BoardEvent] = []
        board.listen(self.events.append)

    def obey(self, line: str) -> str:
        return self.simulation.misbehave(line)

    def truth(self, name: str) -> float:
        return self.simulation.truth()[name]

    def states(self) -> list[LinkState]:
        return [event.connection.state for event in self.events if isinstance(event, ConnectionChanged)]

    def told(self, kind: type[BoardEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def start_stirring(self) -> None:
        await self.board.set_pwm(STIRRER, 100.0, 200.0, 60.0)
        await asyncio.sleep(0.5)
        await self.board.set_pwm(STIRRER, 30.0, 200.0, 60.0)
        await asyncio.sleep(5.0)


@asynccontextmanager
async def rig(url: str = "simulated:") -> AsyncIterator[Rig]:
    board = create_board(url, utc_s=Clock(asyncio.get_running_loop(), 1e9).utc_s)
    made = Rig(board)
    await board.open()
    await board.wait_until_usable(5.0)
    yield made
    await board.close()


@pytest.mark.parametrize("fault", ["drop 0.2", "corrupt 0.2", "truncate 0.2", "duplicate 0.3", "delay 0.05"])
def test_on_a_bad_wire_every_dose_is_run_once_and_measured(in_bent_time: Bent, fault: str) -> None:
    async def story() -> None:
        async with rig() as it:
            it.obey(fault)
            ran_s = 0.0
            for _ in range(20):
                ran_s += (await it.board.run_pump(MEDIA, 100.0, 250.0, 0.5)).ran_s
            it.obey("heal")
            assert ran_s == pytest.approx(10.0)
            assert it.truth("media_ml") == pytest.approx(10.0 * 0.0911, rel=0.2)
            assert set(it.states()) <= {LinkState.CONNECTING, LinkState.CONNECTED, LinkState.DEGRADED}

    in_bent_time(story())


@pytest.mark.parametrize("trouble", ["unplug", "hang 1.9", "hang", "drop 1", "drop 1 to-board"])
def test_a_lost_host_means_heater_and_pump_off_within_the_lease(in_bent_time: Bent, trouble: str) -> None:
    async def story() -> None:
        async with rig() as it:
            await it.board.set_pwm(HEATER, 60.0, 16.0, 3.0)
            await it.board.set_pwm(MEDIA, 80.0, 250.0, 5.0)
            it.obey(trouble)
            assert it.truth("heater_percent") > 0
            await asyncio.sleep(3.05)
            assert it.truth("heater_percent") == 0.0
            await asyncio.sleep(2.0)
            assert it.truth("media_pump_percent") == 0.0
            it.obey("heal")

    in_bent_time(story())


def test_a_pump_run_under_way_when_the_plug_is_pulled_ends_on_time(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            run = asyncio.ensure_future(it.board.run_pump(MEDIA, 100.0, 250.0, 4.0))
            await asyncio.sleep(1.0)
            it.obey("unplug 8")
            await asyncio.sleep(2.99)
            assert it.truth("media_pump_percent") == 100.0
            await asyncio.sleep(0.02)
            assert it.truth("media_pump_percent") == 0.0
            await asyncio.wait([run])
            run.exception()

    in_bent_time(story())


def test_unplug_and_replug_are_told_truthfully(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            it.events.clear()
            assert it.obey("unplug 10") == "unplugged for 10 s"
            await asyncio.sleep(1.0)
            assert it.board.connection.state is LinkState.LOST
            await asyncio.sleep(14.0)
            assert it.board.connection.state is LinkState.CONNECTED
            assert set(it.states()) == {LinkState.LOST, LinkState.CONNECTED}

    in_bent_time(story())


def test_the_last_word_on_the_plug_counts(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            it.obey("unplug 2")
            it.obey("unplug")
            it.obey("reboot")
            await asyncio.sleep(10.0)
            assert it.truth("plugged") == 0.0
            it.obey("unplug 1")
            await asyncio.sleep(1.1)
            assert it.truth("plugged") == 1.0
            it.obey("unplug 5")
            it.obey("replug")
            it.obey("unplug")
            await asyncio.sleep(6.0)
            assert it.truth("plugged") == 0.0

    in_bent_time(story())


@pytest.mark.parametrize("command", ["reboot", "hang"])
def test_a_restart_switches_everything_off_and_the_host_comes_back(in_bent_time: Bent, command: str) -> None:
    async def story() -> None:
        async with rig() as it:
            await it.start_stirring()
            await it.board.set_led("C", 50.0, 60.0)
            it.obey(command)
            await asyncio.sleep(0.0 if command == "reboot" else 2.01)
            assert it.truth("stirrer_percent") == 0.0
            assert it.truth("led_c_percent") == 0.0
            await asyncio.sleep(8.0)
            assert it.board.connection.state is LinkState.CONNECTED
            assert LinkState.LOST in it.states()
            assert (await it.board.measure(BURST)).samples == 344

    in_bent_time(story())


def test_a_short_hang_is_survived_without_a_restart(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            await it.start_stirring()
            it.obey("hang 1")
            burst = await it.board.measure(BURST)
            assert burst.samples == 344
            assert it.truth("stirrer_percent") == pytest.approx(30.0, abs=0.01)

    in_bent_time(story())


def test_a_stalled_bar_reads_zero_and_a_kick_brings_it_back(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            await it.start_stirring()
            assert (await it.board.read_tachometer(2.0)).rpm == pytest.approx(it.truth("stirrer_rpm"), rel=0.02)
            it.obey("stall")
            await asyncio.sleep(4.0)
            assert (await it.board.read_tachometer(2.0)).rpm == 0.0
            await it.board.set_pwm(STIRRER, 0.0, 200.0, 60.0)
            await asyncio.sleep(0.75)
            await it.start_stirring()
            assert (await it.board.read_tachometer(2.0)).rpm > 300.0

    in_bent_time(story())


def test_a_blocked_pump_runs_and_moves_nothing(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            assert it.obey("block 2") == "the media pump is blocked"
            assert (await it.board.run_pump(MEDIA, 100.0, 250.0, 2.0)).ran_s == pytest.approx(2.0)
            assert it.truth("media_ml") == 0.0
            it.obey("heal")
            await it.board.run_pump(MEDIA, 100.0, 250.0, 2.0)
            assert it.truth("media_ml") > 0.1

    in_bent_time(story())


def test_a_dead_led_reads_dark_and_a_flooded_photodiode_is_a_fault(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            lit = (await it.board.measure(BURST)).signals["1"].mean_v
            it.obey("led-dead")
            dark = (await it.board.measure(BURST)).signals["1"].mean_v
            assert lit > 0.1 > 0.01 > dark
            it.obey("heal")
            it.obey("saturate 2")
            signal = (await it.board.measure(BURST)).signals["2"]
            assert signal.mean_v == pytest.approx(3.3, abs=0.01)
            await it.board.set_gain("2", 2.048)
            assert (await it.board.measure(BURST)).signals["2"].saturated
            assert len(it.told(FaultRaised)) == 1

    in_bent_time(story())


@pytest.mark.parametrize("trouble", ["overheat", "sensor-missing"])
def test_heat_gone_wrong_locks_the_heater_until_it_is_well_and_cleared(in_bent_time: Bent, trouble: str) -> None:
    async def story() -> None:
        async with rig() as it:
            await it.board.set_pwm(HEATER, 30.0, 16.0, 3.0)
            it.obey(trouble)
            await asyncio.sleep(0.3)
            assert it.truth("heater_percent") == 0.0
            assert [event.output for event in it.told(OutputWentOff)] == ["PWM 5"]
            with pytest.raises(CommandRefusedError):
                await it.board.set_pwm(HEATER, 30.0, 16.0, 3.0)
            it.obey("heal")
            await asyncio.sleep(300.0)
            with pytest.raises(CommandRefusedError):
                await it.board.set_pwm(HEATER, 30.0, 16.0, 3.0)
            await it.board.clear_faults()
            await it.board.set_pwm(HEATER, 30.0, 16.0, 3.0)
            assert it.truth("heater_percent") > 0.0

    in_bent_time(story())


def test_full_heat_renewed_for_ever_is_cut_off_by_the_board(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            hottest = 0.0
            while not it.told(FaultRaised):
                with suppress(CommandRefusedError):  # the board has just cut it off
                    await it.board.set_pwm(HEATER, 100.0, 16.0, 3.0)
                await asyncio.sleep(1.0)
                hottest = max(hottest, it.truth("heater_celsius"))
            assert 60.0 < hottest < 68.0
            assert it.truth("heater_percent") == 0.0

    in_bent_time(story())


def test_a_stuck_sensor_a_low_supply_and_the_button(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            it.obey("sensor-stuck")
            first = await it.board.read_heater_celsius()
            it.obey("overheat 50")
            assert await it.board.read_heater_celsius() == first
            it.obey("supply 4.2")
            assert await it.board.read_supply_v() == pytest.approx(4.2, abs=0.1)
            it.obey("press 1")
            await asyncio.sleep(2.0)
            assert [event.pressed for event in it.told(ButtonMoved)] == [True, False]
            assert "low supply" in " ".join(it.told(FaultRaised)[-1].faults)

    in_bent_time(story())


def test_commands_that_cannot_be_meant_are_refused_with_what_can(in_bent_time: Bent) -> None:
    async def story() -> None:
        async with rig() as it:
            for line in (
                "",
                "fly",
                "drop",
                "drop 2",
                "drop x",
                "drop 0.1 sideways",
                "block 5",
                "replug now",
                "hang -1",
            ):
                before = {**it.simulation.truth(), "time_s": 0.0}
                with pytest.raises(ValueError, match=r"known are|needs|does not take|direction"):
                    it.obey(line)
                assert {**it.simulation.truth(), "time_s": 0.0} == before
            state = json.loads(it.obey("state"))
            assert state["biomass_od"] == pytest.approx(0.05, rel=0.01)
            with pytest.raises(ValueError, match="known are") as refused:
                it.obey("?")
            known = str(refused.value).partition("known are ")[2].split(", ")
            assert len(known) > 15
            assert [command for command in known if command not in it.obey("help")] == []

    in_bent_time(story())
