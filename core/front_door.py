"""What holds for every request before its route sees it, and for every answer after.

Paths are taken as they are: nothing is redirected, doubled or trailing slashes and dot segments lead nowhere. HEAD
works where GET does, OPTIONS says what is allowed. What changes something is noted with who asked for it.

The unit's record has an API of its own with other rules; it shares the look at Host and Origin, and the notes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.answers import MethodNotAllowedError, error_answer, unknown_route
from core.errors import ServiceError
from core.person import person_of
from core.records.records import Records
from core.security import Gate, without_credentials
from core.traceability.answers import refusal
from core.traceability.api import is_of_record
from core.traceability.push.settings import PUSH_PATH

_log = logging.getLogger(__name__)

_FREE_PATHS = "/unit_api/system/path/"
_BODY_NOTED_BYTES = 8192
_PATHS_REMEMBERED = 512


@dataclass
class _Answer:
    """What was answered, and what was asked, as far as it has been seen."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)


class FrontDoor:
    """Applies the general rules around `app`, whose routes are `routes`; who may ask is the gate's to say.

    Args:
        app, routes: the application and its routes.
        gate: knows who may ask.
        records: where changes are noted.
        record_app: answers for the unit's record, whose keys take the place of the token.
    """

    def __init__(
        self, app: ASGIApp, routes: Iterable[BaseRoute], gate: Gate, records: Records, record_app: ASGIApp
    ) -> None:
        self._app = app
        self._record_app = record_app
        self._gate = gate
        self._routes = [
            (route.path_regex, frozenset(route.methods or ()), len(route.param_convertors))
            for route in routes
            if isinstance(route, Route)
        ]
        self._records = records
        self._methods_of = lru_cache(_PATHS_REMEMBERED)(self._find_methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or hand it to its route."""
        if scope["type"] != "http":
            return
        answer = _Answer()
        of_record = is_of_record(scope["path"])
        told = refusal if of_record else error_answer
        try:
            (self._gate.check_site if of_record else self._gate.check)(scope)
        except ServiceError as error:
            await told(error)(scope, receive, _finishing(send, answer))
            return
        try:
            app = self._record_app if of_record else self._answer
            with person_of(scope["headers"]):
                await app(scope, _noting(receive, answer), _finishing(send, answer))
        except ClientDisconnect:
            answer.status = answer.status or 499  # nobody is there to read an answer
        except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001 - the asker gets an answer, the log the details
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if not answer.status:
                fault = ServiceError("The service could not do this because of a fault in Vialdesk.")
                await told(fault)(scope, receive, _finishing(send, answer))
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            self._note(scope, answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = self._methods_of(scope["path"])
        method = scope["method"]
        if not methods:
            hint = f"Look at {_FREE_PATHS}, with the slash." if scope["path"] == _FREE_PATHS.rstrip("/") else ""
            await error_answer(unknown_route(hint))(scope, receive, send)
            return
        allow = {"Allow": ", ".join(sorted(methods | {"OPTIONS"}))}
        if method == "OPTIONS":
            await Response(status_code=204, headers=allow)(scope, receive, send)
        elif method not in methods:
            error = MethodNotAllowedError(f"{method} is not possible here.", f"This path takes {allow['Allow']}.")
            await error_answer(error, allow)(scope, receive, send)
        elif method == "HEAD":
            # The server itself leaves out the body of an answer to HEAD.
            await self._app({**scope, "method": "GET", "is_head": True}, receive, send)
        else:
            await self._app(scope, receive, send)

    def _find_methods(self, path: str) -> frozenset[str]:
        """Return the methods of a path, none when it leads nowhere.

        A route that names the path outright goes before one that takes it for a value: `sessions` is no device.
        """
        segments = path.split("/")[1:]
        if not path.startswith(_FREE_PATHS) and any(segment in ("", ".", "..") for segment in segments):
            return frozenset()
        fitting = [(values, methods) for regex, methods, values in self._routes if regex.fullmatch(path)]
        fewest = min((values for values, _ in fitting), default=0)
        methods = frozenset[str]().union(*(methods for values, methods in fitting if values == fewest))
        return methods | {"HEAD"} if "GET" in methods else methods

    def _note(self, scope: Scope, answer: _Answer) -> None:
        client = (scope.get("client") or ("?",))[0]
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        agent = headers.get(b"user-agent", "")
        is_upload = headers.get(b"content-type", "").startswith("multipart/")
        # What is put into the unit's record is kept there; a key is kept nowhere but in its own file.
        is_noted = not (is_upload or is_of_record(scope["path"]) or scope["path"].startswith(PUSH_PATH))
        body = without_credentials(bytes(answer.body).decode("utf-8", "replace")) or None if is_noted else None
        self._records.note_action(
            f"{client} {agent[:100]}".strip(), scope["method"], scope["path"], body, answer.status
        )


def _noting(receive: Receive, answer: _Answer) -> Receive:
    async def noting() -> Message:
        message = await receive()
        if message["type"] == "http.request" and len(answer.body) < _BODY_NOTED_BYTES:
            answer.body += message.get("body", b"")[: _BODY_NOTED_BYTES - len(answer.body)]
        return message

    return noting


def _finishing(send: Send, answer: _Answer) -> Send:
    async def finishing(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return finishing
