"""The record's users, of whom the first is the unit's owner; and what is put in order at each start."""

from __future__ import annotations

import getpass
import re
import secrets
import sqlite3
import uuid

from core.traceability.attachment_files import AttachmentFiles
from core.traceability.attachments_store import UNUSED
from core.traceability.book import Change
from core.traceability.callers import Caller

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_UNUSED_FOR_US = 24 * 3600 * 1_000_000


def first_user(connection: sqlite3.Connection) -> Caller:
    """Return the unit's owner."""
    return _user(connection.execute("SELECT * FROM users ORDER BY id LIMIT 1").fetchone())


def user_named(connection: sqlite3.Connection, name: str) -> Caller | None:
    """Return the user of that name or e-mail address, None when there is none."""
    sql = "SELECT * FROM users WHERE name = ?1 OR email = ?1 ORDER BY id LIMIT 1"
    row = connection.execute(sql, (name,)).fetchone()
    return None if row is None else _user(row)


def known_user(change: Change, name: str, unit: str) -> Caller:
    """Return the user of that name or e-mail address, who is made when there is none."""
    return user_named(change.connection, name) or _add_user(change, name, unit)


def is_begun(connection: sqlite3.Connection) -> bool:
    """Whether the record was there before."""
    return connection.execute("SELECT 1 FROM store WHERE name = 'record' AND key = 'id'").fetchone() is not None


def begin_record(change: Change, unit: str) -> None:
    """Give a new record its id and its first user."""
    make_id = "INSERT OR IGNORE INTO store VALUES ('record', 'id', ?)"
    change.connection.execute(make_id, (str(uuid.uuid4()),))
    if change.connection.execute("SELECT 1 FROM users").fetchone() is None:
        _add_user(change, _owners_name(), unit)


def forget_unused_uploads(change: Change, unit: str, files: AttachmentFiles) -> list[str]:
    """Make the owner if need be; forget uploads nobody linked within a day, and files no upload points at.

    Returns:
        names of attachments whose file is gone, such as after an import: they count as not uploaded now.
    """
    connection = change.connection
    begin_record(change, unit)
    forget_unused = f"DELETE FROM attachments WHERE created_us < ? AND {UNUSED}"  # noqa: S608 - own words
    connection.execute(forget_unused, (change.utc_us - _UNUSED_FOR_US,))
    known = {row["file"]: row for row in connection.execute("SELECT * FROM attachments WHERE file IS NOT NULL")}
    there = files.names()
    change.files_left.extend(there - known.keys())
    lost = [row for file, row in known.items() if file not in there]
    forget = "UPDATE attachments SET file = NULL, size_bytes = NULL WHERE id = ?"
    connection.executemany(forget, [(row["id"],) for row in lost])
    return [row["name"] for row in lost]


def _user(row: sqlite3.Row) -> Caller:
    return Caller(row["uuid"], row["name"], user=row["id"], email=row["email"])


def _add_user(change: Change, name: str, unit: str) -> Caller:
    """Add a user; who gave no e-mail address gets one on this unit."""
    email = name
    if not _EMAIL.fullmatch(name):
        plain = re.sub(r"[^a-z0-9]+", ".", name.lower()).strip(".") or "user"
        email = f"{plain}@{unit}.local"
        while change.connection.execute("SELECT 1 FROM users WHERE email = ?", (email,)).fetchone():
            email = f"{plain}.{secrets.token_hex(2)}@{unit}.local"
    made = str(uuid.uuid4())
    number = change.insert("users", uuid=made, created_us=change.utc_us, name=name, email=email)
    return Caller(made, name, user=number, email=email)


def _owners_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return "owner"
