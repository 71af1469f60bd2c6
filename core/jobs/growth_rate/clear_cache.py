"""Forgetting the reference density of an experiment, so that the next start measures a new one."""

from __future__ import annotations

from core.jobs.growth_rate.job import REFERENCE_STORE
from core.plugins.api import Group, Job, JobDeclaration


class ClearGrowthRateCache(Job):
    """The sub-command `growth_rate_calculating clear_cache`."""

    declaration = JobDeclaration(
        job_name="growth_rate_calculating clear_cache",
        label="Forget the reference of relative density",
        help="Forget the density that relative density is relative to in this experiment.",
        group=Group.MEASURE,
        needs_board=False,
        is_action=True,
    )

    async def work(self) -> None:
        """Forget it, and say whether there was anything to forget."""
        experiment = self.context.experiment
        if self.context.store.remove(REFERENCE_STORE, experiment):
            self.log.info("The reference density of %s is forgotten; the next start measures it anew.", experiment)
        else:
            self.log.info("There is no reference density of %s to forget.", experiment)
