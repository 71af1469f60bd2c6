"""A run's phases in words: what each is called, and what went wrong in those that did not pass."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.jobs.self_test_words import title_of_test
from gui.record.limits import limits_words, value_words, with_units
from gui.words import sentences

_WRONG = ("FAIL", "ERROR", "TIMEOUT")
# What else a program calls a phase: `hall_sensor`.
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_ABBREVIATIONS = {"adc": "ADC", "led": "LED", "pwm": "PWM"}
_MOST_TOLD = 3


def phase_title(name: str) -> str:
    """Return what a person calls a phase; names that are words already stay as they were written."""
    known = title_of_test(name)
    if known or not _PLAIN_NAME.fullmatch(name):
        return known or name
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def wrong_words(phases: list[dict[str, Any]]) -> str:
    """Say what went wrong in a run, a line for each of its first phases that did not pass; "" where all did."""
    wrong = [phase for phase in phases if phase["outcome"] in _WRONG]
    lines = [f"{phase_title(phase['name'])}: {_why(phase)}".removesuffix(": ") for phase in wrong[:_MOST_TOLD]]
    if len(wrong) > _MOST_TOLD:
        lines.append(QCoreApplication.translate("runs", "And {} more.").format(len(wrong) - _MOST_TOLD))
    return "\n".join(lines)


def _why(phase: dict[str, Any]) -> str:
    if phase["docstring"]:
        return sentences(str(phase["docstring"]))
    return ", ".join(_measured(each) for each in phase["measurements"] if each["outcome"] in _WRONG)


def _measured(measurement: dict[str, Any]) -> str:
    units = measurement["units"] or ""
    value = with_units(value_words(measurement["measured_value"]), units)
    limits = limits_words(measurement["validators"], units)
    return f"{measurement['name']} {value}" + (f" ({limits})" if limits else "")
