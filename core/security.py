"""Who may ask: the Host and Origin of a request, and beyond loopback a token.

The Host check stops DNS rebinding, the Origin check stops foreign web pages
(https://owasp.org/www-community/attacks/csrf); neither needs a secret. On any address other than loopback every
request carries `Authorization: Bearer <token>`, of which only a hash is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable

from starlette.types import Scope

from core.errors import ForbiddenError, ServiceError
from core.records.values import ValueStore

_STORE, _KEY = "http", "token_sha256"
# Name and password in an address, also in one written in JSON, where a slash may have a backslash before it.
_CREDENTIALS = re.compile(r"(:\\?/\\?/)[^/\\\s\"'<>]*@")
# The password of a configuration's text, also of one written in JSON, where the line's end is a backslash and an n.
_PASSWORDS = re.compile(r"(password\s*[=:]\s*)(?:\\[^n]|[^\\\r\n\"])+")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class UnauthorisedError(ServiceError):
    """The token is missing or wrong."""

    status = 401
    default_remedy = "Send the header Authorization: Bearer <token> with the token printed when the service started."


def is_loopback(host: str) -> bool:
    """Whether a service bound to `host` can be reached from this computer only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def without_credentials(text: str) -> str:
    """Return a text in which addresses have lost the names and passwords they carried, and a configuration its own."""
    return _PASSWORDS.sub(r"\1…", _CREDENTIALS.sub(r"\1…@", text))


def make_token(store: ValueStore) -> str:
    """Make a new access token, keep its hash and return it: it cannot be shown again."""
    token = secrets.token_urlsafe(32)
    store.set(_STORE, _KEY, _hash(token))
    return token


def stored_token_hash(store: ValueStore) -> str | None:
    """Return the hash of the token made earlier, None when there is none."""
    value = store.get(_STORE, _KEY)
    return value if isinstance(value, str) else None


def keep_token_hash(store: ValueStore, token_hash: str) -> None:
    """Keep the hash of a token made earlier."""
    store.set(_STORE, _KEY, token_hash)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Gate:
    """Lets a request through when it comes from where it may come.

    Args:
        names: further host names of this unit.
        token_hash: hash of the token every request needs, None on loopback.
    """

    def __init__(self, names: Iterable[str], token_hash: str | None) -> None:
        self._names = {name.strip().lower() for name in (*_LOOPBACK_NAMES, *names) if name.strip()}
        self._token_hash = token_hash

    def check(self, scope: Scope) -> None:
        """Raise ForbiddenError or UnauthorisedError when the request must not be answered."""
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._is_ours(hosts[0], scope):
            raise ForbiddenError(
                "This host name is not served.",
                "The Host header does not name this unit.",
                "Address the unit as localhost, or add the name to allowed_hosts in section [http] of its config.ini.",
            )
        for origin in _values(scope, b"origin"):
            if _origin(origin) != _origin(f"{scope['scheme']}://{hosts[0]}"):
                cause = "A web page of another site asked."
                raise ForbiddenError("Requests from other web sites are refused.", cause, "Ask without a web page.")
        if self._token_hash is not None:
            self._check_token(_values(scope, b"authorization"), self._token_hash)

    def _is_ours(self, host: str, scope: Scope) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or not (port.isascii() and port.isdecimal()) or name.endswith(":"):
            name = host.lower()
        server = (scope.get("server") or ("",))[0]
        return name in self._names or (bool(server) and name in (server, f"[{server}]"))

    @staticmethod
    def _check_token(sent: list[str], wanted_hash: str) -> None:
        scheme, _, token = (sent[0] if len(sent) == 1 else "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(_hash(token.strip()), wanted_hash):
            cause = "The service listens beyond this computer, and the token is missing or wrong."
            raise UnauthorisedError("A token is needed.", cause)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def _origin(text: str) -> str:
    """Return scheme://host:port in lower case without the scheme's own port."""
    lower = text.lower()
    for scheme, port in (("http://", ":80"), ("https://", ":443")):
        if lower.startswith(scheme):
            return lower.removesuffix(port)
    return lower
