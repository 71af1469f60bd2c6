"""What the self-test tries, in words: its log names each test as programs know it."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from core.schemas.self_test_titles import TITLES
from gui.words import sentences

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
    return _tr(TITLES[name]) if name in TITLES else ""


def _title(name: str) -> str:
    return title_of_test(name) or name.removeprefix("test_").replace("_", " ")


def _tr(text: str) -> str:
    return QCoreApplication.translate("jobs", text)
