"""What the board protects by itself, whatever the host does: the heater's cut-off, the thermometer, the supply.

Faults latch: they stay until CLEAR_FAULTS comes and their cause is gone. While FAULT_HEATER_CUTOFF or
FAULT_THERMOMETER_MISSING is latched the heater stays off. A board that was started without a heater board has no such
fault, and no heating either.
"""

from device.firmware import messages
from device.firmware.hardware import Hardware
from device.firmware.outputs import Outputs

HEATER_CUTOFF_MAX_CELSIUS = 85.0  # of the heater board's own sensor; materials around it are good to this
HEATER_CUTOFF_DEFAULT_CELSIUS = 66.0
HEATER_CUTOFF_MIN_CELSIUS = 20.0

# The longest lease granted, by what is connected there. A heater nobody renews for 3 s has lost its host.
LEASE_LIMITS_MS = {"led": 60000, "stirring": 60000, "pump": 5000, "heater": 3000}

LOW_SUPPLY_V = 4.5
_CHECK_HEATING_US = 250000
_CHECK_IDLE_US = 1000000
_HEATER_FAULTS = messages.FAULT_HEATER_CUTOFF | messages.FAULT_THERMOMETER_MISSING


def lease_limit_ms(role: str) -> int:
    """Return the longest lease in milliseconds for a PWM channel of this role."""
    return LEASE_LIMITS_MS["pump" if role.endswith("pump") else role]


def heater_channel(hardware: Hardware) -> int:
    """Return the PWM channel that drives the heater, 0 when the board has none."""
    return hardware.pwm_roles.index("heater") + 1 if "heater" in hardware.pwm_roles else 0


class Safety:
    """Watches temperature and supply, latches faults and says whether the heater may be on.

    Attributes:
        faults: bits of the latched faults.
        celsius: latest temperature of the heater board, None when its thermometer does not answer.
        supply_v: latest supply voltage.
        heater_channel: the PWM channel guarded, 0 when there is none.
    """

    def __init__(self, hardware: Hardware, outputs: Outputs) -> None:
        self._hardware = hardware
        self._outputs = outputs
        self._cutoff_celsius = HEATER_CUTOFF_DEFAULT_CELSIUS
        self._next_check_us = 0
        self.heater_channel = heater_channel(hardware)
        self.faults = 0
        self.celsius: "float | None" = None
        self.supply_v = 0.0

    def set_cutoff(self, celsius: float) -> float:
        """Set the cut-off temperature, already checked; return it."""
        self._cutoff_celsius = celsius
        self._next_check_us = 0
        return celsius

    def heater_allowed(self) -> bool:
        """Return whether no latched fault forbids heating."""
        return self._hardware.has_thermometer and not self.faults & _HEATER_FAULTS

    def raise_fault(self, fault: int) -> None:
        """Latch a fault found elsewhere."""
        self.faults |= fault

    def clear(self) -> None:
        """Let go of every fault; what still persists is found again at once."""
        self.faults = 0
        self.measure()

    def measure(self) -> None:
        """Read thermometer and supply, and latch what they show."""
        self.celsius = self._hardware.read_celsius()
        self.supply_v = self._hardware.read_supply_v()
        if self.celsius is None:
            if self._hardware.has_thermometer:
                self.faults |= messages.FAULT_THERMOMETER_MISSING
        elif not self.celsius <= self._cutoff_celsius:
            self.faults |= messages.FAULT_HEATER_CUTOFF
        if self.supply_v < LOW_SUPPLY_V:
            self.faults |= messages.FAULT_LOW_SUPPLY

    def step(self, now_us: int) -> "int | None":
        """Check if it is time; return why the heater was switched off now, None when it was not."""
        heating = self.heater_channel > 0 and self._outputs.pwm_percent(self.heater_channel) > 0
        if now_us >= self._next_check_us:
            self.measure()
            self._next_check_us = now_us + (_CHECK_HEATING_US if heating else _CHECK_IDLE_US)
        if not heating or self.heater_allowed():
            return None
        self._outputs.switch_off(True, self.heater_channel)
        if self.faults & messages.FAULT_HEATER_CUTOFF:
            return messages.BECAUSE_CUTOFF
        return messages.BECAUSE_SENSOR

    def heater_set(self, now_us: int) -> None:
        """Have the next check soon if the heater is about to be switched on; while it is on there are checks enough."""
        if self._outputs.pwm_percent(self.heater_channel) == 0:
            self._next_check_us = min(self._next_check_us, now_us + _CHECK_HEATING_US)

    def skip_checks(self, now_us: int, before_us: int) -> None:
        """Leave out the checks before `before_us` that can find nothing, as far as the hardware knows that."""
        if before_us > self._next_check_us:
            calm_us = self._hardware.calm_us(self._cutoff_celsius, LOW_SUPPLY_V)
            if calm_us:
                self._next_check_us = max(self._next_check_us, min(before_us, now_us + calm_us))

    def resume_checks(self, now_us: int) -> None:
        """Go back to the full rhythm: something has happened that the hardware could not know."""
        self._next_check_us = min(self._next_check_us, now_us + _CHECK_HEATING_US)

    def next_due_us(self) -> int:
        """Return when the next check is due."""
        return self._next_check_us
