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
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

from core.errors import ForbiddenError, ServiceError
from core.records.values import ValueStore
from core.tokens import new_token

_STORE, _KEY, _MADE_KEY = "http", "token_sha256", "token_made_utc_s"
# Name and password in an address, also in one written in JSON, where a slash may have a backslash before it.
_CREDENTIALS = re.compile(r"(:\\?/\\?/)[^/\\\s\"'<>]*@")
# The password of a configuration's text, also of one written in JSON, where the line's end is a backslash and an n.
_PASSWORDS = re.compile(r"(password\s*[=:]\s*)(?:\\[^n]|[^\\\r\n\"])+")
# A key of the settings for pushing, sent to a path that is none.
_KEYS = re.compile(r"(\"api_key\"\s*:\s*\")(?:\\.|[^\"\\])*")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class UnauthorisedError(ServiceError):
    """The token is missing or wrong."""

    status = 401
    default_remedy = "Send the header Authorization: Bearer <token> with the token that was shown when it was made."


def is_loopback(host: str) -> bool:
    """Whether a service bound to `host` can be reached from this computer only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def without_credentials(text: str) -> str:
    """Return a text in which addresses, a configuration and settings have lost the passwords and keys they carried."""
    return _KEYS.sub(r"\1…", _PASSWORDS.sub(r"\1…", _CREDENTIALS.sub(r"\1…@", text)))


@dataclass
class Access:
    """Whether requests need a token, and which; of a token only its hash is kept, so none can be shown twice.

    Attributes:
        needs_token: the service can be reached from other computers.
        token_hash: of the token that was given out, None while there is none.
        made_utc_s: when that was made, in seconds since 1970; None where it is not known.
        window_hash: of the token that the window which started the service made for itself.
    """

    needs_token: bool = False
    token_hash: str | None = None
    made_utc_s: float | None = None
    window_hash: str | None = None

    def admits(self, token: str) -> bool:
        """Whether a request with this token may be answered."""
        sent = _hash(token)
        known = (each for each in (self.token_hash, self.window_hash) if each is not None)
        return any(hmac.compare_digest(sent, each) for each in known)

    def renew(self, store: ValueStore, utc_s: float) -> str:
        """Make a token that takes the place of the former one at once; return it: it cannot be shown again."""
        token = new_token()
        self.token_hash, self.made_utc_s = _hash(token), utc_s
        self.keep(store)
        return token

    def keep(self, store: ValueStore) -> None:
        """Keep what is known of the token that was given out."""
        if self.token_hash is not None:
            store.set(_STORE, _KEY, self.token_hash)
            store.set(_STORE, _MADE_KEY, self.made_utc_s)


def stored_access(store: ValueStore, window_token: str | None) -> Access:
    """Return who may ask a service that can be reached from other computers, by what was kept earlier."""
    token_hash, made_utc_s = store.get(_STORE, _KEY), store.get(_STORE, _MADE_KEY)
    return Access(
        needs_token=True,
        token_hash=token_hash if isinstance(token_hash, str) else None,
        made_utc_s=made_utc_s if isinstance(made_utc_s, float) else None,
        window_hash=None if window_token is None else _hash(window_token),
    )


def allowed_names(unit: str, allowed_hosts: str) -> list[str]:
    """Return the host names a unit answers to; `allowed_hosts` is a list with commas, as it is configured."""
    names = (name.strip().lower() for name in (*_LOOPBACK_NAMES, unit, f"{unit}.local", *allowed_hosts.split(",")))
    return list(dict.fromkeys(name for name in names if name))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Gate:
    """Lets a request through when it comes from where it may come.

    Args:
        names: host names of this unit, in lower case.
        access: whether a token is needed, and which.
    """

    def __init__(self, names: Iterable[str], access: Access) -> None:
        self._names = frozenset(names)
        self._access = access

    def check(self, scope: Scope) -> None:
        """Raise ForbiddenError or UnauthorisedError when the request must not be answered."""
        self.check_site(scope)
        if self._access.needs_token:
            self._check_token(_values(scope, b"authorization"))

    def check_site(self, scope: Scope) -> None:
        """Raise ForbiddenError when the request is for another host or from another web site."""
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

    def _is_ours(self, host: str, scope: Scope) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or not (port.isascii() and port.isdecimal()) or name.endswith(":"):
            name = host.lower()
        server = (scope.get("server") or ("",))[0]
        return name in self._names or (bool(server) and name in (server, f"[{server}]"))

    def _check_token(self, sent: list[str]) -> None:
        scheme, _, token = (sent[0] if len(sent) == 1 else "").partition(" ")
        if scheme.lower() != "bearer" or not self._access.admits(token.strip()):
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
