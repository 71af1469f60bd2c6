"""What a dry run is to do, as a file that one process writes and another reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# The command that only the program itself runs, with a file of a plan.
COMMAND = "rehearse"
LONGEST_HOURS = 31 * 24.0
USUAL_HOURS = 24.0
FILE = "plan.json"


@dataclass(frozen=True)
class DryRunPlan:
    """A dry run.

    Attributes:
        profile: file name the profile is known by.
        data_dir: the unit's data folder; it is read, never written.
        work_dir: an empty folder for everything that is written; whoever makes it removes it.
        hours: how long at most; None until the profile's end, or a day where it has none.
        experiment: whose volumes the vial begins with; None for the configured ones.
        inoculum_od: density of the simulated culture at the beginning.
    """

    profile: str
    text: str
    data_dir: str
    work_dir: str
    hours: float | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    inoculum_od: float = 0.05

    def write(self) -> Path:
        """Write the plan into its work folder and return the file; raises OSError."""
        path = Path(self.work_dir) / FILE
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return path


def read_plan(path: Path) -> DryRunPlan:
    """Return the plan in a file."""
    return DryRunPlan(**json.loads(path.read_text(encoding="utf-8")))
