"""Exactly once, in order: the session between one host and the board.

A host opens a session with HELLO and numbers its commands. The board executes each once and keeps its last reply, which
it gives again when the same command comes again because that reply was lost.
"""

import struct

from device.firmware import frames, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Session:
    """Takes decoded frames, hands commands on and sends replies and telemetry.

    Args:
        boot_id: random number of this start, told to the host.
        execute: takes a command's payload, returns the reply's payload.
        send: takes bytes for the wire.
    """

    def __init__(self, boot_id: int, execute: "Callable[[bytes], bytes]", send: "Callable[[bytes], None]") -> None:
        self._boot_id = boot_id
        self._execute = execute
        self._send = send
        self._number = 0
        # Each start counts from elsewhere, so that a late frame from before a restart hardly fits the new session.
        self._latest_number = boot_id & 0xFF
        self._nonce = 0
        self._last_sequence = 0
        self._last_reply: "bytes | None" = None
        self._telemetry_sequence = 0

    def is_open(self) -> bool:
        """Return whether a host has said HELLO since the board started."""
        return self._number != 0

    def take(self, kind: int, session: int, sequence: int, payload: bytes) -> None:
        """Take one frame of the host; kinds only a board sends are ignored."""
        if kind == frames.HELLO:
            self._greet(payload)
        elif kind == frames.COMMAND and payload:
            self._obey(session, sequence, payload)

    def report(self, identity: int, *values: object) -> None:
        """Send telemetry, if a host is listening."""
        if not self._number:
            return
        payload = messages.pack(identity, messages.TELEMETRY[identity][0], *values)
        self._send(frames.encode_frame(frames.TELEMETRY, self._number, self._telemetry_sequence, payload))
        self._telemetry_sequence = (self._telemetry_sequence + 1) & 0xFFFF

    def _greet(self, payload: bytes) -> None:
        if len(payload) != struct.calcsize(messages.HELLO_FORMAT):
            return
        version, nonce = struct.unpack(messages.HELLO_FORMAT, payload)
        if version != messages.PROTOCOL_VERSION:
            self._welcome(0, nonce, messages.PROTOCOL_MISMATCH)
            return
        if not self._number or nonce != self._nonce:
            self._latest_number = self._latest_number % 255 + 1
            self._number = self._latest_number
            self._nonce = nonce
            self._last_sequence = 0
            self._last_reply = None
            self._telemetry_sequence = 0
        self._welcome(self._number, nonce, messages.OK)

    def _welcome(self, session: int, nonce: int, status: int) -> None:
        payload = struct.pack(messages.WELCOME_FORMAT, messages.PROTOCOL_VERSION, nonce, self._boot_id, status)
        self._send(frames.encode_frame(frames.WELCOME, session, 0, payload))

    def _obey(self, session: int, sequence: int, payload: bytes) -> None:
        if session != self._number or not self._number:
            self._refuse(session, sequence, payload[0], messages.NO_SESSION, "no such session, say HELLO")
        elif sequence == self._last_sequence and self._last_reply is not None:
            self._send(self._last_reply)
        elif sequence == (self._last_sequence + 1) & 0xFFFF:
            # Remembered first: a command that fails half-way must not be executed a second time.
            self._last_sequence = sequence
            self._last_reply = None
            self._last_reply = frames.encode_frame(frames.REPLY, session, sequence, self._execute(payload))
            self._send(self._last_reply)
        else:
            self._refuse(session, sequence, payload[0], messages.OUT_OF_ORDER, "a command is missing, say HELLO")

    def _refuse(self, session: int, sequence: int, identity: int, status: int, text: str) -> None:
        payload = messages.refusal(identity, status, text)
        self._send(frames.encode_frame(frames.REPLY, session, sequence, payload))
