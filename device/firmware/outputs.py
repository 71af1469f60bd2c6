"""LEDs and PWM outputs, each with a lease: what is not renewed goes off by itself.

Values are percent as asked for, rounded to what the drivers can do; a lease is a board time in microseconds.
"""

from device.firmware import messages
from device.firmware.hardware import LED_LEVELS, PWM_LEVELS, Hardware


class Output:
    """One output: its driver level, its lease's end, None when off."""

    def __init__(self) -> None:
        self.level = 0
        self.frequency_hz = 0.0
        self.until_us: "int | None" = None


class Outputs:
    """All outputs of the board.

    Attributes:
        leases_expired: outputs switched off because nobody renewed them, since the start.
    """

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._leds = [Output() for _ in range(messages.LED_CHANNELS)]
        self._pwms = [Output() for _ in range(messages.PWM_CHANNELS)]
        self._overlay: "dict[int, int] | None" = None
        self._next_end_us: "int | None" = None
        self.leases_expired = 0
        self.all_off()

    def set_led(self, channel: int, percent: float, until_us: int) -> float:
        """Light LED 1 to 4 until `until_us`; return the percent applied. Hidden while a measurement has the LEDs."""
        led = self._leds[channel - 1]
        led.level = int(percent * LED_LEVELS / 100 + 0.5)
        led.until_us = until_us if led.level else None
        self._find_next_end()
        self._show_led(channel)
        return led.level * 100 / LED_LEVELS

    def set_pwm(self, channel: int, percent: float, frequency_hz: float, until_us: int) -> float:
        """Drive PWM output 1 to 5 until `until_us`; return the percent applied."""
        pwm = self._pwms[channel - 1]
        pwm.level = int(percent * PWM_LEVELS / 100 + 0.5)
        pwm.frequency_hz = frequency_hz
        pwm.until_us = until_us if pwm.level else None
        self._find_next_end()
        self._hardware.set_pwm(channel, pwm.level, frequency_hz)
        return pwm.level * 100 / PWM_LEVELS

    def pwm_percent(self, channel: int) -> float:
        """Return the duty of PWM output 1 to 5."""
        return self._pwms[channel - 1].level * 100 / PWM_LEVELS

    def percents(self) -> "list[float]":
        """Return what all LEDs really show, then the duties of all PWM outputs."""
        leds = [self._led_level(index + 1) * 100 / LED_LEVELS for index in range(messages.LED_CHANNELS)]
        return leds + [pwm.level * 100 / PWM_LEVELS for pwm in self._pwms]

    def overlay_leds(self, channel: int, percent: float, dark_others: bool) -> None:
        """Light LED `channel` (0 for none) for a measurement; the rest goes dark when `dark_others`."""
        overlay = {}
        if dark_others:
            for other in range(1, messages.LED_CHANNELS + 1):
                overlay[other] = 0
        if channel:
            overlay[channel] = int(percent * LED_LEVELS / 100 + 0.5)
        self._overlay = overlay
        self._show_leds()

    def restore_leds(self) -> None:
        """End the measurement's hold: LEDs show again what they were set to, or nothing if the lease has ended."""
        self._overlay = None
        self._show_leds()

    def switch_off(self, is_pwm: bool, channel: int) -> None:
        """Switch one output off."""
        if is_pwm:
            self.set_pwm(channel, 0.0, self._pwms[channel - 1].frequency_hz, 0)
        else:
            self.set_led(channel, 0.0, 0)

    def all_off(self) -> None:
        """Switch everything off, a measurement's LED too."""
        self._overlay = None
        for channel in range(1, messages.LED_CHANNELS + 1):
            self.set_led(channel, 0.0, 0)
        for channel in range(1, messages.PWM_CHANNELS + 1):
            self.switch_off(True, channel)

    def expire(self, now_us: int) -> "list[tuple[bool, int]]":
        """Switch off what is past its lease; return those outputs as (is a PWM output, channel)."""
        if self._next_end_us is None or now_us < self._next_end_us:
            return []
        gone = []
        for is_pwm, group in ((False, self._leds), (True, self._pwms)):
            for index, output in enumerate(group):
                if output.until_us is not None and output.until_us <= now_us:
                    gone.append((is_pwm, index + 1))
        for is_pwm, channel in gone:
            self.switch_off(is_pwm, channel)
        self.leases_expired += len(gone)
        return gone

    def next_due_us(self) -> "int | None":
        """Return when the next lease ends, None when everything is off."""
        return self._next_end_us

    def _find_next_end(self) -> None:
        due = None
        for group in (self._leds, self._pwms):
            for output in group:
                until_us = output.until_us
                if until_us is not None and (due is None or until_us < due):
                    due = until_us
        self._next_end_us = due

    def _led_level(self, channel: int) -> int:
        if self._overlay is not None and channel in self._overlay:
            return self._overlay[channel]
        return self._leds[channel - 1].level

    def _show_led(self, channel: int) -> None:
        self._hardware.set_led(channel, self._led_level(channel))

    def _show_leds(self) -> None:
        for channel in range(1, messages.LED_CHANNELS + 1):
            self._show_led(channel)
