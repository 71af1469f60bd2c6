"""Answers that many routes share, described by reference: a model built anew for each route slows every start."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

_REFERENCE = "#/components/schemas/{model}"


def described(model: type[BaseModel], description: str) -> dict[str, Any]:
    """Return an entry of a route's `responses`; the document needs `schemas_of(model)` too."""
    schema = {"$ref": _REFERENCE.format(model=model.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def schemas_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schemas of a model that is answered, and of those within it, by name."""
    _, document = models_json_schema([(model, "serialization")], ref_template=_REFERENCE)
    schemas: dict[str, Any] = document["$defs"]
    return schemas
