"""The jobs every unit has."""

from __future__ import annotations

from core.automations.built_in import AUTOMATIONS
from core.jobs.dosing import AddAltMedia, AddMedia, CirculateAltMedia, CirculateMedia, Pumps, RemoveWaste
from core.jobs.growth_rate import ClearGrowthRateCache, GrowthRateCalculating
from core.jobs.job import Job
from core.jobs.led_intensity import LedIntensity
from core.jobs.monitor import Monitor
from core.jobs.od_blank import DeleteOdBlank, OdBlank
from core.jobs.od_reading import OdReading
from core.jobs.self_test import SelfTest
from core.jobs.stirring import Stirring

BUILT_IN_JOBS: tuple[type[Job], ...] = (
    AddAltMedia,
    AddMedia,
    CirculateAltMedia,
    CirculateMedia,
    ClearGrowthRateCache,
    DeleteOdBlank,
    GrowthRateCalculating,
    Monitor,
    OdBlank,
    OdReading,
    LedIntensity,
    Pumps,
    RemoveWaste,
    SelfTest,
    Stirring,
    *AUTOMATIONS,
)
