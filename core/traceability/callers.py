"""Who asks: a user or a station, known by the key they bring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Whose key was brought; exactly one of `user` and `station` is set.

    Attributes:
        user, station: the row's number in the record.
        uuid: the id by which the API knows them.
        key: prefix of the key; empty for the service itself.
        email: a user's.
    """

    uuid: str
    name: str | None
    key: str = ""
    user: int | None = None
    station: int | None = None
    email: str | None = None


# In whose name things are noted that nobody did.
NOBODY = Caller("", None)
