"""What every dose by hand declares: it moves liquid once, ends by itself, and is stopped before all else."""

from __future__ import annotations

from core.plugins.api import Argument, Group, JobDeclaration, Option, StopOrder

SOURCE_OPTION = Option("source_of_event", "text", help="who doses, as events tell it", default="CLI", label="Asked by")


def pump_action(
    job_name: str, label: str, help: str, options: tuple[Option, ...] = (), arguments: tuple[Argument, ...] = ()
) -> JobDeclaration:
    """Return the declaration of an action that runs pumps."""
    return JobDeclaration(
        job_name=job_name,
        label=label,
        help=help,
        group=Group.DOSE,
        stop_order=StopOrder.OUTPUTS,
        is_action=True,
        options=options,
        arguments=arguments,
    )
