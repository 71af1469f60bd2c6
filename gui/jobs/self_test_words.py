"""What the self-test tries, in words: its log names each test as programs know it."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from gui.words import sentences

_TESTS = {
    "test_pioreactor_HAT_present": "Board answers",
    "test_all_positive_correlations_between_pds_and_leds": "Photodiodes see the LEDs",
    "test_ambient_light_interference": "No light from outside",
    "test_dark_offset_correction_is_effective": "Dark offset is corrected",
    "test_REF_is_lower_than_0_dot_256_volts": "Reference photodiode is not too bright",
    "test_REF_is_in_correct_position": "Reference photodiode is in its place",
    "test_PD_is_near_0_volts_for_blank": "Clear water reads near 0",
    "test_detect_heating_pcb": "Heater board answers",
    "test_positive_correlation_between_temperature_and_heating": "Heat follows the heater",
    "test_positive_correlation_between_rpm_and_stirring": "Speed follows the stirrer",
    "test_aux_power_is_not_too_high": "Supply is not too high",
}
_VERDICT = re.compile(r"^(test_\w+) (passed|failed|was left out): (.*)$", re.DOTALL)
_NAME = re.compile(r"\btest_\w+")


def in_words(message: str) -> str:
    """Return a line of the log with every test named as people name it."""
    verdict = _VERDICT.match(message)
    if verdict is not None:
        name, result, detail = verdict.groups()
        return f"{_title(name)}: {_tr(result)}. {sentences(detail)}"
    return _NAME.sub(lambda found: _title(found.group()), message)


def title_of_test(name: str) -> str:
    """Return what a test of the self-test is called; "" for another name."""
    return _tr(_TESTS[name]) if name in _TESTS else ""


def _title(name: str) -> str:
    return title_of_test(name) or name.removeprefix("test_").replace("_", " ")


def _tr(text: str) -> str:
    return QCoreApplication.translate("jobs", text)
