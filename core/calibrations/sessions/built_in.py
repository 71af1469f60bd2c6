"""The guided calibrations that come with the program."""

from __future__ import annotations

from core.calibrations.sessions.duration_based import DurationBased
from core.calibrations.sessions.protocol import SessionProtocol

BUILT_IN_PROTOCOLS: tuple[type[SessionProtocol], ...] = (DurationBased,)
