"""The guided calibrations that come with the program, by the device they calibrate."""

from __future__ import annotations

from core.calibrations.sessions.duration_based import DurationBased
from core.calibrations.sessions.protocol import SessionProtocol

PUMPS = ("alt_media_pump", "media_pump", "waste_pump")

BUILT_IN_PROTOCOLS: tuple[tuple[str, type[SessionProtocol]], ...] = (*((pump, DurationBased) for pump in PUMPS),)
