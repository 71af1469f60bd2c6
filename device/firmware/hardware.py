"""The one layer between the firmware and what it drives: pins on the board, physics in the simulated board.

A new board is built by writing one subclass of `Hardware`; every other module stays as it is. Nothing here decides
anything: limits, leases and protection are the firmware's. No method may block for longer than about a millisecond.
"""

from device.firmware import messages

LED_LEVELS = 255  # light-emitting diodes have 8-bit drivers
PWM_LEVELS = 65535  # PWM outputs have 16-bit duties


class PhotodiodeSum:
    """What one photodiode channel's converter said over one window, in raw counts.

    Attributes:
        gain: index into the hardware's `full_scale_v`.
        total: sum of the samples, and `minimum`, `maximum` and `squares` (sum of their squares).
        saturated: at least one sample was at the converter's limit.
        overvoltage: at least one sample was so high that the input may be harmed.
    """

    def __init__(self, gain: int) -> None:
        self.gain = gain
        self.total = 0
        self.minimum = 32767
        self.maximum = -32768
        self.squares = 0
        self.saturated = False
        self.overvoltage = False


class Hardware:
    """Pins, converters and the clock of one board.

    Attributes:
        board_name: for people, such as "Vialdesk reference board".
        adc: name of the photodiode converter.
        full_scale_v: full scale in volts of each gain, index = gain.
        pwm_roles: what the board's design connects to PWM channels 1 to 5.
        photodiode_channels: the channels whose converter is fitted, counted from 1.
        has_thermometer: a heater board with a thermometer is fitted.
    """

    board_name = "unknown"
    adc = "none"
    full_scale_v = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256)
    pwm_roles = ("stirring", "media pump", "alt-media pump", "waste pump", "heater")
    photodiode_channels = tuple(range(1, messages.PHOTODIODE_CHANNELS + 1))
    has_thermometer = True

    def now_us(self) -> int:
        """Return microseconds since the board started; never goes back, never wraps."""
        raise NotImplementedError

    def serial_number(self) -> str:
        """Return the number no other board has."""
        raise NotImplementedError

    def new_boot_id(self) -> int:
        """Return 32 random bits, drawn once per start."""
        raise NotImplementedError

    def set_led(self, channel: int, level: int) -> None:
        """Drive LED 1 to 4 at `level` of LED_LEVELS."""
        raise NotImplementedError

    def set_pwm(self, channel: int, level: int, frequency_hz: float) -> None:
        """Drive PWM output 1 to 5 at `level` of PWM_LEVELS."""
        raise NotImplementedError

    def set_status_led(self, lit: bool) -> None:
        """Light the status LED."""
        raise NotImplementedError

    def read_celsius(self) -> "float | None":
        """Return the heater board's temperature, None when its thermometer does not answer."""
        raise NotImplementedError

    def read_supply_v(self) -> float:
        """Return the voltage of the rail that feeds PWM outputs."""
        raise NotImplementedError

    def calm_us(self, cutoff_celsius: float, low_supply_v: float) -> int:
        """Return for how long heater and supply surely keep within these limits: checks until then may be left out.

        0 on a real board, where nobody knows. A simulated one knows, which saves most of its work.
        """
        return 0

    def button_pressed(self) -> bool:
        """Return whether the button is held down."""
        raise NotImplementedError

    def hall_edges(self) -> int:
        """Return how many turns the hall sensor has seen since the start."""
        raise NotImplementedError

    def hall_edge_times(self, since_us: int) -> "list[int]":
        """Return when the latest turns ended, oldest first, from `since_us` on; at most as many as are remembered."""
        raise NotImplementedError

    def set_gain(self, photodiode: int, gain: int) -> None:
        """Choose the full scale of photodiode 1 to 4; it stays until the next choice or restart."""
        raise NotImplementedError

    def start_sampling(self, window_us: int) -> None:
        """Begin to sample all photodiodes, evenly, for `window_us`, a whole number of mains periods."""
        raise NotImplementedError

    def poll_sampling(self) -> "tuple[int, list[PhotodiodeSum]] | None":
        """Take the samples that are due; at the window's end return (samples per channel, sums of channels 1 to 4)."""
        raise NotImplementedError

    def next_sample_us(self) -> int:
        """Return when `poll_sampling` is wanted next, at the latest at the end of the window."""
        raise NotImplementedError

    def reset(self) -> None:
        """Restart the board: all outputs go off. On real hardware this does not return."""
        raise NotImplementedError
