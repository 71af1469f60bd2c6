"""Checking whether the connected board suits a reactor model."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from core.schemas.bodies import Body


class CheckHardware(Body):
    """The reactor model to check the board against."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str = Field(examples=["pioreactor_20ml"])
    model_version: str = Field(examples=["1.5"])
