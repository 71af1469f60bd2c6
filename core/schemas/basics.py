"""Answers about the service itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Timestamp = str


class Health(BaseModel):
    """The service answers."""

    status: Literal["ok"]
    pioreactor_unit: str = Field(description="Name of the unit.")
    utc_time: Timestamp = Field(examples=["2031-02-03T04:05:06.789Z"])
    board: Literal["connected", "simulated", "disconnected"]


class AppVersion(BaseModel):
    """Version of Vialdesk."""

    version: str = Field(examples=["1.2.0"])


class WebServerStatus(BaseModel):
    """State of the embedded HTTP server."""

    service: Literal["vialdesk-http"]
    state: Literal["ready", "disconnected"] = Field(description="disconnected: the tasks behind requests do not run.")
    raw_status: str = Field(examples=["listening on 127.0.0.1:4999, up 3600 s, event streams: 1"])
