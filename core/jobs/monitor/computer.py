"""The computer the service runs on: its disk, its processor, its addresses. Asking the system blocks: use a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.plugins.api import disk_space, ipv4_addresses

LEAST_FREE_GB = 3.0
HOTTEST_CPU_CELSIUS = 80.0
_BYTES_PER_GB = 1e9
# What the sensors of a processor are called on Intel, AMD, and single-board computers.
_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
_WLAN_NAMES = ("wl", "wi-fi", "wifi")
_ETHERNET_NAMES = ("eth", "en")


@dataclass(frozen=True)
class ComputerFacts:
    """What the computer says of itself at one moment.

    Attributes:
        free_disk_gb: on the disk with the data folder, in units of 10⁹ bytes.
        cpu_celsius: of the hottest sensor, None where the system tells none.
        ipv4: addresses other computers can reach, joined by commas.
        wlan_mac, ethernet_mac: addresses of the first such adapters, "" where there is none.
    """

    free_disk_gb: float
    cpu_celsius: float | None
    ipv4: str
    wlan_mac: str
    ethernet_mac: str

    def statistics(self, time: str) -> dict[str, Any]:
        """Return the value of the setting `computer_statistics`."""
        return {
            "free_disk_gb": round(self.free_disk_gb, 2),
            "cpu_temperature_celsius": self.cpu_celsius,
            "timestamp": time,
        }

    @property
    def is_disk_nearly_full(self) -> bool:
        """Whether the disk with the data folder has too little room."""
        return self.free_disk_gb < LEAST_FREE_GB

    def warnings(self) -> list[str]:
        """Return what the user must do something about."""
        found = []
        if self.is_disk_nearly_full:
            found.append(
                f"Only {self.free_disk_gb:.1f} GB are free on the disk with the data folder. Free some: when it is "
                "full, nothing can be recorded any more."
            )
        if self.cpu_celsius is not None and self.cpu_celsius > HOTTEST_CPU_CELSIUS:
            found.append(f"The processor is at {self.cpu_celsius:.0f} °C. Give the computer air.")
        return found


def look_at_computer(data_dir: Path) -> ComputerFacts:
    """Ask the system; raises OSError when the data folder's disk does not answer."""
    macs = _mac_addresses()
    return ComputerFacts(
        free_disk_gb=disk_space(data_dir)["available_bytes"] / _BYTES_PER_GB,
        cpu_celsius=_cpu_celsius(),
        ipv4=",".join(ipv4_addresses()),
        wlan_mac=_first(macs, _WLAN_NAMES),
        ethernet_mac=_first(macs, _ETHERNET_NAMES),
    )


def _cpu_celsius() -> float | None:
    # Not every system has the function.
    read = getattr(psutil, "sensors_temperatures", None)
    sensors = read() if read else {}
    found = [each.current for name in _CPU_SENSORS for each in sensors.get(name, ())]
    return round(max(found), 1) if found else None


def _mac_addresses() -> dict[str, str]:
    """Return the hardware address of each network adapter, by its name in small letters."""
    return {
        name.lower(): address.address.replace("-", ":").lower()
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family == psutil.AF_LINK
    }


def _first(macs: dict[str, str], beginnings: tuple[str, ...]) -> str:
    return next((macs[name] for name in sorted(macs) if name.startswith(beginnings)), "")
