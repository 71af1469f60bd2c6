"""A host's side of the wire without a link: frames by hand, for tests of the firmware alone."""

from __future__ import annotations

import math
import struct
from typing import Any

from scripted_board import ScriptedBoard

from device.firmware import frames, messages


class Bench:
    """A scripted board with a session open."""

    def __init__(self) -> None:
        self.board = ScriptedBoard()
        self.hardware = self.board.hardware
        self._reader = frames.FrameReader()
        self._taken = 0
        self._seen: list[tuple[int, int, int, bytes]] = []
        self.session = 0
        self.sequence = 0
        self.hello(nonce=1)

    def frames(self) -> list[tuple[int, int, int, bytes]]:
        """Return all frames the board has sent since the last call."""
        new = self.board.sent[self._taken :]
        self._taken = len(self.board.sent)
        received = self._reader.feed(b"".join(new))
        self._seen.extend(received)
        return received

    def hello(self, nonce: int, version: int = messages.PROTOCOL_VERSION) -> tuple[int, int, int, int]:
        """Say HELLO; return the WELCOME's (version, nonce, boot id, status)."""
        self.board.receive(frames.encode_frame(frames.HELLO, 0, 0, struct.pack(messages.HELLO_FORMAT, version, nonce)))
        _, session, sequence, payload = [frame for frame in self.frames() if frame[0] == frames.WELCOME][-1]
        assert sequence == 0
        answer: tuple[int, int, int, int] = struct.unpack(messages.WELCOME_FORMAT, payload)
        if answer[3] == messages.OK:
            self.session, self.sequence = session, 0
        return answer

    def command_bytes(
        self, identity: int, *values: Any, sequence: int | None = None, session: int | None = None
    ) -> bytes:
        """Return the frame of a command, the next one unless told otherwise."""
        if sequence is None:
            self.sequence = sequence = (self.sequence + 1) & 0xFFFF
        payload = messages.pack(identity, messages.REQUESTS[identity][0], *values)
        return frames.encode_frame(frames.COMMAND, self.session if session is None else session, sequence, payload)

    def replies(self, data: bytes) -> list[bytes]:
        """Send bytes; return the payloads of the replies that come at once."""
        self.frames()
        self.board.receive(data)
        return [frame[3] for frame in self.frames() if frame[0] == frames.REPLY]

    def ask(self, identity: int, *values: Any) -> tuple[int, bytes]:
        """Send the next command; return its reply's status and what follows."""
        (reply,) = self.replies(self.command_bytes(identity, *values))
        assert reply[0] == identity
        return reply[1], reply[2:]

    def do(self, identity: int, *values: Any) -> dict[str, int | float]:
        """Send the next command, which has to be obeyed; return the reply's fields."""
        status, body = self.ask(identity, *values)
        assert status == messages.OK, body.decode()
        layout, names = messages.REPLIES.get(identity, ("", ()))
        return messages.unpack(layout, names, body)

    def refuse(self, identity: int, *values: Any) -> tuple[int, str]:
        """Send the next command, which has to be refused; return status and explanation."""
        status, body = self.ask(identity, *values)
        assert status != messages.OK
        assert body, "a refusal says why"
        return status, body.decode()

    def wait(self, seconds: float) -> None:
        """Let time pass on the board."""
        self.board.wait(round(seconds * 1e6))

    def telemetry(self, identity: int) -> list[dict[str, int | float]]:
        """Return the fields of all telemetry of one kind since the start, oldest first."""
        self.frames()
        layout, names = messages.TELEMETRY[identity]
        payloads = [frame[3] for frame in self._seen if frame[0] == frames.TELEMETRY]
        return [messages.unpack(layout, names, payload[1:]) for payload in payloads if payload[0] == identity]


def missing(value: float) -> bool:
    """Return whether a reading is not a number."""
    return math.isnan(value)
