"""What is in the vial."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.bodies import Body


class BioreactorVariables(BaseModel):
    """The variables of an experiment; volumes in millilitres."""

    current_volume_ml: float = Field(description="Liquid in the vial, by the count of what was pumped.", ge=0)
    efflux_tube_volume_ml: float = Field(description="Volume at which the waste tube just touches the surface.", ge=0)
    alt_media_fraction: float = Field(description="Share of the liquid that came as alt-medium.", ge=0, le=1)
    cumulative_media_added_ml: float = Field(ge=0)
    cumulative_alt_media_added_ml: float = Field(ge=0)
    cumulative_waste_removed_ml: float = Field(description="As commanded: below the tube's tip it was air.", ge=0)


class Bioreactor(BaseModel):
    """The bioreactor variables of an experiment."""

    values: BioreactorVariables


class VialItem(BaseModel):
    """The unit's one vial, whatever experiment was dosed for."""

    greatest_volume_ml: float = Field(
        description="The greatest volume that can be in it: checks against over-filling go by this.", ge=0
    )
    said_at: str | None = Field(
        description="When a person last said what is in it: by current_volume_ml of the active experiment."
    )
    doubt: str | None = Field(description="Why nobody knows what is in it; null where it is known.")


class VariableChanges(Body):
    """New values; what is left out stays. Volumes end where the reactor model's vial does."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    current_volume_ml: float = Field(default_factory=float, ge=0, examples=[12.5])
    efflux_tube_volume_ml: float = Field(default_factory=float, ge=0)
    alt_media_fraction: float = Field(default_factory=float, ge=0, le=1)
    cumulative_media_added_ml: float = Field(default_factory=float, ge=0)
    cumulative_alt_media_added_ml: float = Field(default_factory=float, ge=0)
    cumulative_waste_removed_ml: float = Field(default_factory=float, ge=0)


class ChangeBioreactor(Body):
    """New values for some of the variables."""

    values: VariableChanges = Field(description="Variable to new value; at least one.")
