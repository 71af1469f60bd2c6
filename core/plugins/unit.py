"""The unit, as a plug-in's routes see it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from core.clock import Clock
from core.config import Config
from core.records.values import ValueStore


@dataclass(frozen=True)
class Unit:
    """What a route of a plug-in may use.

    Attributes:
        name: the unit's name.
        store: values kept for good, by store name and key.
        log: lines written here carry the plug-in's name.
        settings_of: published settings of the running job of a name, `$state` included; None when it does not run.
        active_experiment: name of the active experiment, None when there is none.
    """

    name: str
    clock: Clock
    config: Config
    store: ValueStore
    log: logging.LoggerAdapter[Any]
    settings_of: Callable[[str], dict[str, Any] | None] = field(repr=False)
    active_experiment: Callable[[], str | None] = field(repr=False)


async def get_unit(request: Request) -> Unit:
    """Return the unit that answers this request."""
    unit: Unit = request.app.state.unit
    return unit


# A plug-in's route asks for it with a parameter `unit: UnitHere`.
UnitHere = Annotated[Unit, Depends(get_unit)]
