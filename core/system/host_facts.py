"""Facts about the computer: addresses, memory, the disk under the data folder; all of them ask the system and block."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import psutil


def ipv4_addresses() -> list[str]:
    """Return the computer's IPv4 addresses but those that lead nowhere else, in the order of its interfaces."""
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not address.address.startswith(("127.", "169.254."))
    ]


def memory() -> dict[str, int]:
    """Return how much memory there is and how much of it programs can still have, in bytes."""
    found = psutil.virtual_memory()
    return {"available_bytes": found.available, "total_bytes": found.total}


def disk_space(data_dir: Path) -> dict[str, int]:
    """Return how large the volume with the data folder is and how much of it is free, in bytes."""
    found = shutil.disk_usage(data_dir)
    return {"available_bytes": found.free, "total_bytes": found.total}
