"""Heat: the heater board and the vial as two bodies in a room, stepped exactly."""

from __future__ import annotations

import math

_POWER_W = 4.91  # heater at full duty and 5 V
_BOARD_J_PER_K = 4.34
_BOARD_TO_VIAL_W_PER_K = 0.167
_BOARD_TO_ROOM_W_PER_K = 0.0117
_VIAL_TO_ROOM_W_PER_K = 0.0269
_GLASS_J_PER_K = 33.0
_WATER_J_PER_K_ML = 4.2
_LED_TAU_S = 600.0
_LED_SHARE = 0.3  # how far the LED follows the vial's warmth


class Heat:
    """Temperatures in °C.

    Attributes:
        board: the heater board's, where the thermometer sits.
        vial: the culture's.
        led: the infrared LED's, which follows the vial slowly.
        room: the air around.
    """

    def __init__(self, room: float) -> None:
        self.room = self.board = self.vial = self.led = room

    def advance(self, dt_s: float, duty: float, supply_v: float, volume_ml: float) -> None:
        """Go on by `dt_s` at a constant heater duty 0..1, room temperature and volume."""
        vial_j_per_k = _GLASS_J_PER_K + _WATER_J_PER_K_ML * volume_ml
        to_vial = _BOARD_TO_VIAL_W_PER_K
        a = -(to_vial + _BOARD_TO_ROOM_W_PER_K) / _BOARD_J_PER_K
        b = to_vial / _BOARD_J_PER_K
        c = to_vial / vial_j_per_k
        d = -(to_vial + _VIAL_TO_ROOM_W_PER_K) / vial_j_per_k
        share = to_vial / (to_vial + _VIAL_TO_ROOM_W_PER_K)
        watts = _POWER_W * duty * (supply_v / 5.0) ** 2
        board_end = self.room + watts / (to_vial + _BOARD_TO_ROOM_W_PER_K - to_vial * share)
        vial_end = self.room + (board_end - self.room) * share
        x, y = self.board - board_end, self.vial - vial_end
        # exp(A t) of a 2x2 matrix with eigenvalues m + q and m - q: even I + odd (A - mI)
        mean = (a + d) / 2.0
        q = math.sqrt(mean * mean - (a * d - b * c))
        slow, fast = math.exp((mean + q) * dt_s), math.exp((mean - q) * dt_s)
        even, odd = (slow + fast) / 2.0, (slow - fast) / (2.0 * q)
        self.board = board_end + even * x + odd * ((a - mean) * x + b * y)
        self.vial = vial_end + even * y + odd * (c * x + (d - mean) * y)
        led_end = self.room + _LED_SHARE * (self.vial - self.room)
        self.led += (led_end - self.led) * -math.expm1(-dt_s / _LED_TAU_S)
