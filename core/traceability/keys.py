"""Keys: how they are made, stored and checked.

A key is `vd_user_<prefix>_<secret>`. The prefix names it in lists and finds its row; of the whole key only a SHA-256 is
kept, which is enough because the secret has 256 random bits and cannot be guessed from it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from core.errors import ConflictError, NotFoundError
from core.traceability.answers import unauthorised
from core.traceability.book import Change
from core.traceability.callers import Caller
from core.traceability.moments import moment
from core.traceability.owner import known_user

_PREFIX_BYTES = 5
_SECRET_BYTES = 32
_LONGEST_KEY = 200
_T = TypeVar("_T")
_NO_KEY = hashlib.sha256(b"").hexdigest()
_FIND = """
SELECT keys.sha256, keys.prefix, keys.user, keys.station, coalesce(users.uuid, stations.uuid) AS uuid,
    coalesce(users.name, stations.name) AS name, users.email
FROM keys LEFT JOIN users ON users.id = keys.user LEFT JOIN stations ON stations.id = keys.station
WHERE keys.prefix = ? AND keys.revoked_us IS NULL AND stations.archived_us IS NULL
"""
_LIST = """
SELECT keys.prefix, keys.created_us, keys.revoked_us, users.name AS user, stations.name AS station
FROM keys LEFT JOIN users ON users.id = keys.user LEFT JOIN stations ON stations.id = keys.station
ORDER BY keys.created_us, keys.prefix
"""


def find_caller(connection: sqlite3.Connection, key: str) -> Caller | None:
    """Return whose key this is, None when it is nobody's; takes as long for a wrong key as for a right one."""
    prefix = key.rpartition("_")[0] if len(key) <= _LONGEST_KEY else ""
    row = connection.execute(_FIND, (prefix,)).fetchone()
    is_right = hmac.compare_digest(_hash(key), row["sha256"] if row else _NO_KEY)
    if row is None or not is_right:
        return None
    return Caller(row["uuid"], row["name"], row["prefix"], row["user"], row["station"], row["email"])


def as_long_as_valid(caller: Caller, change: Callable[[Change], _T]) -> Callable[[Change], _T]:
    """Return a change that is made only if the caller's key is still valid then: a body may take long to come.

    It raises UnauthorisedError where the key was revoked, or its station removed, in between.
    """

    def make(under_way: Change) -> _T:
        if under_way.connection.execute(_FIND, (caller.key,)).fetchone() is None:
            raise unauthorised()
        return change(under_way)

    return make


def make_user_key(change: Change, name: str, unit: str) -> str:
    """Make a key for a user, who is made when there is none of that name or e-mail address; return the key."""
    return _make(change, "user", user=known_user(change, name, unit).user)


def make_station_key(change: Change, name: str) -> str:
    """Make a key for a station, which is made when there is none of that name; return the key."""
    sql = "SELECT id FROM stations WHERE name = ? AND archived_us IS NULL"
    row = change.connection.execute(sql, (name,)).fetchone()
    number = row["id"] if row else change.create("stations", name=name)[0]
    return _make(change, "station", station=number)


def list_keys(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every key without what makes it valid, oldest first."""
    return [
        {
            "prefix": row["prefix"],
            "user": row["user"],
            "station": row["station"],
            "created_at": moment(row["created_us"]),
            "revoked_at": moment(row["revoked_us"]),
        }
        for row in connection.execute(_LIST)
    ]


def revoke_key(change: Change, prefix: str) -> None:
    """Make a key worthless from now on.

    Raises:
        NotFoundError: there is no such key.
        ConflictError: it is revoked already.
    """
    row = change.connection.execute("SELECT revoked_us FROM keys WHERE prefix = ?", (prefix,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no key {prefix[:60]!r}.", remedy="Name a key by the prefix the list shows.")
    if row["revoked_us"] is not None:
        raise ConflictError(f"The key {prefix} is revoked already.", remedy="Nothing is left to do.")
    change.connection.execute("UPDATE keys SET revoked_us = ? WHERE prefix = ?", (change.utc_us, prefix))


def _make(change: Change, kind: str, **whose: int | None) -> str:
    prefix = f"vd_{kind}_{secrets.token_hex(_PREFIX_BYTES)}"
    key = f"{prefix}_{secrets.token_hex(_SECRET_BYTES)}"
    change.insert("keys", prefix=prefix, sha256=_hash(key), created_us=change.utc_us, **whose)
    return key


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
