"""Monitor: watches the unit itself, as long as the service runs."""

from core.jobs.monitor.job import Monitor

__all__ = ["Monitor"]
