"""Holding a profile against what this unit can do."""

from __future__ import annotations

from typing import Any

from core.profiles.problems import Problems
from core.profiles.profile import Profile
from core.profiles.unit_place import UnitPlace


def check_profile(profile: Profile, place: UnitPlace, problems: Problems, inputs: dict[str, Any]) -> None:
    """Note everything in a profile that this unit cannot do, or that is doubtful."""
