"""The reliable link: sessions, commands exactly once and in order, telemetry with its losses counted.

One command is under way at a time. It is sent again, unchanged, until its answer comes; the board answers a repeat from
memory, so it is executed once however often either direction loses a frame. A `Link` lives for one session: when it
fails it says why, fails whatever was waiting, and is not used again. See README.md in this folder for the wire.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from device.ack_timeout import TRIES, AckTimeout
from device.board import BoardError, CommandRefusedError, CommandTimeoutError, NotConnectedError
from device.firmware import messages
from device.firmware.frames import COMMAND, HELLO, REPLY, TELEMETRY, WELCOME, FrameReader, encode_frame
from device.transport import Connector, Transport

# A board drops what is sent before its receiver is up, so the first frame is repeated, this often, at this interval.
HELLO_INTERVAL_S = 0.25
HELLO_TRIES = 8

_STATUS_WORDS = {
    messages.UNKNOWN_MESSAGE: "the board does not know this command",
    messages.BAD_ARGUMENT: "the board cannot do this",
    messages.BUSY: "the board is busy",
    messages.FAULT: "a fault is latched on the board",
}
_REMEDIES = {
    messages.UNKNOWN_MESSAGE: "Update the board's firmware.",
    messages.BAD_ARGUMENT: "Use a channel the board has and a value within its range.",
    messages.BUSY: "Wait until the board is done, then try again.",
    messages.FAULT: "Remove the cause of the fault, clear the faults, then try again.",
}


class NoAnswerError(Exception):
    """The port opened but no board said WELCOME; `heard` tells whether any bytes came at all."""

    def __init__(self, what: str, *, heard: bool) -> None:
        super().__init__(what)
        self.heard = heard


class WrongProtocolError(Exception):
    """The board speaks another version of the protocol."""


class RefusedByBoardError(CommandRefusedError):
    """The board answered no; `status` is its answer's status byte."""

    def __init__(self, what: str, remedy: str, status: int) -> None:
        super().__init__(what, remedy)
        self.status = status


@dataclass
class LinkCounters:
    """What went wrong on the wire so far; outlives links."""

    telemetry_lost: int = 0
    frames_skipped: int = 0
    commands_repeated: int = 0

    @property
    def troubles(self) -> int:
        """All of it together."""
        return self.telemetry_lost + self.frames_skipped + self.commands_repeated


@dataclass(eq=False, slots=True)
class _Request:
    """A command on its way: `answer` gets the fields of an OK reply."""

    identity: int
    payload: bytes
    answer: asyncio.Future[bytes]
    sequence: int = 0
    frame: bytes = b""
    tries: int = 0
    sent_s: float = 0.0


