"""The TofuPilot server that is pushed to: its API v2, asked with a key."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import ipaddress
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.bodies import parse_value
from core.security import is_loopback
from core.traceability.push.http_thread import HttpThread
from core.traceability.push.settings import PushSettings, may_be_plain
from core.traceability.push.troubles import (
    KeyRefusedError,
    PushTroubleError,
    RefusedError,
    ServerAwayError,
    ServerFaultError,
)
from core.version import VERSION

if TYPE_CHECKING:
    import httpx

_API = "/api/v2"
_CONNECT_WITHIN_S = 10.0
_SILENT_AFTER_S = 30.0
# An exchange that is never silent for long comes to an end all the same; files get as long as a slow line needs.
_ANSWER_WITHIN_S = 120.0
_SLOWEST_BYTES_PER_S = 4096
_BLOCK_BYTES = 256 * 1024
# The longest answers are lists of a hundred runs.
_MOST_ANSWER_BYTES = 16 * 1024 * 1024
_LONGEST_MESSAGE = 500
# What OpenSSL says around its words: "[SSL: CERTIFICATE_VERIFY_FAILED] ... (_ssl.c:1006)".
_OF_OPENSSL = re.compile(r"^\[[^]]*\]\s*|\s*\(_ssl\.c:\d+\)$")
# Links of storage services carry signatures and tokens.
_LONGEST_TEXT = 8192
_LONGEST_PAUSE_S = 24 * 3600.0
_TRIED_AGAIN = "It is tried again by itself."
_LOOK = "Check the address, and that the server runs and the network is there. It is tried again by itself."
_NEW_KEY = "Make a new key at the server, enter it here and try again."
_REMEDIES = {
    403: "Give the key the right to do this at the server, or use a user's key, then try again.",
    413: "The server takes less at a time. Have its limit raised, then try again; or do not send this.",
}
_CORRECT = "Correct it in the record or at the server, then try again; or do not send this."


class PushServer:
    """Asks one server until it is closed."""

    def __init__(
        self,
        settings: PushSettings,
        key: str,
        *,
        connect_within_s: float = _CONNECT_WITHIN_S,
        silent_after_s: float = _SILENT_AFTER_S,
    ) -> None:
        self._settings = settings
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": f"vialdesk/{VERSION}"}
        self._is_here = is_loopback(urlsplit(settings.address).hostname or "")
        self._thread = HttpThread(
            uses_proxies=not self._is_here, connect_within_s=connect_within_s, silent_after_s=silent_after_s
        )

    @property
    def host(self) -> str:
        """The server for people."""
        return self._settings.host

    async def close(self) -> None:
        """Give up what is under way."""
        await self._thread.close()

    async def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """Ask under /api/v2 and return the JSON answer.

        Raises:
            PushTroubleError: one of its kinds; see there.
        """

        async def exchange(http: httpx.AsyncClient) -> Any:
            url = f"{self._settings.address}{_API}{path}"
            headers = dict(self._headers)
            content = None
            if body is not None:
                content = json.dumps(body, separators=(",", ":")).encode()
                headers["Content-Type"] = "application/json"
            request = _request(http, method, url, params=query, content=content, headers=headers)
            if request is None:
                raise ServerAwayError(f"{self.host} cannot be an address.", "Correct the server's address.")
            return self._read(*await self._exchange(http, request, _ANSWER_WITHIN_S))

        return await self._thread.run(exchange)

    async def make(self, path: str, body: Any) -> str:
        """Ask for something to be made and return its id; raises as `ask`."""
        return _text(await self.ask("POST", path, body), "id", self.host)

    async def announce(self, name: str) -> tuple[str, str]:
        """Announce a file; return its id and the link to upload it to. Raises as `ask`."""
        made = await self.ask("POST", "/attachments", {"name": name})
        return _text(made, "id", self.host), _text(made, "upload_url", self.host)

    async def upload(self, url: str, file: Path, size_bytes: int, content_type: str) -> None:
        """PUT a file to a link the server gave, which carries its own permission.

        Raises:
            OSError: the file cannot be read.
            PushTroubleError: it did not arrive.
        """
        parts = urlsplit(url)
        # A server elsewhere has no business with what listens on this computer.
        is_plain = self._settings.address.startswith("http://") and parts.scheme == "http"
        is_allowed = is_plain and may_be_plain(parts.hostname or "", allows_plain_http=self._settings.allows_plain_http)
        if parts.scheme != "https" and not is_allowed:
            what = f"{self.host} wants the file over a connection that is not encrypted."
            raise RefusedError(what, "Have the server use https:// for its upload links, then try again.", 400)

        async def exchange(http: httpx.AsyncClient) -> None:
            headers = {"Content-Type": content_type, "Content-Length": str(size_bytes)}
            if not self._is_here:
                await self._refuse_this_computer(parts.hostname or "")
            with file.open("rb") as content:
                request = _request(http, "PUT", url, content=_blocks(content), headers=headers)
                if request is None:
                    raise ServerFaultError(f"{self.host} gave a link that is none.", _TRIED_AGAIN)
                within_s = _ANSWER_WITHIN_S + size_bytes / _SLOWEST_BYTES_PER_S
                status, _, raw = await self._exchange(http, request, within_s)
            if status != 200:
                # The link is good for this one upload: another one gets another link.
                what = f"{self.host} did not take the file: {_plain_message(status, raw)}"
                raise ServerFaultError(what, _TRIED_AGAIN)

        await self._thread.run(exchange)

    async def _refuse_this_computer(self, host: str) -> None:
        """Raise RefusedError where a server elsewhere wants a file sent to this computer or to nowhere in particular.

        What a name stands for is asked of the system, because there are names for this computer that nobody knows.
        """
        found = []
        with contextlib.suppress(OSError, UnicodeError):  # then there is nothing to connect to either
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
        for address in (ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found):
            plain = getattr(address, "ipv4_mapped", None) or address
            if plain.is_loopback or plain.is_link_local or plain.is_unspecified:
                what = f"{self.host} wants the file sent to this computer itself."
                raise RefusedError(what, "Have the server use upload links to where it is, then try again.", 400)

    async def _exchange(
        self, http: httpx.AsyncClient, request: httpx.Request, within_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request; return status, headers and content of the answer."""
        import httpx

        try:
            async with asyncio.timeout(within_s):
                answer = await http.send(request, stream=True)
                try:
                    raw = await self._content(answer)
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            what = f"{self.host} is there but its answer does not come to an end."
            raise ServerAwayError(what, _LOOK) from error
        except httpx.TransportError as error:
            raise self._away(error) from error
        except httpx.HTTPError as error:
            raise self.not_tofupilot(str(error)) from error
        except UnicodeError as error:
            raise ServerAwayError(f"{self.host} is a name no network has.", _LOOK) from error
        return answer.status_code, answer.headers, raw

    async def _content(self, answer: httpx.Response) -> bytes:
        # As it comes: a few bytes, compressed twice, unfold to more than there is memory.
        if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise self.not_tofupilot("its answer is compressed, which was not asked for")
        raw = bytearray()
        async for part in answer.aiter_raw():
            raw += part
            if len(raw) > _MOST_ANSWER_BYTES:
                raise self.not_tofupilot("its answer is too long")
        return bytes(raw)

    def _read(self, status: int, headers: Mapping[str, str], raw: bytes) -> Any:
        """Return the JSON of a good answer; raise what another one means."""
        try:
            answer = parse_value(raw)
        except (ValueError, RecursionError):
            answer = None
        if status == 200 and isinstance(answer, dict | list):
            return answer
        message = _message(answer)
        if status == 401:
            # What servers say besides is for programmers.
            raise KeyRefusedError(f"{self.host} does not accept the key.", _NEW_KEY)
        if status in (408, 425, 429, 502, 503, 504):
            what = f"{self.host} is busy or not ready: {message or _plain_message(status, raw)}"
            raise ServerAwayError(what, _TRIED_AGAIN, _retry_after_s(headers))
        if status >= 500:
            what = f"{self.host} has a fault: {message or _plain_message(status, raw)}"
            raise ServerFaultError(what, "Tell whoever runs the server. " + _TRIED_AGAIN)
        if 400 <= status < 500 and message:
            raise RefusedError(f"{self.host} refused it: {message}", _REMEDIES.get(status, _CORRECT), status)
        raise self.not_tofupilot(_plain_message(status, raw))

    def not_tofupilot(self, why: str) -> ServerAwayError:
        """Return the trouble of something else at the server's address; `why` is how that shows."""
        what = f"What answers at {self.host} is not a TofuPilot server: {why.rstrip('.')}."
        return ServerAwayError(what, "Check the address. " + _TRIED_AGAIN)

    def _away(self, error: httpx.TransportError) -> PushTroubleError:
        import httpx

        text = str(error)
        if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
            remedy = "Check the address; a certificate of your own must be trusted by this computer."
            why = _OF_OPENSSL.sub("", text) if "CERTIFICATE" in text.upper() else "it does not speak https there"
            return ServerAwayError(f"{self.host} and this unit do not agree on a safe connection: {why}.", remedy)
        if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
            why = "it did not answer in time" if isinstance(error, httpx.TimeoutException) else text or "no connection"
            return ServerAwayError(f"{self.host} is not reached: {why}.", _LOOK)
        if isinstance(error, httpx.TimeoutException):
            return ServerAwayError(f"{self.host} is there but silent.", _LOOK)
        return ServerAwayError(f"The connection to {self.host} broke: {text or type(error).__name__}.", _LOOK)


