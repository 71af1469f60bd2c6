"""What a user does with mouse and keyboard."""

from __future__ import annotations

import subprocess


def by_hand(*arguments: str) -> None:
    """Do what `xdotool` is told."""
    subprocess.run(["xdotool", *arguments], check=True)
