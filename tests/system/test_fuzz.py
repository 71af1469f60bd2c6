"""A short run of the fuzzer; `make fuzz` is the long one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)
def test_every_answer_is_one_the_description_announces() -> None:
    """Seeded, so that what fails fails again."""
    command = [sys.executable, "-m", "tests.fuzz", "--examples", "2", "--seed", "20260101"]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=580)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    generated = [int(number) for number in re.findall(r"(\d+) generated", ended.stdout)]
    assert len(generated) == 2, "both APIs"
    assert min(generated) > 4000
