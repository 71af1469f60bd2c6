"""How the unit stands with an MQTT broker."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class MqttState(BaseModel):
    """The connection to the broker, and what waits for it."""

    state: Literal["off", "connecting", "connected", "refused", "unreachable"]
    since: str = Field(description="When this state began.", examples=["2031-02-03T04:05:06.789Z"])
    detail: str = Field(description="What happened; empty when nothing needs to be said.")
    remedy: str = Field(description="What to do next; empty when nothing is needed.")
    broker: str | None = Field(description="Address and port; null when MQTT is off.", examples=["lab.example:1883"])
    use_tls: bool
    waiting: int = Field(description="Messages that wait to be sent.", ge=0)
    dropped: int = Field(description="Messages given up since the service started: the broker was away.", ge=0)
