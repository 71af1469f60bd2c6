"""The guided calibrations that come with the program."""

from __future__ import annotations

from core.calibrations.sessions.dc_based import DcBased
from core.calibrations.sessions.duration_based import DurationBased
from core.calibrations.sessions.od_fusion_offset import OdFusionOffset
from core.calibrations.sessions.od_fusion_standards import OdFusionStandards
from core.calibrations.sessions.protocol import SessionProtocol
from core.calibrations.sessions.standards import Standards

BUILT_IN_PROTOCOLS: tuple[type[SessionProtocol], ...] = (
    DcBased,
    DurationBased,
    OdFusionOffset,
    OdFusionStandards,
    Standards,
)