class Link:
    """One session with one board over one transport. Use `open_link`.

    Args:
        on_telemetry: called with message identity and body of each telemetry frame, never twice for one frame.
        on_lost: called once, with the reason, when the link fails by itself.
        counters: where losses are counted.
        timing: what is known of the board's round trip, kept from session to session.

    Attributes:
        boot_id: the board's, different after each restart.
        heard_s: loop time of the latest whole frame.
    """

    def __init__(
        self,
        on_telemetry: Callable[[int, bytes], None],
        on_lost: Callable[[str], None],
        counters: LinkCounters,
        timing: AckTimeout,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_telemetry, self._on_lost = on_telemetry, on_lost
        self._counters, self._timing = counters, timing
        self._reader = FrameReader()
        self._transport: Transport | None = None
        self._failure: str | None = None
        self._heard_bytes = False
        self._welcome: asyncio.Future[bytes] = self._loop.create_future()
        self._nonce = secrets.randbits(32)
        self._session: int | None = None
        self._sequence = 0
        self._next_telemetry: int | None = None
        self._urgent: deque[_Request] = deque()
        self._waiting: deque[_Request] = deque()
        self._under_way: _Request | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.boot_id = 0
        self.heard_s = self._loop.time()

    @property
    def is_open(self) -> bool:
        """Whether commands can be sent."""
        return self._session is not None and self._failure is None

    async def open(self, connect: Connector) -> None:
        """Open the transport and the session; raise ConnectError, NoAnswerError or WrongProtocolError."""
        try:
            self._transport = await connect(self)
            await self._say_hello(self._transport)
        except BaseException:
            self.close()
            raise

    async def request(self, identity: int, *values: object, urgent: bool = False) -> bytes:
        """Send a command and return the fields of its answer, not yet unpacked.

        Urgent commands overtake all others that wait. A caller that is cancelled before its command was sent withdraws
        it; one already sent is still brought to its end.

        Raises:
            NotConnectedError: the link is not open, or failed before the answer came.
            CommandTimeoutError: this command got no answer, which is why the link failed.
            RefusedByBoardError: the board said no.
        """
        return await self.post(identity, *values, urgent=urgent)

    async def ask(self, identity: int, *values: object) -> dict[str, int | float]:
        """Send a command and return the fields of its answer by name; errors as for `request`."""
        answer = await self.request(identity, *values)
        try:
            return messages.unpack(*messages.REPLIES[identity], answer)
        except ValueError as error:
            raise BoardError(f"the board's answer makes no sense: {error}", "Update the board's firmware.") from error

    def post(self, identity: int, *values: object, urgent: bool = False) -> asyncio.Future[bytes]:
        """Queue a command at once and return the future of its answer; errors as for `request`."""
        answer: asyncio.Future[bytes] = self._loop.create_future()
        if not self.is_open:
            _refuse(answer, NotConnectedError(self._failure or "the link is not open"))
            return answer
        try:
            payload = messages.pack(identity, messages.REQUESTS[identity][0], *values)
        except (struct.error, OverflowError) as error:
            what = f"a value is out of range: {error}"
            _refuse(answer, CommandRefusedError(what, _REMEDIES[messages.BAD_ARGUMENT]))
            return answer
        (self._urgent if urgent else self._waiting).append(_Request(identity, payload, answer))
        self._send_next()
        return answer

    def withdraw(self, is_meant: Callable[[bytes], bool], reason: str) -> None:
        """Refuse, with `reason`, the commands not sent yet whose payload `is_meant`."""
        for request in (*self._urgent, *self._waiting):
            if is_meant(request.payload):
                _fail(request, CommandRefusedError(reason))

    def close(self, reason: str = "the connection was closed") -> None:
        """End the session and let go of the transport; fails what is waiting, does not call `on_lost`."""
        if self._failure is not None:
            return
        self._failure = reason
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
        pending = [*self._urgent, *self._waiting]
        if self._under_way is not None:
            pending.insert(0, self._under_way)
        for request in pending:
            _fail(request, NotConnectedError(reason, "Wait until the board is connected again, then try again."))
        self._urgent.clear()
        self._waiting.clear()
        self._under_way = None
        self._refuse_welcome(reason)

    def _refuse_welcome(self, reason: str) -> None:
        if not self._welcome.done():
            self._welcome.set_exception(NoAnswerError(reason, heard=self._heard_bytes))
            self._welcome.exception()  # marked as seen: whoever opens may have given up already

    def fail(self, reason: str) -> None:
        """Give the session up because of `reason`: as `close`, and tells `on_lost`."""
        if self._failure is None:
            was_open = self._session is not None
            self.close(reason)
            if was_open:
                self._on_lost(reason)

    # Opening

    async def _say_hello(self, transport: Transport) -> None:
        payload = struct.pack(messages.HELLO_FORMAT, messages.PROTOCOL_VERSION, self._nonce)
        frame = encode_frame(HELLO, 0, 0, payload)
        for _ in range(HELLO_TRIES):
            transport.write(frame)
            await asyncio.wait((self._welcome,), timeout=HELLO_INTERVAL_S)
            if self._welcome.done():
                break
        else:
            raise NoAnswerError("nothing answered in the board's language", heard=self._heard_bytes)
        version, _, boot_id, status = struct.unpack(messages.WELCOME_FORMAT, self._welcome.result())
        if status != messages.OK or version != messages.PROTOCOL_VERSION:
            raise WrongProtocolError(
                f"the board speaks protocol version {version}, this program version {messages.PROTOCOL_VERSION}"
            )
        self.boot_id = boot_id
        self._reader.skipped = 0

    def _take_welcome(self, session: int, payload: bytes) -> None:
        if len(payload) != struct.calcsize(messages.WELCOME_FORMAT) or self._welcome.done():
            return
        _, nonce, _, status = struct.unpack(messages.WELCOME_FORMAT, payload)
        if nonce == self._nonce:
            if status == messages.OK:
                self._session = session
            self._welcome.set_result(payload)

    # Receiving (called by the transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._heard_bytes = True
        for kind, session, sequence, payload in self._reader.feed(data):
            if self._failure is not None:
                return
            self.heard_s = self._loop.time()
            if kind == WELCOME:
                self._take_welcome(session, payload)
            elif session != self._session:
                self._take_foreign(kind)
            elif kind == REPLY:
                self._take_reply(sequence, payload)
            elif kind == TELEMETRY and payload:
                self._take_telemetry(sequence, payload)
        if self._session is not None and self._reader.skipped:
            self._counters.frames_skipped += self._reader.skipped
            self._reader.skipped = 0

    def connection_lost(self, reason: str) -> None:
        """Learn from the transport that it is gone."""
        self.fail(reason)

    def _take_foreign(self, kind: int) -> None:
        """A frame of another session: the board may have restarted, so ask; its answer will tell."""
        if kind == TELEMETRY and self.is_open and self._under_way is None:
            self.post(messages.PING, 0)

    def _take_telemetry(self, sequence: int, payload: bytes) -> None:
        gap = 0 if self._next_telemetry is None else (sequence - self._next_telemetry) & 0xFFFF
        if gap >= 0x8000:
            return  # a repeat of one already taken
        self._counters.telemetry_lost += gap
        self._next_telemetry = (sequence + 1) & 0xFFFF
        self._on_telemetry(payload[0], payload[1:])

    def _take_reply(self, sequence: int, payload: bytes) -> None:
        request = self._under_way
        if request is None or sequence != request.sequence or len(payload) < 2:
            return  # the answer to a repeat, after the first answer was taken
        status = payload[1]
        if status in (messages.NO_SESSION, messages.OUT_OF_ORDER):
            self.fail("the board restarted, or another program took it over")
            return
        if payload[0] != request.identity:
            return
        self._timing.answered(self._loop.time() - request.sent_s, request.tries)
        self._finish_under_way()
        if status == messages.OK:
            if not request.answer.done():
                request.answer.set_result(payload[2:])
        else:
            _fail(request, _refusal(status, payload[2:]))
        self._send_next()

    # Sending

    def _send_next(self) -> None:
        while self._under_way is None and (self._urgent or self._waiting):
            request = (self._urgent or self._waiting).popleft()
            if request.answer.done():
                continue  # withdrawn before it was sent
            self._sequence = request.sequence = (self._sequence + 1) & 0xFFFF
            request.frame = encode_frame(COMMAND, self._session or 0, request.sequence, request.payload)
            self._under_way = request
            self._transmit(request)

    def _transmit(self, request: _Request) -> None:
        request.tries += 1
        request.sent_s = self._loop.time()
        due_s = request.sent_s + self._timing.wait_s(request.tries)
        self._timer = self._loop.call_at(due_s, self._not_answered, request)
        if self._transport is not None:
            self._transport.write(request.frame)

    def _not_answered(self, request: _Request) -> None:
        if request.tries < TRIES:
            self._counters.commands_repeated += 1
            self._transmit(request)
            return
        self._finish_under_way()
        reason = f"the board did not answer a command sent {TRIES} times"
        _fail(
            request,
            CommandTimeoutError(reason, "Check the cable; if it stays so, unplug the board and plug it in again."),
        )
        self.fail(reason)

    def _finish_under_way(self) -> None:
        self._under_way = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def open_link(
    connect: Connector,
    on_telemetry: Callable[[int, bytes], None],
    on_lost: Callable[[str], None],
    counters: LinkCounters | None = None,
    timing: AckTimeout | None = None,
) -> Link:
    """Return an open link; raise ConnectError, NoAnswerError or WrongProtocolError."""
    link = Link(on_telemetry, on_lost, counters or LinkCounters(), timing or AckTimeout())
    await link.open(connect)
    return link


def _fail(request: _Request, error: BoardError) -> None:
    if not request.answer.done():
        _refuse(request.answer, error)


def _refuse(answer: asyncio.Future[bytes], error: BoardError) -> None:
    answer.set_exception(error)
    answer.exception()  # marked as seen: not everyone who sends a command waits for its answer


def _refusal(status: int, explanation: bytes) -> RefusedByBoardError:
    what = _STATUS_WORDS.get(status, f"the board answered with status {status}")
    text = explanation.decode("utf-8", "replace")
    return RefusedByBoardError(f"{what}: {text}" if text else what, _REMEDIES.get(status, ""), status)
