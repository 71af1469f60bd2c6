"""A profile's file name in a route's path, checked before the rest of the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from core.profiles.library import check_file_name

_FORM = r"^[A-Za-z0-9_][A-Za-z0-9._-]*( [A-Za-z0-9._-]+)*\.ya?ml$"
_DOCUMENTED = {"pattern": _FORM, "minLength": 5, "maxLength": 255}


async def _name(name: Annotated[str, Path(examples=["batch_growth.yaml"], json_schema_extra=_DOCUMENTED)]) -> str:
    return check_file_name(name)


ProfileName = Annotated[str, Depends(_name)]
