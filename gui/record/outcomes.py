"""Outcomes of runs, phases and measurements as people read them: a word, an icon and a colour."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

# Word, icon, tone.
_OUTCOMES: dict[str, tuple[str, str, str]] = {
    "PASS": (str(QT_TRANSLATE_NOOP("outcomes", "Passed")), "ok", "ok"),
    "FAIL": (str(QT_TRANSLATE_NOOP("outcomes", "Failed")), "alarm", "alarm"),
    "ERROR": (str(QT_TRANSLATE_NOOP("outcomes", "Error")), "warning", "warn"),
    "TIMEOUT": (str(QT_TRANSLATE_NOOP("outcomes", "Timed out")), "clock", "warn"),
    "ABORTED": (str(QT_TRANSLATE_NOOP("outcomes", "Aborted")), "stop", "warn"),
    "SKIP": (str(QT_TRANSLATE_NOOP("outcomes", "Skipped")), "next", "quiet"),
    "UNSET": (str(QT_TRANSLATE_NOOP("outcomes", "Not judged")), "empty", "quiet"),
}
RUN_OUTCOMES = ("PASS", "FAIL", "ERROR", "TIMEOUT", "ABORTED")


def outcome_shown(outcome: str) -> tuple[str, str, str]:
    """Return word, icon and tone of an outcome; one not known here is shown as it is."""
    word, icon_name, tone = _OUTCOMES.get(outcome, (outcome, "note", "note"))
    return QCoreApplication.translate("outcomes", word), icon_name, tone
