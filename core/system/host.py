"""The computer the service runs on: switched off, restarted or set to another time only when it belongs to the unit.

A laptop is somebody's: only with `dedicated_host` in section [system] of the configuration is it touched. What is
needed are the operating system's own commands; where they are missing or refuse, the host stays as it is.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys

from core.clock import timestamp
from core.config import Config, ConfigError

_log = logging.getLogger(__name__)
_COMMAND_WITHIN_S = 5

_Commands = dict[str, tuple[str, ...]]
_LINUX: _Commands = {"reboot": ("systemctl", "reboot"), "shutdown": ("systemctl", "poweroff")}
_MACOS: _Commands = {"reboot": ("shutdown", "-r", "+1"), "shutdown": ("shutdown", "-h", "+1")}
_WINDOWS: _Commands = {"reboot": ("shutdown", "/r", "/t", "5"), "shutdown": ("shutdown", "/s", "/t", "5")}
_BY_PLATFORM: dict[str, _Commands] = {"darwin": _MACOS, "win32": _WINDOWS}
_WORDS = {"reboot": "rebooting", "shutdown": "shutting down"}


def is_dedicated(config: Config) -> bool:
    """Whether the computer belongs to the unit alone; it does not when the setting cannot be understood."""
    try:
        return config.boolean("system", "dedicated_host")
    except ConfigError as error:
        _log.error("%s The computer is left alone.", error.error)
        return False


async def change_host_power(config: Config, action: str) -> str:
    """Reboot or shut down a dedicated host (`action` is "reboot" or "shutdown").

    Returns:
        What becomes of the host: "rebooting", "shutting down" or "untouched".
    """
    if not is_dedicated(config) or not await asyncio.to_thread(_run, *_BY_PLATFORM.get(sys.platform, _LINUX)[action]):
        return "untouched"
    return _WORDS[action]


async def set_host_clock(config: Config, utc_s: float) -> bool:
    """Set the clock of a dedicated host; return whether that was done."""
    if not is_dedicated(config) or sys.platform == "win32":
        return False
    return await asyncio.to_thread(_run, "date", "-u", "-s", timestamp(utc_s))


def _run(name: str, *arguments: str) -> bool:
    program = shutil.which(name)
    if program is None:
        _log.error("The host stays as it is: there is no command %s.", name)
        return False
    try:
        done = subprocess.run(  # noqa: S603 - a command of the operating system, with words of ours
            [program, *arguments], capture_output=True, text=True, timeout=_COMMAND_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.error("The host stays as it is: %s failed (%s).", name, error)
        return False
    if done.returncode:
        _log.error("The host stays as it is: %s says %s", name, done.stderr.strip()[-300:] or done.returncode)
    return done.returncode == 0
