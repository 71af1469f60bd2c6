"""Reactor models: how large the vessel is, and how hot its heater board may get.

A model is a YAML file. Those that ship lie in `resources/reactor_models`; files in `models/` of the data folder add
models or replace a shipped one of the same name and version. Temperatures are of the heater board, not of the culture.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.config import Config, ConfigError
from core.safe_yaml import read_yaml

_log = logging.getLogger(__name__)
_SECTION = "reactor"


class ReactorModel(BaseModel):
    """One reactor model.

    Attributes:
        reactor_max_fill_volume_ml: a pump must never fill the vessel to this or above.
        max_temp_to_reduce_heating: above it the heater's duty is lowered; in degrees Celsius, as the next two.
        max_temp_to_disable_heating: above it the heater is switched off.
        max_temp_to_shutdown: above it everything is switched off.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    model_name: str = Field(min_length=1)
    model_version: str = Field(min_length=1)
    display_name: str
    reactor_capacity_ml: float = Field(gt=0)
    reactor_diameter_mm: float = Field(gt=0)
    reactor_max_fill_volume_ml: float = Field(gt=0)
    max_temp_to_reduce_heating: float
    max_temp_to_disable_heating: float
    max_temp_to_shutdown: float
    is_legacy: bool = False
    is_contrib: bool = True

    @model_validator(mode="after")
    def _check_fill(self) -> ReactorModel:
        # The count of liquids ends at the capacity: it would never reach a limit above that.
        if self.reactor_max_fill_volume_ml > self.reactor_capacity_ml:
            raise ValueError("reactor_max_fill_volume_ml must not be above reactor_capacity_ml")
        return self

    @property
    def has_fused_density(self) -> bool:
        """Whether it has three measuring photodiodes, whose readings can be fused."""
        return self.model_name.endswith("_XR")


class ReactorModels:
    """The models known on this unit, and the one it is configured as."""

    def __init__(self, models: Iterable[ReactorModel], config: Config) -> None:
        self._models = {(model.model_name, model.model_version): model for model in models}
        self._config = config

    @property
    def names(self) -> list[str]:
        """Every model as `name version`, sorted."""
        return [f"{name} {version}" for name, version in sorted(self._models)]

    def find(self, name: str, version: str) -> ReactorModel | None:
        """Return a model, None when the pair is not known."""
        return self._models.get((name, version))

    @property
    def current(self) -> ReactorModel:
        """The model this unit is configured as; raises ConfigError when it is not known."""
        name, version = (self._config.text(_SECTION, key) for key in ("model_name", "model_version"))
        model = self.find(name, version)
        if model is None:
            raise ConfigError(
                f"The reactor model {name} {version} of section [{_SECTION}] is not known.",
                remedy=f"Choose one of {', '.join(self.names)}, or put its file into the models folder.",
            )
        return model


def load_reactor_models(data_dir: Path, config: Config) -> ReactorModels:
    """Return the shipped models and those of the data folder; a file that cannot be used is left out and told."""
    shipped = resources.files("resources").joinpath("reactor_models")
    folder = data_dir / "models"
    models: list[ReactorModel] = []
    for place in (shipped, folder):
        if place.is_dir():
            files = sorted(
                (each for each in place.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name
            )
            models.extend(model for file in files if (model := _read(file)) is not None)
    return ReactorModels(models, config)


def _read(file: Traversable) -> ReactorModel | None:
    try:
        return ReactorModel.model_validate(read_yaml(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        _log.warning("The reactor model %s cannot be used and is left out: %s", file.name, error)
        return None
