"""Self-test: whether every part of the reactor does what it should."""

from core.jobs.self_test.job import SelfTest

__all__ = ["SelfTest"]
