"""Growth rate: how fast the culture grows, estimated from optical density by an extended Kalman filter."""

from core.jobs.growth_rate.clear_cache import ClearGrowthRateCache
from core.jobs.growth_rate.job import GrowthRateCalculating

__all__ = ["ClearGrowthRateCache", "GrowthRateCalculating"]
