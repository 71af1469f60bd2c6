"""The route that tells how the unit stands with an MQTT broker."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.schemas.errors import errors
from core.schemas.mqtt import MqttState

router = APIRouter(prefix="/unit_api", tags=["mqtt"])


@router.get("/mqtt", response_model=MqttState, responses=errors())
async def mqtt_state(service: ServiceHere) -> JSONResponse:
    """Return whether the unit is on an MQTT broker, since when, and what is in the way."""
    return JSONResponse(service.mqtt.describe())
