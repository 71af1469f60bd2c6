"""What a person types into a step's field, read as the service wants it; and what is wrong with it."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.calibrations.guided.step import StepField
from gui.jobs.numbers import NotANumberError, limits_text, number_of
from gui.words import sentences


def _tr(text: str) -> str:
    return QCoreApplication.translate("calibrations", text)


def shown_default(asked: StepField) -> str:
    """Return the default as it is typed; "" without one."""
    default = asked.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, list):
        return ", ".join(f"{float(value):.10g}" for value in default)
    return f"{default:.10g}" if isinstance(default, int | float) else str(default)


def hint_of(asked: StepField) -> str:
    """Say what helps to answer: the service's words, and the limits where both ends matter."""
    low, high = asked.limits
    # A bound that only keeps nonsense out is told when it is crossed.
    limits = limits_text(asked.limits, asked.unit) if low and high is not None else ""
    many = _tr("Several with commas between them") if asked.kind == "float_list" else ""
    return sentences(asked.help, many, limits)


def read_text(asked: StepField, text: str) -> Any:
    """Return what was typed as the service takes it.

    Raises:
        ValueError: it does not fit; says why.
    """
    text = text.strip()
    if not text:
        if asked.is_required and asked.default is None:
            raise ValueError(_tr("This is needed."))
        return ""
    if asked.kind == "float_list":
        # With semicolons between them a comma is a decimal one.
        parts = re.split(r"\s*;\s*" if ";" in text else r"\s*,\s*", text)
        return [_number(asked, part) for part in parts if part]
    return _number(asked, text) if asked.kind in ("float", "int") else text


def _number(asked: StepField, text: str) -> float | int:
    low, high = asked.limits
    value = number_of(text, whole=asked.kind == "int", limits=(None, None))
    for is_beyond, words in zip(
        (low is not None and value < low, high is not None and value > high), asked.beyond, strict=True
    ):
        if is_beyond:
            raise NotANumberError(
                sentences(words or _tr("It must be {}").format(limits_text(asked.limits, asked.unit)))
            )
    return value


def fault_of(name: str, cause: str) -> str:
    """Return what the service said of one field: it names the fields, each with its reason, one after another."""
    found = re.search(rf"(?:^|; ){re.escape(name)}: (.+?)(?=; \w+: |\.?$)", cause)
    return sentences(found[1]) if found else ""
