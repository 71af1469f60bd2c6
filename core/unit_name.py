"""What this unit is called."""

from __future__ import annotations

import platform
import re

from core.config import Config


def unit_name(config: Config) -> str:
    """Return the configured name of the unit, the computer's when there is none."""
    return config.text("unit", "name") or computer_name()


def computer_name() -> str:
    """Return the computer's name in the form of a host name."""
    name = re.sub(r"[^a-z0-9-]+", "-", platform.node().partition(".")[0].lower()).strip("-")
    return name or "vialdesk"
