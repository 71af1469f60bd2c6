"""The commands that make a simulated board misbehave, as lines of text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from device.simulator.reactor import ALT_MEDIA, MEDIA, WASTE
from device.simulator.wire import FaultyWire

if TYPE_CHECKING:
    from device.simulator.board import SimulatedBoard

HELP = """\
drop P, corrupt P, duplicate P, truncate P [to-board|to-host]: do that to a frame with probability P (0 to 1)
delay S [to-board|to-host]: let frames take S seconds
unplug [S]: pull the USB plug (for S seconds); replug: put it back
hang [S]: stop the firmware (for S seconds; its watchdog restarts it after 2 s); reboot: restart the board
stall [jammed]: the stir bar comes loose until it is stopped and kicked (or jams until heal)
block CHANNEL: the pump on PWM channel 2, 3 or 4 moves nothing
led-dead: the infrared LED gives no light; saturate [CHANNEL]: a photodiode (2) sees more than it can tell
sensor-stuck, sensor-missing: the thermometer repeats itself, or does not answer
overheat [CELSIUS]: the heater board is suddenly that hot (90); supply VOLTS: the rail has this voltage
press [S]: the button is held for S seconds (0.5)
heal: undo all of these; state: the truth as one line of JSON; help: this text"""


class Misbehaviour:
    """Obeys command lines on a simulated board; `obey` returns what was done and raises ValueError with the reason."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._commands: dict[str, Callable[[list[str]], str]] = {
            **dict.fromkeys(("drop", "corrupt", "duplicate", "truncate"), self._spoil),
            "delay": self._delay,
            "unplug": self._unplug,
            "replug": self._replug,
            "hang": self._hang,
            "reboot": self._reboot,
            "stall": self._stall,
            "block": self._block,
            "led-dead": self._led_dead,
            "saturate": self._saturate,
            "sensor-stuck": self._sensor_stuck,
            "sensor-missing": self._sensor_missing,
            "overheat": self._overheat,
            "supply": self._supply,
            "press": self._press,
            "heal": self._heal,
            "state": self._state,
            "help": self._help,
        }

    def obey(self, line: str) -> str:
        """Do what one line says."""
        words = line.split()
        if not words:
            raise ValueError("an empty command; " + self._known())
        command = self._commands.get(words[0])
        if command is None:
            raise ValueError(f"unknown command {words[0]!r}; " + self._known())
        return command(words)

    def _known(self) -> str:
        return "known are " + ", ".join(self._commands)

    def _spoil(self, words: list[str]) -> str:
        wires = self._wires(words, 2)
        probability = _number(words, 1, "a probability", 0.0, 1.0)
        for wire in wires:
            setattr(wire, words[0], probability)
        return f"{words[0]} frames with probability {probability:g}{_direction(words, 2)}"

    def _delay(self, words: list[str]) -> str:
        wires = self._wires(words, 2)
        seconds = _number(words, 1, "seconds", 0.0, 60.0)
        for wire in wires:
            wire.delay_s = seconds
        return f"frames take {seconds:g} s{_direction(words, 2)}"

    def _wires(self, words: list[str], position: int) -> list[FaultyWire]:
        _no_more(words, position + 1)
        by_name = {"to-board": [self._board.to_board], "to-host": [self._board.to_host]}
        by_name["both"] = by_name["to-board"] + by_name["to-host"]
        name = words[position] if len(words) > position else "both"
        if name not in by_name:
            raise ValueError(f"a direction is to-board or to-host, not {name!r}")
        return by_name[name]

    def _unplug(self, words: list[str]) -> str:
        _no_more(words, 2)
        seconds = _number(words, 1, "seconds", 0.0, 1e6, default=math.inf)
        if math.isinf(seconds):
            self._board.unplug()
            return "unplugged"
        self._board.unplug(seconds)
        return f"unplugged for {seconds:g} s"

    def _replug(self, words: list[str]) -> str:
        _no_more(words, 1)
        self._board.replug()
        return "plugged in"

    def _hang(self, words: list[str]) -> str:
        _no_more(words, 2)
        seconds = _number(words, 1, "seconds", 0.0, 1e6, default=math.inf)
        self._board.hang(seconds)
        return "the firmware hangs" + ("" if math.isinf(seconds) else f" for {seconds:g} s")

    def _reboot(self, words: list[str]) -> str:
        _no_more(words, 1)
        self._board.reboot()
        return "the board restarts"

    def _stall(self, words: list[str]) -> str:
        _no_more(words, 2)
        jammed = len(words) > 1
        if jammed and words[1] != "jammed":
            raise ValueError(f"stall takes nothing or the word jammed, not {words[1]!r}")
        self._board.reactor.advance(self._board.now_us())
        stirrer = self._board.reactor.stirrer
        (stirrer.jam if jammed else stirrer.come_loose)(self._board.now_us())
        return "the stir bar is jammed" if jammed else "the stir bar came loose; it needs a stop and a kick"

    def _block(self, words: list[str]) -> str:
        _no_more(words, 2)
        channel = int(_number(words, 1, "a PWM channel", MEDIA, WASTE))
        self._board.reactor.pumps[channel].blocked = True
        return f"the {({MEDIA: 'media', ALT_MEDIA: 'alt-media', WASTE: 'waste'})[channel]} pump is blocked"

    def _led_dead(self, words: list[str]) -> str:
        _no_more(words, 1)
        self._board.reactor.led_dead = True
        return "the infrared LED is dead"

    def _saturate(self, words: list[str]) -> str:
        _no_more(words, 2)
        channel = int(_number(words, 1, "a photodiode channel", 1, 4, default=2))
        self._board.reactor.optics.saturated.add(channel)
        return f"photodiode {channel} is saturated"

    def _sensor_stuck(self, words: list[str]) -> str:
        _no_more(words, 1)
        reactor = self._board.reactor
        reactor.thermometer_stuck_celsius = reactor.read_celsius(self._board.now_us())
        return f"the thermometer is stuck at {reactor.thermometer_stuck_celsius:g} °C"

    def _sensor_missing(self, words: list[str]) -> str:
        _no_more(words, 1)
        self._board.reactor.thermometer_missing = True
        return "the thermometer does not answer"

    def _overheat(self, words: list[str]) -> str:
        _no_more(words, 2)
        celsius = _number(words, 1, "°C", 0.0, 150.0, default=90.0)
        self._board.reactor.advance(self._board.now_us())
        self._board.reactor.heat.board = celsius
        return f"the heater board is at {celsius:g} °C"

    def _supply(self, words: list[str]) -> str:
        _no_more(words, 2)
        volts = _number(words, 1, "volts", 0.0, 20.0)
        self._board.reactor.set_supply(self._board.now_us(), volts)
        return f"the supply has {volts:g} V"

    def _press(self, words: list[str]) -> str:
        _no_more(words, 2)
        seconds = _number(words, 1, "seconds", 0.0, 60.0, default=0.5)
        self._board.press_button(seconds)
        return f"the button is held for {seconds:g} s"

    def _heal(self, words: list[str]) -> str:
        _no_more(words, 1)
        self._board.to_board.heal()
        self._board.to_host.heal()
        self._board.reactor.heal(self._board.now_us())
        self._board.replug()
        return "all is well again"

    def _state(self, words: list[str]) -> str:
        _no_more(words, 1)
        return json.dumps(self._board.truth())

    def _help(self, words: list[str]) -> str:
        return HELP


def _number(words: list[str], position: int, what: str, low: float, high: float, *, default: float = math.nan) -> float:
    """Return a word as a number; `default` when it is left out, if there is one."""
    if len(words) <= position:
        if math.isnan(default):
            raise ValueError(f"{words[0]} needs {what}, {low:g} to {high:g}")
        return default
    try:
        value = float(words[position])
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ValueError(f"{words[0]} needs {what}, {low:g} to {high:g}, not {words[position]!r}")
    return value


def _no_more(words: list[str], most: int) -> None:
    if len(words) > most:
        raise ValueError(f"{words[0]} does not take {' '.join(words[most:])!r}")


def _direction(words: list[str], position: int) -> str:
    return f" {words[position]}" if len(words) > position else ""