def _request(http: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Request | None:
    """Return a request; None where the URL is none."""
    import httpx

    more["headers"]["Accept-Encoding"] = "identity"
    try:
        return http.build_request(method, url, **more)
    except (httpx.InvalidURL, ValueError):
        return None


async def _blocks(content: Any) -> AsyncIterator[bytes]:
    while block := content.read(_BLOCK_BYTES):
        yield block


def _text(answer: Any, key: str, host: str) -> str:
    text = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
        raise ServerFaultError(f"{host} answered without {key}.", _TRIED_AGAIN)
    return text


def _message(answer: Any) -> str:
    """Return what a refusal says in the API's one form; empty when it is in another."""
    if not isinstance(answer, dict) or not isinstance(answer.get("message"), str) or "code" not in answer:
        return ""
    issues = answer.get("issues") or []
    said = [str(issue["message"]) for issue in issues if isinstance(issue, dict) and issue.get("message")]
    whole = " ".join((answer["message"] or str(answer["code"]), *said))[:_LONGEST_MESSAGE]
    return " ".join("".join(each if each.isprintable() else " " for each in whole).split())


def _plain_message(status: int, raw: bytes) -> str:
    """Return an answer in another form for people: its status, and its words when they are plain text."""
    words = raw[:200].decode(errors="replace").strip()
    is_page = "<" in words or "{" in words or not words.isprintable()
    return f"it answered {status}." if is_page or not words else f"it answered {status} {words}"


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return a Retry-After header in seconds (RFC 9110, section 10.2.3); None when there is none that makes sense."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), _LONGEST_PAUSE_S)
    try:
        until = email.utils.parsedate_to_datetime(text)
        since = email.utils.parsedate_to_datetime(headers.get("date", ""))
        return min(max(0.0, (until - since).total_seconds()), _LONGEST_PAUSE_S)
    except (TypeError, ValueError, OverflowError):
        return None
