"""What of the unit profiles are read against and run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.board_link import BoardLink
from core.bus import Bus
from core.clock import Clock
from core.config import Config
from core.experiments.experiments import Experiments
from core.jobs.runner import JobRunner
from core.jobs.unit_parts import UnitParts
from core.records.values import ValueStore


@dataclass(frozen=True)
class UnitPlace:
    """Parts of the service.

    Attributes:
        unit: the unit's name.
        plugin_versions: returns the version of each plug-in that is loaded, "" where it tells none.
    """

    unit: str
    data_dir: Path
    clock: Clock
    bus: Bus
    config: Config
    experiments: Experiments
    board_link: BoardLink
    jobs: JobRunner
    parts: UnitParts
    store: ValueStore
    plugin_versions: Callable[[], dict[str, str]] = field(repr=False)
