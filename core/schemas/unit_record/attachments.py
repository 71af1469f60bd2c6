"""Attachments: announced with a name, PUT to a link, read from a link."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Upload(BaseModel):
    """An attachment that waits for its content."""

    id: str
    upload_url: str = Field(description="PUT the bytes there within a minute; no key is needed.")


class AttachmentIds(BaseModel):
    """The ids of what was deleted."""

    ids: list[str]


class Download(BaseModel):
    """Where an attachment can be read."""

    url: str = Field(description="Works without a key, for a quarter of an hour.")
