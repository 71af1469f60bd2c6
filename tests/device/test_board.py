"""The board over the link, against the simulated board (firmware, wire and physics), in bent time."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable
from typing import Any

import pytest
from bad_wires import CountingBoard

from core.clock import Clock
from device.board import (
    Board,
    BoardError,
    BoardEvent,
    BurstRequest,
    ButtonMoved,
    CommandRefusedError,
    ConnectionChanged,
    FaultRaised,
    LinkState,
    NotConnectedError,
    OutputWentOff,
    StatusReported,
)
from device.discovery import create_board
from device.firmware import messages
from device.memory_pipe import connect_in_memory
from device.transport import Receiver, Transport
from device.wired_board import WiredBoard

Bent = Callable[[Any], Any]
EPOCH = 1_900_000_000.0
DARK = BurstRequest(None, 0.0)
INFRARED = BurstRequest("A", 80.0)


class Bench:
    """An open board and all it told."""

    def __init__(self, url: str = "simulated:") -> None:
        self.clock = Clock(asyncio.get_running_loop(), EPOCH)
        self.board: Board = create_board(url, utc_s=self.clock.utc_s)
        self.events: list[BoardEvent] = []
        self.board.listen(self.events.append)

    async def __aenter__(self) -> Bench:
        await self.board.open()
        await self.board.wait_until_usable(5)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.board.close()

    def misbehave(self, line: str) -> None:
        assert self.board.simulation is not None
        self.board.simulation.misbehave(line)

    def truth(self) -> dict[str, float]:
        assert self.board.simulation is not None
        return self.board.simulation.truth()

    def states(self) -> list[LinkState]:
        """The states told so far, each once in a row."""
        told = [event.connection.state for event in self.events if isinstance(event, ConnectionChanged)]
        return [state for i, state in enumerate(told) if i == 0 or told[i - 1] is not state]

    async def lost_after_s(self) -> float:
        """Wait until the link is lost; return how long that took."""
        began_s, lost = asyncio.get_running_loop().time(), asyncio.Event()
        self.board.listen(lambda _: lost.set() if self.board.connection.state is LinkState.LOST else None)
        await lost.wait()
        return asyncio.get_running_loop().time() - began_s

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def on_a_bench(in_bent_time: Bent, scenario: Any, url: str = "simulated:") -> None:
    async def run() -> None:
        async with Bench(url) as bench:
            await scenario(bench)

    in_bent_time(run())


def test_connecting_tells_each_state_and_who_the_board_is(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.states() == [LinkState.CONNECTING, LinkState.CONNECTED]
        known = bench.board.dictionary
        assert known is not None
        assert known.serial_number == "SIM-000007"
        assert known.pwm_roles[5] == "heater"
        await asyncio.sleep(3)
        assert bench.board.status is not None
        assert bench.clock.utc_s() - 1.1 < bench.board.status.utc_s <= bench.clock.utc_s()
        assert len(bench.told(StatusReported)) >= 2

    on_a_bench(in_bent_time, scenario, "simulated:?seed=7")


def test_outputs_do_what_they_are_told_until_the_lease_ends(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        assert await bench.board.set_led("C", 40, 5) == pytest.approx(40, abs=0.3)
        assert await bench.board.set_pwm(1, 30, 200, 4) == pytest.approx(30, abs=0.3)
        assert bench.truth()["led_c_percent"] == pytest.approx(40, abs=0.3)
        assert bench.truth()["stirrer_percent"] == pytest.approx(30, abs=0.3)
        await asyncio.sleep(6)
        assert bench.truth()["led_c_percent"] == bench.truth()["stirrer_percent"] == 0
        off = [(event.output, event.reason) for event in bench.told(OutputWentOff)]
        assert off == [("PWM 1", "lease expired"), ("LED C", "lease expired")]
        assert bench.told(OutputWentOff)[0].utc_s == pytest.approx(EPOCH + 4, abs=0.02)

    on_a_bench(in_bent_time, scenario)


@pytest.mark.parametrize(
    "command",
    [
        lambda board: board.set_led("E", 10, 1),
        lambda board: board.set_led("A", 101, 1),
        lambda board: board.set_led("A", float("nan"), 1),
        lambda board: board.set_led("A", 10, -1),
        lambda board: board.set_led("A", 10, 1e9),
        lambda board: board.set_pwm(6, 10, 200, 1),
        lambda board: board.set_pwm(5, 10, 16, 3600),
        lambda board: board.run_pump(5, 50, 250, 1),
        lambda board: board.set_gain("1", 5.0),
        lambda board: board.set_gain("9", 4.096),
        lambda board: board.measure(BurstRequest("A", 50, window_s=0.123)),
        lambda board: board.set_heater_cutoff(200),
        lambda board: board.read_tachometer(6),
    ],
)
def test_nonsense_is_refused_with_words(in_bent_time: Bent, command: Any) -> None:
    async def scenario(bench: Bench) -> None:
        with pytest.raises(CommandRefusedError) as caught:
            await command(bench.board)
        assert str(caught.value)
        assert caught.value.remedy
        assert bench.board.connection.state is LinkState.CONNECTED

    on_a_bench(in_bent_time, scenario)


def test_a_burst_is_in_volts_and_stamped_in_the_middle(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        asked_at = bench.clock.utc_s()
        burst = await bench.board.measure(INFRARED)
        assert burst.utc_s == pytest.approx(asked_at + 0.125 + 0.2, abs=0.01)
        assert burst.end_us - burst.start_us == 400_000
        reference = burst.signals["1"]
        assert 0.08 < reference.mean_v < 0.25
        assert reference.minimum_v < reference.mean_v < reference.maximum_v
        assert 0 < reference.sigma_v < 0.01
        assert not reference.saturated
        dark = await bench.board.measure(DARK)
        assert dark.signals["1"].mean_v < 0.03
        await bench.board.set_gain("1", 0.256)
        fine = await bench.board.measure(INFRARED)
        assert fine.signals["1"].full_scale_v == 0.256
        assert fine.signals["1"].mean_v == pytest.approx(reference.mean_v, rel=0.05)
        assert fine.signals["2"].full_scale_v == burst.signals["2"].full_scale_v

    on_a_bench(in_bent_time, scenario)


def test_bursts_wait_for_one_another_and_for_one_given_up(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        given_up = asyncio.create_task(bench.board.measure(INFRARED))
        await asyncio.sleep(0.1)
        given_up.cancel()
        bursts = await asyncio.gather(*(bench.board.measure(INFRARED) for _ in range(3)))
        assert [a.end_us <= b.start_us for a, b in itertools.pairwise(bursts)] == [True, True]

    on_a_bench(in_bent_time, scenario)


def test_a_lost_burst_is_asked_for_again(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        measuring = asyncio.create_task(bench.board.measure(INFRARED))
        await asyncio.sleep(0.2)
        bench.misbehave("drop 1 to-host")
        await asyncio.sleep(0.4)  # the burst is sent at 0.525 s
        bench.misbehave("heal")
        burst = await measuring
        assert burst.utc_s == pytest.approx(EPOCH + 0.325, abs=0.01)
        assert asyncio.get_running_loop().time() < 1.0

    on_a_bench(in_bent_time, scenario)


def test_a_pump_run_is_timed_by_the_board(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        run = await bench.board.run_pump(2, 50, 250, 2.0)
        assert (run.channel, run.reason) == (2, "done")
        assert run.ran_s == pytest.approx(2.0, abs=0.01)
        assert run.utc_s == pytest.approx(EPOCH, abs=0.01)
        assert bench.truth()["media_pump_percent"] == 0

    on_a_bench(in_bent_time, scenario)


def test_cancelling_a_pump_run_stops_the_pump(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 60.0))
        await asyncio.sleep(1)
        assert bench.truth()["media_pump_percent"] > 0
        pumping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pumping
        assert bench.truth()["media_pump_percent"] == 0
        assert asyncio.get_running_loop().time() < 1.1

    on_a_bench(in_bent_time, scenario)


def test_stopping_a_pump_run_tells_how_long_it_ran(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 60.0))
        await asyncio.sleep(1)
        before_s = asyncio.get_running_loop().time()
        await bench.board.stop_pump(2)
        assert bench.truth()["media_pump_percent"] == 0
        assert asyncio.get_running_loop().time() - before_s < 0.05
        run = await pumping
        assert run.reason != "done"
        assert run.ran_s == pytest.approx(1.0, abs=0.02)

    on_a_bench(in_bent_time, scenario)


def test_a_pump_run_that_was_not_sent_yet_does_not_begin_after_its_stop(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        busy = asyncio.create_task(bench.board.set_led("A", 10, 5))
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 60.0))
        await asyncio.sleep(0)
        await bench.board.stop_pump(2)
        with pytest.raises(CommandRefusedError, match="stopped before"):
            await pumping
        await busy
        await asyncio.sleep(0.5)
        assert bench.truth()["media_pump_percent"] == 0

    on_a_bench(in_bent_time, scenario)


def test_a_pump_run_whose_link_is_lost_is_still_reported(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 3.0))
        await asyncio.sleep(1)
        bench.misbehave("unplug 6")
        run = await pumping
        assert run.ran_s == pytest.approx(3.0, abs=0.01)
        assert run.utc_s == pytest.approx(EPOCH, abs=0.01)

    on_a_bench(in_bent_time, scenario)


def test_a_pump_run_lost_with_a_restart_is_an_error_that_says_so(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 30.0))
        await asyncio.sleep(1)
        bench.misbehave("reboot")
        with pytest.raises(NotConnectedError, match="knows nothing of the run"):
            await pumping
        assert bench.truth()["media_pump_percent"] == 0

    on_a_bench(in_bent_time, scenario)


def test_a_pump_cancelled_while_unplugged_is_stopped_at_the_next_connection(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 60.0))
        await asyncio.sleep(1)
        bench.misbehave("unplug 5")
        await asyncio.sleep(1)
        pumping.cancel()
        await asyncio.wait((pumping,))
        await bench.board.wait_until_usable(10)
        assert bench.truth()["media_pump_percent"] == 0
        assert asyncio.get_running_loop().time() < 10

    on_a_bench(in_bent_time, scenario)


def test_all_off_overtakes_and_refuses_what_would_switch_on_again(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        bench.misbehave("delay 0.02")
        on = [asyncio.create_task(bench.board.set_led(led, 50, 10)) for led in "ABCD"]
        off = asyncio.create_task(bench.board.set_pwm(1, 0, 200, 0))
        await asyncio.sleep(0.01)
        await bench.board.all_off()
        await asyncio.wait(on)
        assert [isinstance(task.exception(), CommandRefusedError) for task in on] == [False, True, True, True]
        assert await off == 0
        assert sum(bench.truth()[f"led_{led}_percent"] for led in "abcd") == 0

    on_a_bench(in_bent_time, scenario)


def test_all_off_ends_a_measurement_with_words(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        measuring = asyncio.create_task(bench.board.measure(INFRARED))
        await asyncio.sleep(0.3)
        await bench.board.all_off()
        with pytest.raises(CommandRefusedError, match="switched off during the measurement"):
            await measuring
        assert asyncio.get_running_loop().time() < 0.31
        assert (await bench.board.measure(INFRARED)).signals["1"].mean_v > 0.08
        assert asyncio.get_running_loop().time() < 1.0

    on_a_bench(in_bent_time, scenario)


def test_all_off_while_unplugged_happens_at_the_next_connection(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.board.set_led("B", 50, 60)
        bench.misbehave("unplug 5")
        await asyncio.sleep(1)
        with pytest.raises(NotConnectedError):
            await bench.board.all_off()
        assert bench.truth()["led_b_percent"] > 0
        await bench.board.wait_until_usable(10)
        assert bench.truth()["led_b_percent"] == 0

    on_a_bench(in_bent_time, scenario)


def test_closing_switches_everything_off(in_bent_time: Bent) -> None:
    async def run() -> None:
        async with Bench() as bench:
            await bench.board.set_pwm(5, 40, 16, 3)
            bench.events.clear()
            closing = bench.board.close()
            simulated = bench.truth
            await closing
            assert simulated()["heater_percent"] == 0
            assert bench.states() == [LinkState.NO_BOARD]
            with pytest.raises(NotConnectedError):
                await bench.board.identify()

    in_bent_time(run())


def test_outputs_left_on_by_a_killed_program_go_off_at_the_first_connection(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        assert isinstance(bench.board, WiredBoard)
        pumping = asyncio.create_task(bench.board.run_pump(2, 50, 250, 200.0))
        await asyncio.sleep(1)
        keeper = bench.board._keeper
        await keeper.stop()  # as if killed: nothing was told to the board
        pumping.cancel()
        await asyncio.wait((pumping,))
        assert bench.truth()["media_pump_percent"] > 0
        heir = WiredBoard("heir", keeper._connector, utc_s=bench.clock.utc_s)
        await heir.open()
        await heir.wait_until_usable(5)
        assert bench.truth()["media_pump_percent"] == 0
        await heir.close()

    on_a_bench(in_bent_time, scenario)


def test_the_tachometer_agrees_with_the_motor(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        assert (await bench.board.read_tachometer(3)).rpm == 0
        await bench.board.set_pwm(1, 60, 200, 60)
        await asyncio.sleep(10)
        tachometer = await bench.board.read_tachometer(0.5)
        assert tachometer.rpm == pytest.approx(bench.truth()["stirrer_rpm"], rel=0.05)
        assert 3 < tachometer.edges < 12
        assert tachometer.utc_s == pytest.approx(bench.clock.utc_s(), abs=0.01)

    on_a_bench(in_bent_time, scenario)


def test_sensors_and_the_small_commands(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        assert await bench.board.read_heater_celsius() == pytest.approx(bench.truth()["heater_celsius"], abs=0.3)
        assert 4.5 < await bench.board.read_supply_v() < 5.5
        assert await bench.board.set_heater_cutoff(60) == 60
        await bench.board.identify()
        await bench.board.blink_error(4)
        bench.misbehave("press 0.5")
        await asyncio.sleep(1.5)
        assert [event.pressed for event in bench.told(ButtonMoved)] == [True, False]

    on_a_bench(in_bent_time, scenario)


def test_a_missing_thermometer_is_told_and_locks_the_heater(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        bench.misbehave("sensor-missing")
        await asyncio.sleep(2.5)
        with pytest.raises(CommandRefusedError):
            await bench.board.read_heater_celsius()
        with pytest.raises(CommandRefusedError, match="fault"):
            await bench.board.set_pwm(5, 10, 16, 3)
        assert bench.board.status is not None
        assert bench.board.status.heater_celsius is None
        assert bench.told(FaultRaised)[0].faults == ("thermometer missing",)
        bench.misbehave("heal")
        await bench.board.clear_faults()
        await bench.board.set_pwm(5, 10, 16, 3)

    on_a_bench(in_bent_time, scenario)


def test_unplug_and_replug_while_measuring(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await asyncio.sleep(30)
        measuring = asyncio.create_task(bench.board.measure(INFRARED))
        await asyncio.sleep(0.2)
        bench.misbehave("unplug 5")
        with pytest.raises(NotConnectedError):
            await measuring
        assert asyncio.get_running_loop().time() == pytest.approx(30.2, abs=0.01), "it fails at once, not when due"
        lost = bench.board.connection
        assert lost.state is LinkState.LOST
        assert lost.since_utc_s == pytest.approx(EPOCH + 30.2, abs=0.01)
        assert lost.detail
        assert lost.remedy
        assert bench.board.status is None
        with pytest.raises(NotConnectedError):
            await bench.board.identify()
        await asyncio.sleep(2)
        assert bench.board.connection.detail != lost.detail
        assert bench.board.connection.since_utc_s == lost.since_utc_s
        await bench.board.wait_until_usable(10)
        assert bench.states() == [LinkState.CONNECTING, LinkState.CONNECTED, LinkState.LOST, LinkState.CONNECTED]
        assert asyncio.get_running_loop().time() < 30.2 + 5 + 2.1
        assert bench.board.statistics.reconnects == 1
        burst = await bench.board.measure(INFRARED)
        assert burst.utc_s == pytest.approx(bench.clock.utc_s() - 0.2, abs=0.02)

    on_a_bench(in_bent_time, scenario)


def test_a_hung_board_is_noticed_and_comes_back(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await asyncio.sleep(10.2)
        bench.misbehave("hang")
        assert await bench.lost_after_s() < 3, "its watchdog restarts it after 2 s"
        await bench.board.wait_until_usable(10)
        utc_s = (await bench.board.read_tachometer(1)).utc_s
        assert utc_s == pytest.approx(bench.clock.utc_s(), abs=0.01), "the clock of the restarted board is mapped anew"

    on_a_bench(in_bent_time, scenario)


def test_a_silent_wire_is_noticed_though_nothing_is_asked(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await asyncio.sleep(10.2)
        bench.misbehave("drop 1 to-host")
        assert await bench.lost_after_s() < 6.5

    on_a_bench(in_bent_time, scenario)


def test_what_a_restarted_board_forgot_is_set_again(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.board.set_gain("2", 0.256)
        await bench.board.set_heater_cutoff(40)
        await bench.board.reboot()
        await bench.board.wait_until_usable(10)
        assert (await bench.board.measure(INFRARED)).signals["2"].full_scale_v == 0.256
        bench.misbehave("overheat 50")
        await asyncio.sleep(2)
        assert bench.told(FaultRaised)[0].faults == ("heater cut-off",)

    on_a_bench(in_bent_time, scenario)


def test_losing_frames_is_told_as_degraded_until_it_is_well_again(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        bench.misbehave("drop 0.2")
        for _ in range(20):
            await bench.board.measure(INFRARED)
            await asyncio.sleep(1)
        assert bench.board.connection.state is LinkState.DEGRADED
        assert "lost" in bench.board.connection.detail
        assert bench.board.connection.remedy
        assert bench.board.statistics.telemetry_lost > 0
        assert bench.board.statistics.commands_repeated > 0
        bench.misbehave("heal")
        await asyncio.sleep(15)
        assert bench.board.connection.state is LinkState.CONNECTED
        assert LinkState.LOST not in bench.states()
        degraded = [e for e in bench.told(ConnectionChanged) if e.connection.state is LinkState.DEGRADED]
        assert len(degraded) == 1, "it is told once, not at each loss"

    on_a_bench(in_bent_time, scenario)


@pytest.mark.parametrize("fault", ["corrupt 0.1", "duplicate 0.5", "truncate 0.1", "delay 0.2", "delay 0.6"])
def test_commands_work_on_a_bad_wire(in_bent_time: Bent, fault: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.misbehave(fault)
        for percent in range(1, 21):
            assert await bench.board.set_led("A", percent, 60) == pytest.approx(percent, abs=0.3)
            assert bench.truth()["led_a_percent"] == pytest.approx(percent, abs=0.3)
        burst = await bench.board.measure(INFRARED)
        assert burst.signals["1"].mean_v > 0.08
        assert LinkState.LOST not in bench.states()

    on_a_bench(in_bent_time, scenario)


def test_an_idle_hour_keeps_the_link_and_the_clock(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await asyncio.sleep(3600)
        assert bench.states() == [LinkState.CONNECTING, LinkState.CONNECTED]
        stamps = [event.status.utc_s for event in bench.told(StatusReported)]
        assert stamps == sorted(stamps)
        assert stamps[-1] == pytest.approx(bench.clock.utc_s(), abs=1.01)

    on_a_bench(in_bent_time, scenario)


def test_a_deaf_listener_does_not_silence_the_others(in_bent_time: Bent, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(bench: Bench) -> None:
        def deaf(_: BoardEvent) -> None:
            raise RuntimeError("deaf")

        subscription = bench.board.listen(deaf)
        heard: list[BoardEvent] = []
        bench.board.listen(heard.append)
        await asyncio.sleep(2.5)
        assert len(heard) >= 2
        assert "deaf" in caplog.text
        subscription.cancel()
        caplog.clear()
        await asyncio.sleep(2.5)
        assert not caplog.text

    on_a_bench(in_bent_time, scenario)


class Talker:
    """Something at the other end that is no board of ours."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers

    async def connect(self, receiver: Receiver) -> Transport:
        host, self.transport = connect_in_memory(receiver, self)
        return host

    def data_received(self, data: bytes) -> None:
        for answer in self.answers:
            self.transport.write(answer)

    def connection_lost(self, reason: str) -> None:
        pass


