"""Routes of users, and of who asks."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import JSONResponse

from core.schemas.unit_record.stations import User, WhoAmI
from core.traceability.access import AnyCaller, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.callers import Caller
from core.traceability.row_ids import record_id

router = router_for("users")
UserOnly = Annotated[Caller, Depends(user_who("ask for their user"))]


@router.get("/users", response_model=list[User], responses=refusals())
async def list_all(caller: AnyCaller, record: RecordHere, current: bool = False) -> JSONResponse:
    """Return all users, or only the one who asks."""
    users = await record.read(_users)
    return JSONResponse([user for user in users if not current or user["id"] == caller.uuid])


@router.get("/users/current", response_model=User, responses=refusals())
async def get_current(caller: UserOnly, record: RecordHere) -> JSONResponse:
    """Return the user who asks."""
    users = await record.read(_users)
    return JSONResponse(next(user for user in users if user["id"] == caller.uuid))


@router.get("/whoami", response_model=WhoAmI, responses=refusals())
async def who_am_i(caller: AnyCaller, record: RecordHere) -> JSONResponse:
    """Return whose key was brought, and to whom the record belongs."""
    is_user = caller.user is not None
    organization = {"id": await record.read(record_id), "slug": record.unit, "name": record.unit}
    return JSONResponse(
        {
            "type": "user" if is_user else "station",
            "station": None if is_user else {"id": caller.uuid, "name": caller.name},
            "user": {"id": caller.uuid, "name": caller.name, "email": caller.email} if is_user else None,
            "organization": organization,
        }
    )


def _users(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT uuid, email, name FROM users ORDER BY id")
    return [
        {"id": row["uuid"], "email": row["email"], "name": row["name"], "image": None, "banned": False} for row in rows
    ]
