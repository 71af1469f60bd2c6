"""Whether the record is pushed, and where to: kept in the record itself, whose triggers look at it."""

from __future__ import annotations

import ipaddress
import json
import sqlite3
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import BadRequestError
from core.security import is_loopback
from core.traceability.book import Change

# Requests below it carry the key.
PUSH_PATH = "/unit_api/record/push"
_STORE = "push"
_READ = "SELECT key, value FROM store WHERE name = ?"
_WRITE = "INSERT INTO store VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
# What people copy from other programs' settings, where the address of the API itself is asked for.
_API_ENDINGS = ("/v2", "/api")
_EXAMPLE = "https://tofupilot.example"


@dataclass(frozen=True)
class PushSettings:
    """What the user has chosen, and what is remembered along with it.

    Attributes:
        address: the server without a slash at the end, such as https://tofupilot.example; empty for none.
        allows_plain_http: send the key and the record in the clear, also beyond this computer.
        server: its row among the servers that were sent to; None until it has answered.
        left_out: how many things did not fit into the queue since somebody looked after them.
        last_sent_us: when something was last sent, in microseconds since 1970; None for never.
    """

    address: str = ""
    is_on: bool = False
    allows_plain_http: bool = False
    server: int | None = None
    left_out: int = 0
    last_sent_us: int | None = None

    @property
    def host(self) -> str:
        """The server for people, such as tofupilot.example or 10.0.0.7:8080."""
        return urlsplit(self.address).netloc


def read_settings(connection: sqlite3.Connection) -> PushSettings:
    """Return what is kept."""
    kept = {row["key"]: json.loads(row["value"]) for row in connection.execute(_READ, (_STORE,))}
    return PushSettings(**kept)


def keep(change: Change, **values: object) -> None:
    """Keep some of the settings."""
    change.connection.executemany(_WRITE, [(_STORE, key, json.dumps(value)) for key, value in values.items()])


def keep_all(change: Change, settings: PushSettings) -> None:
    """Keep what the user has chosen; another address is another server, which nothing was sent to."""
    former = read_settings(change.connection)
    server = former.server if former.address == settings.address else None
    keep(
        change,
        address=settings.address,
        is_on=settings.is_on,
        allows_plain_http=settings.allows_plain_http,
        server=server,
        left_out=former.left_out,
    )


def checked_address(text: str, *, allows_plain_http: bool) -> str:
    """Return a server's address as it is kept; raise BadRequestError saying what is wrong with it."""
    given = text.strip()
    if "://" not in given:
        given = f"https://{given}"
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as error:
        raise _unusable(f"{error}.") from None
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if scheme not in ("https", "http") or not _is_host(host) or not given.isascii() or not given.isprintable():
        raise _unusable("It is not the address of a web server.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or " " in given:
        raise _unusable("It carries a name, a password, a query or a space.")
    if scheme == "http" and not may_be_plain(host, allows_plain_http=allows_plain_http):
        cause = "Over http:// the key and the record can be read by whoever is on the way."
        raise _unusable(cause, "Use https://, or allow plain HTTP if the network is yours alone.")
    shown = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/")
    for ending in _API_ENDINGS:
        path = path.removesuffix(ending)
    return f"{scheme}://{shown}{'' if port is None else f':{port}'}{path}"


def may_be_plain(host: str, *, allows_plain_http: bool) -> bool:
    """Whether a host may be talked to without encryption."""
    return allows_plain_http or is_loopback(host)


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ipaddress.ip_address(host).version == 6
        except ValueError:
            return False
    labels = host.rstrip(".").split(".")
    if labels[-1].isdecimal():  # what ends in a number can only be an address in numbers
        try:
            return ipaddress.ip_address(host).version == 4
        except ValueError:
            return False
    return all(label and label.strip("-_") for label in labels)


def _unusable(cause: str, remedy: str = "") -> BadRequestError:
    remedy = remedy or f"Enter the server's address as it is in a browser, such as {_EXAMPLE}."
    return BadRequestError("This address cannot be used.", cause, remedy, fields=["url"])
