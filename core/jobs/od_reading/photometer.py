"""Volts from photodiodes: dark offset, gain, smoothing, and the guard against too much light.

The board averages each photodiode over a window of whole periods of both 50 and 60 Hz, so mains hum is gone before
anything here sees it; no fit is needed. All values are volts at the converter's input.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.jobs.od_reading.averages import MovingAverage
from core.jobs.od_reading.channels import OpticalChannels
from core.plugins.api import Board, BurstRequest, CommandRefusedError, PhotodiodeBurst

WINDOW_S = 0.4  # 20 periods of 50 Hz, 24 of 60 Hz
_TUNING_FULL_SCALE_V = 4.096
_GAIN_MARGIN = 0.85
_LEVEL_WEIGHT = 0.05
_WARN_V, _STOP_V = 3.0, 3.2
_BLINK_SATURATED = 5


class TooMuchLightError(Exception):
    """A photodiode is above what its converter can take."""


@dataclass(frozen=True)
class LightReading:
    """Volts by photodiode channel, dark offset taken off.

    Attributes:
        utc_s: the middle of the measurement.
        volts: smoothed with the readings before.
        fresh_v: of this measurement alone.
    """

    utc_s: float
    volts: dict[str, float]
    fresh_v: dict[str, float]


class Photometer:
    """Measures the photodiodes of `channels` on one board.

    Args:
        warn: tells the user something.
        settle_s: time between lighting the LED and the first sample.
        dark_others: other LEDs are off meanwhile.
        uses_dark_offset: a reading without light is taken first and subtracted.
    """

    def __init__(
        self,
        channels: OpticalChannels,
        warn: Callable[[str], None],
        *,
        settle_s: float,
        dark_others: bool,
        uses_dark_offset: bool,
    ) -> None:
        self._channels = channels
        self._warn = warn
        self._settle_s = settle_s
        self._dark_others = dark_others
        self._uses_dark_offset = uses_dark_offset
        self._dark_v: dict[str, float] = dict.fromkeys(channels.all, 0.0)
        self._full_scale_v: dict[str, float] = {}
        self._level_v: dict[str, MovingAverage] = {}
        self._previous_v: dict[str, float] = {}

    async def prepare(self, board: Board, intensity_percent: float) -> LightReading:
        """Measure the dark, then the light once at the tuning gain, and choose each photodiode's gain by it.

        Raises:
            TooMuchLightError: a photodiode is above 3.2 V.
        """
        scales = sorted(board.dictionary.full_scale_v) if board.dictionary else [_TUNING_FULL_SCALE_V]
        tuning = next((scale for scale in scales if scale >= _TUNING_FULL_SCALE_V), scales[-1])
        self._full_scale_v.clear()
        await self._set_gains(board, dict.fromkeys(self._channels.all, tuning))
        if self._uses_dark_offset:
            dark = await board.measure(BurstRequest(None, 0.0, self._settle_s, WINDOW_S, dark_others=True))
            self._dark_v = {channel: dark.signals[channel].mean_v for channel in self._channels.all}
        burst = await self._burst(board, intensity_percent)
        self._level_v = {channel: MovingAverage(_LEVEL_WEIGHT) for channel in self._channels.all}
        self.forget()
        await self._watch_levels(board, burst)
        volts = self._subtract_dark(burst)
        return LightReading(burst.utc_s, volts, volts)

    def forget(self) -> None:
        """Begin smoothing anew: what was read before does not belong to what comes."""
        self._previous_v.clear()

    async def read(self, board: Board, intensity_percent: float, past_weight: float) -> LightReading:
        """Take one reading, with the weight of the reading before it (0 for no smoothing).

        Raises:
            TooMuchLightError: a photodiode is above 3.2 V.
        """
        burst = await self._burst(board, intensity_percent)
        if await self._open_up(board, burst):
            burst = await self._burst(board, intensity_percent)
        await self._watch_levels(board, burst)
        fresh_v = self._subtract_dark(burst)
        volts = {}
        for channel, value in fresh_v.items():
            previous = self._previous_v.get(channel, value)
            volts[channel] = round((1 - past_weight) * value + past_weight * previous, 10)
        self._previous_v = volts
        return LightReading(burst.utc_s, volts, fresh_v)

    async def _burst(self, board: Board, intensity_percent: float) -> PhotodiodeBurst:
        request = BurstRequest(
            self._channels.ir_led, intensity_percent, self._settle_s, WINDOW_S, dark_others=self._dark_others
        )
        return await board.measure(request)

    async def _open_up(self, board: Board, burst: PhotodiodeBurst) -> bool:
        """Give photodiodes that jumped out of their range the widest one; return whether there are any."""
        widest = max(board.dictionary.full_scale_v) if board.dictionary else 0.0
        signals = {channel: burst.signals[channel] for channel in self._channels.all}
        cut_off = [name for name, signal in signals.items() if signal.saturated and signal.full_scale_v < widest]
        await self._set_gains(board, dict.fromkeys(cut_off, widest))
        return bool(cut_off)

    def _subtract_dark(self, burst: PhotodiodeBurst) -> dict[str, float]:
        return {
            channel: max(0.0, burst.signals[channel].mean_v - self._dark_v[channel]) for channel in self._channels.all
        }

    async def _watch_levels(self, board: Board, burst: PhotodiodeBurst) -> None:
        """Follow each photodiode's level: choose the gain of the next reading by it, warn, and stop in time."""
        scales = sorted(board.dictionary.full_scale_v) if board.dictionary else []
        wanted: dict[str, float] = {}
        for channel in self._channels.all:
            mean_v = burst.signals[channel].mean_v
            if mean_v > _WARN_V:
                await board.blink_error(_BLINK_SATURATED)
                if mean_v > _STOP_V:
                    raise TooMuchLightError(f"photodiode {channel} reads {mean_v:.2f} V")
                self._warn(f"Photodiode {channel} reads {mean_v:.2f} V; above {_STOP_V} V OD reading ends.")
            level_v = self._level_v[channel].update(mean_v)
            if scales:
                wanted[channel] = full_scale_for(level_v, scales)
        await self._set_gains(board, wanted)

    async def _set_gains(self, board: Board, full_scale_v: dict[str, float]) -> None:
        for channel, scale in full_scale_v.items():
            if self._full_scale_v.get(channel) == scale:
                continue
            try:
                await board.set_gain(channel, scale)
            except CommandRefusedError:
                # A measurement that was given up, as when the job is stopped and started again, may be under way.
                await asyncio.sleep(self._settle_s + WINDOW_S)
                await board.set_gain(channel, scale)
            self._full_scale_v[channel] = scale


def full_scale_for(level_v: float, scales_v: list[float]) -> float:
    """Return the smallest of the ascending full scales of which `level_v` fills less than 85 %, else the largest."""
    return next((scale for scale in scales_v if level_v < _GAIN_MARGIN * scale), scales_v[-1])
