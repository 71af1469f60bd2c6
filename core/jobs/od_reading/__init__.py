"""OD reading: optical density from photodiodes around the vial."""

from core.jobs.od_reading.job import OdReading

__all__ = ["OdReading"]
