"""How a route reaches the service it belongs to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from core.service import Service


async def get_service(request: Request) -> Service:
    """Return the service that answers this request."""
    service: Service = request.app.state.service
    return service


# A route asks for it with a parameter `service: ServiceHere`.
ServiceHere = Annotated[Service, Depends(get_service)]