@pytest.mark.parametrize(
    ("talker", "state"), [(Talker(b">>> \x00"), LinkState.WRONG_FIRMWARE), (Talker(), LinkState.FOUND)]
)
def test_something_that_is_no_board_is_told_with_a_remedy(in_bent_time: Bent, talker: Talker, state: LinkState) -> None:
    async def run() -> None:
        board = WiredBoard("there", talker.connect, utc_s=Clock(asyncio.get_running_loop(), EPOCH).utc_s)
        await board.open()
        with pytest.raises(NotConnectedError) as caught:
            await board.wait_until_usable(20)
        assert board.connection.state is state
        assert "firmware" in caught.value.remedy
        await board.close()

    in_bent_time(run())


def with_dictionary(text: bytes) -> CountingBoard:
    board = CountingBoard()
    board.answers[messages.GET_DICTIONARY] = struct.pack("<H", len(text)) + text
    return board


def refusing_its_dictionary() -> CountingBoard:
    board = CountingBoard()
    board.refuse[messages.GET_DICTIONARY] = (messages.UNKNOWN_MESSAGE, "what?")
    return board


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (with_dictionary(b"{}"), "lacks 'protocol_version'"),
        (with_dictionary(b"x" * 300), "not JSON"),
        (with_dictionary(b""), "empty piece"),
        (refusing_its_dictionary(), "does not know this command"),
    ],
)
def test_a_board_with_unfit_firmware_is_told(in_bent_time: Bent, board: CountingBoard, words: str) -> None:
    async def run() -> None:
        wired = WiredBoard("there", board.connect, utc_s=Clock(asyncio.get_running_loop(), EPOCH).utc_s)
        await wired.open()
        with pytest.raises(NotConnectedError, match=words) as caught:
            await wired.wait_until_usable(20)
        assert wired.connection.state is LinkState.WRONG_FIRMWARE
        assert "firmware" in caught.value.remedy
        with pytest.raises(NotConnectedError):
            await wired.set_led("A", 1, 1)
        await wired.close()

    in_bent_time(run())


def test_a_setting_another_board_refuses_does_not_keep_it_from_connecting(in_bent_time: Bent) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.board.set_gain("1", 0.256)
        assert isinstance(bench.board, WiredBoard)
        bench.board._settings[messages.SET_GAIN, 1] = (1, 77)
        bench.misbehave("unplug 1")
        await bench.board.wait_until_usable(10)

    on_a_bench(in_bent_time, scenario)


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "socket://",
        "socket://host",
        "socket://host:port",
        "",
        "simulated:?x=1",
        "simulated:?seed=a",
        "simulated:seed=1",
        "replay:/nowhere/at/all",
    ],
)
def test_what_is_no_address_is_refused(in_bent_time: Bent, url: str) -> None:
    async def run() -> None:
        with pytest.raises(BoardError) as caught:
            create_board(url, utc_s=lambda: EPOCH)
        assert caught.value.remedy

    in_bent_time(run())
