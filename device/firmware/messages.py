"""The vocabulary on the wire: what the host can ask, what the board answers and reports.

Written once for both sides; runs under CPython and MicroPython. Each message is one byte of identity followed by
packed fields, little endian. Units are in the field names; durations and board times are microseconds unless the
name says otherwise; percentages are 0..100 as 32-bit floats.
"""

import struct

PROTOCOL_VERSION = 1

# Payloads of HELLO and WELCOME frames.
HELLO_FORMAT = "<HI"  # protocol_version, nonce
WELCOME_FORMAT = "<HIIB"  # protocol_version, nonce, boot_id, status

# Every REPLY starts with the message's identity and one of these.
OK = 0
UNKNOWN_MESSAGE = 1
BAD_ARGUMENT = 2  # a channel that is not there, a value outside its range
BUSY = 3  # a measurement or a pump run on that channel is under way
FAULT = 4  # refused because a fault is latched (heater cut-off, thermometer missing)
NO_SESSION = 5  # the board has restarted or another host took over: say HELLO again
OUT_OF_ORDER = 6  # a command went missing: say HELLO again
PROTOCOL_MISMATCH = 7  # in WELCOME only

# Commands.
PING = 0x10
GET_DICTIONARY = 0x11
IDENTIFY = 0x12
BLINK_ERROR = 0x13
REBOOT = 0x14
SET_TELEMETRY_PERIOD = 0x15
SET_LED = 0x20
SET_PWM = 0x21
RUN_PUMP = 0x22
GET_PUMP_RUN = 0x23
ALL_OFF = 0x24
SET_HEATER_CUTOFF = 0x25
CLEAR_FAULTS = 0x26
SET_GAIN = 0x30
MEASURE = 0x31
GET_BURST = 0x32
READ_TACHOMETER = 0x33
READ_THERMOMETER = 0x34
READ_SUPPLY = 0x35

# Telemetry.
STATUS = 0x80
BURST = 0x81
PUMP_DONE = 0x82
OUTPUT_OFF = 0x83
FAULT_RAISED = 0x84
BUTTON = 0x85

# Why an output went off (OUTPUT_OFF, PUMP_DONE).
BECAUSE_DONE = 0
BECAUSE_TOLD = 1
BECAUSE_LEASE_EXPIRED = 2
BECAUSE_CUTOFF = 3
BECAUSE_SENSOR = 4

# Bits of `faults` in STATUS and FAULT_RAISED.
FAULT_HEATER_CUTOFF = 1
FAULT_THERMOMETER_MISSING = 2
FAULT_PHOTODIODE_SATURATED = 4
FAULT_LOW_SUPPLY = 8

LED_CHANNELS = 4
PWM_CHANNELS = 5
PHOTODIODE_CHANNELS = 4

_BURST = "HQQHI" + "BiiiQ" * PHOTODIODE_CHANNELS
_BURST_FIELDS = ("burst_id", "start_us", "end_us", "samples", "saturated_mask") + tuple(
    "%s_%d" % (field, channel)
    for channel in range(1, PHOTODIODE_CHANNELS + 1)
    for field in ("gain", "sum", "minimum", "maximum", "sum_of_squares")
)
_PUMP_RUN = "HBQIB"
_PUMP_RUN_FIELDS = ("run_id", "channel", "start_us", "ran_us", "reason")

# identity -> (format, field names) of what the host sends.
REQUESTS = {
    PING: ("Q", ("host_us",)),
    GET_DICTIONARY: ("H", ("offset",)),
    IDENTIFY: ("", ()),
    BLINK_ERROR: ("B", ("code",)),
    REBOOT: ("", ()),
    SET_TELEMETRY_PERIOD: ("I", ("period_ms",)),
    SET_LED: ("BfI", ("channel", "intensity_percent", "lease_ms")),
    SET_PWM: ("BffI", ("channel", "duty_percent", "frequency_hz", "lease_ms")),
    RUN_PUMP: ("HBffI", ("run_id", "channel", "duty_percent", "frequency_hz", "duration_us")),
    GET_PUMP_RUN: ("H", ("run_id",)),
    ALL_OFF: ("", ()),
    SET_HEATER_CUTOFF: ("f", ("cutoff_celsius",)),
    CLEAR_FAULTS: ("", ()),
    SET_GAIN: ("BB", ("channel", "gain")),
    MEASURE: ("HBfIIB", ("burst_id", "led_channel", "intensity_percent", "settle_us", "window_us", "dark_others")),
    GET_BURST: ("H", ("burst_id",)),
    READ_TACHOMETER: ("I", ("window_us",)),
    READ_THERMOMETER: ("", ()),
    READ_SUPPLY: ("", ()),
}

# identity -> (format, field names) after the status byte of an OK reply. Other replies carry a UTF-8 explanation.
REPLIES = {
    PING: ("Q", ("board_us",)),
    GET_DICTIONARY: ("H", ("total_bytes",)),  # followed by the chunk of JSON
    SET_LED: ("f", ("intensity_percent",)),
    SET_PWM: ("f", ("duty_percent",)),
    RUN_PUMP: ("Q", ("start_us",)),
    GET_PUMP_RUN: (_PUMP_RUN, _PUMP_RUN_FIELDS),
    SET_HEATER_CUTOFF: ("f", ("cutoff_celsius",)),
    GET_BURST: (_BURST, _BURST_FIELDS),
    READ_TACHOMETER: ("HIIQ", ("edges", "span_us", "since_last_edge_us", "board_us")),
    READ_THERMOMETER: ("fQ", ("celsius", "board_us")),
    READ_SUPPLY: ("f", ("volts",)),
}

# identity -> (format, field names) of telemetry.
TELEMETRY = {
    STATUS: (
        "QffHHHI" + "f" * (LED_CHANNELS + PWM_CHANNELS),
        ("board_us", "celsius", "supply_volts", "faults", "leases_expired", "frames_skipped", "hall_edges")
        + tuple("led_%d_percent" % (i + 1) for i in range(LED_CHANNELS))
        + tuple("pwm_%d_percent" % (i + 1) for i in range(PWM_CHANNELS)),
    ),
    BURST: (_BURST, _BURST_FIELDS),
    PUMP_DONE: (_PUMP_RUN, _PUMP_RUN_FIELDS),
    OUTPUT_OFF: ("QBBB", ("board_us", "is_pwm", "channel", "reason")),
    FAULT_RAISED: ("QH", ("board_us", "faults")),
    BUTTON: ("QB", ("board_us", "pressed")),
}


def pack(identity: int, layout: str, *values: object) -> bytes:
    """Return one message: its identity and the values in `layout`'s order."""
    return struct.pack("<B" + layout, identity, *values)


def unpack(layout: str, names: "tuple[str, ...]", data: bytes) -> "dict[str, int | float]":
    """Return the fields of `data` by name; raise ValueError when its length does not fit `layout`."""
    if len(data) != struct.calcsize("<" + layout):
        raise ValueError("%d bytes where %d are needed" % (len(data), struct.calcsize("<" + layout)))
    return dict(zip(names, struct.unpack("<" + layout, data)))


def refusal(identity: int, status: int, text: str) -> bytes:
    """Return the payload of a REPLY that is not OK, with its explanation."""
    return struct.pack("<BB", identity, status) + text.encode()[:400]
