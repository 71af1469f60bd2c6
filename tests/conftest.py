"""What holds for every test: windows are drawn off the screen, files live in memory, Qt ends before the interpreter."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time: a change is to blame for what it breaks. A busy computer makes one slow, not wrong.
# `--hypothesis-profile=default` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

_MEMORY = Path("/dev/shm")  # Linux keeps what is here in memory
_ROOM_BYTES = 2 << 30

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Thousands of services begin and end here, each waiting for its disk a dozen times.
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None


_USUAL_TIMEOUT_S = 120


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that start whole programs, and begin with those that ask for more time than others."""
    for item in items:
        if "start_service" in getattr(item, "fixturenames", ()):
            item.add_marker("programs")
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=_USUAL_TIMEOUT_S))


def pytest_collection_finish() -> None:
    """Look for garbage no more in what thousands of tests share."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End the application in order: left to the interpreter's last moments, it dies after what it still needs."""
    gc.unfreeze()
    if "PySide6.QtWidgets" not in sys.modules:
        return
    import shiboken6
    from PySide6.QtCore import QCoreApplication, QEvent

    application = QCoreApplication.instance()
    if application is None:
        return
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    shiboken6.delete(application)
