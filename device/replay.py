"""A recording of the wire, played as a board: what was seen on one bench can be looked at anywhere, again and again.

Each recorded session is played once, in the recorded time: telemetry comes when it came, commands get the answers that
commands of their kind got, in order, the last one again when there are no more. Measurements and pump runs take as long
as they took; their numbers and board times are moved to those of the command that asks now. A command that was never
recorded is refused, saying so.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

from device.board import BoardError
from device.firmware import frames, messages
from device.firmware.session import Session
from device.memory_pipe import MemoryEnd, connect_in_memory
from device.recording import FORMAT, FORMAT_VERSION
from device.transport import ConnectError, Receiver, Transport

# Commands whose result comes later, as telemetry of this identity; and the commands that ask for it.
_RESULTS = {messages.MEASURE: messages.BURST, messages.RUN_PUMP: messages.PUMP_DONE}
_ASKS = {messages.GET_BURST: messages.BURST, messages.GET_PUMP_RUN: messages.PUMP_DONE}
_NUMBERS = ("burst_id", "run_id")
_TIMES = ("board_us", "start_us", "end_us")


@dataclass
class _Answer:
    """What a recorded command got, and when; `result` is the body of the telemetry it led to, `took_s` later."""

    t: float
    payload: bytes
    result: bytes | None = None
    took_s: float = 0.0


@dataclass
class _RecordedSession:
    """One session of a recording; times in seconds of the recording."""

    began_s: float
    ended_s: float = 0.0
    end_reason: str = "the recording has ended"
    board_us_at_0: float = 0.0
    dictionary: bytearray = field(default_factory=bytearray)
    answers: dict[int, list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    telemetry: list[tuple[float, int, bytes]] = field(default_factory=list)

    def add(self, t: float, request: bytes, payload: bytes) -> None:
        """Add a command and its reply."""
        identity = request[0]
        if payload[1] == messages.OK and identity == messages.PING:
            (board_us,) = messages.unpack(*messages.REPLIES[messages.PING], payload[2:]).values()
            self.board_us_at_0 = board_us - t * 1e6
        elif payload[1] == messages.OK and identity == messages.GET_DICTIONARY:
            offset = int.from_bytes(request[1:3], "little")
            self.dictionary[offset:] = payload[4:]
        self.answers[identity].append(_Answer(t, payload))

    def add_telemetry(self, t: float, identity: int, body: bytes, asked: dict[tuple[int, int], _Answer]) -> None:
        """Add telemetry; a result goes to the command in `asked` it belongs to."""
        if identity in _RESULTS.values():
            answer = asked.get((identity, int.from_bytes(body[:2], "little")))
            if answer is not None:
                answer.result, answer.took_s = body, t - answer.t
        else:
            self.telemetry.append((t, identity, body))


class Replay:
    """A recording as a connector: `connect` plays its sessions, one at each call."""

    def __init__(self, sessions: list[_RecordedSession]) -> None:
        self._sessions = deque(sessions)

    @classmethod
    def load(cls, path: Path) -> Replay:
        """Read a recording; raise BoardError when it is none. A last line cut short by a crash is left out."""
        if path.exists() and not path.is_file():
            raise BoardError(f"{path} is not a file", "Choose another file.")  # a device or pipe may never end
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            head = json.loads(lines[0])
            if head.get("format") != FORMAT or head.get("version") != FORMAT_VERSION:
                raise ValueError("another format")
            entries = [json.loads(line) for line in lines[1:-1]]
            entries += [json.loads(line) for line in lines[1:][-1:] if line.endswith("}")]
        except OSError as error:
            raise BoardError(f"cannot read the recording {path}: {error.strerror}", "Choose another file.") from error
        except (ValueError, IndexError, AttributeError) as error:
            raise BoardError(f"{path} is not a recording of a board: {error}", "Choose another file.") from error
        return cls(_Reading().sessions_of(entries))

    async def connect(self, receiver: Receiver) -> Transport:
        """Play the next session to `receiver`; raise ConnectError when there is none left."""
        if not self._sessions:
            raise ConnectError("the recording has ended", "Open it again to see it from the start.")
        player = _Player(self._sessions.popleft())
        host, player.end = connect_in_memory(receiver, player)
        return host


class _Reading:
    """Turns the lines of a recording into sessions."""

    def __init__(self) -> None:
        self._sessions: list[_RecordedSession] = []
        self._open: _RecordedSession | None = None
        self._readers = {"to_board": frames.FrameReader(), "to_host": frames.FrameReader()}
        self._requests: dict[int, bytes] = {}
        self._asked: dict[tuple[int, int], _Answer] = {}

    def sessions_of(self, entries: list[dict[str, object]]) -> list[_RecordedSession]:
        for entry in entries:
            t = float(str(entry["t"]))
            if self._open is not None:
                self._open.ended_s = t
            if "note" in entry:
                self._take_note(str(entry["note"]))
            for direction, reader in self._readers.items():
                if direction in entry:
                    for frame in reader.feed(bytes.fromhex(str(entry[direction]))):
                        self._take_frame(t, *frame)
        return self._sessions

    def _take_note(self, note: str) -> None:
        self._readers = {"to_board": frames.FrameReader(), "to_host": frames.FrameReader()}
        if note.startswith("lost: ") and self._open is not None:
            self._open.end_reason = note.removeprefix("lost: ")
        self._open = None

    def _take_frame(self, t: float, kind: int, session: int, sequence: int, payload: bytes) -> None:
        if kind == frames.WELCOME and session and self._open is None:
            self._open = _RecordedSession(began_s=t)
            self._sessions.append(self._open)
            self._requests, self._asked = {}, {}
        elif kind == frames.COMMAND:
            self._requests[sequence] = payload
        elif self._open is None:
            return
        elif kind == frames.REPLY and len(payload) > 1 and (request := self._requests.pop(sequence, b"")):
            self._open.add(t, request, payload)
            if request[0] in _RESULTS:
                number = int.from_bytes(request[1:3], "little")
                self._asked[_RESULTS[request[0]], number] = self._open.answers[request[0]][-1]
            elif request[0] in _ASKS and payload[1] == messages.OK:
                self._open.add_telemetry(t, _ASKS[request[0]], payload[2:], self._asked)
        elif kind == frames.TELEMETRY and payload:
            self._open.add_telemetry(t, payload[0], payload[1:], self._asked)


class _Player:
    """Plays one session: the board's end of the pipe, speaking through the firmware's own session."""

    end: MemoryEnd

    def __init__(self, recorded: _RecordedSession) -> None:
        self._recorded = recorded
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._reader = frames.FrameReader()
        self._session = Session(1, self._execute, self._send)
        self._given: dict[int, int] = defaultdict(int)
        self._results: dict[tuple[int, int], bytes | None] = {}
        self._timers = [
            self._loop.call_at(self._began_s + t - recorded.began_s, self._report, identity, body)
            for t, identity, body in recorded.telemetry
        ]
        length_s = recorded.ended_s - recorded.began_s
        self._timers.append(self._loop.call_at(self._began_s + length_s, self._finish))

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._session.take(*frame)

    def connection_lost(self, reason: str) -> None:
        for timer in self._timers:
            timer.cancel()

    def _send(self, data: bytes) -> None:
        self.end.write(data)

    def _finish(self) -> None:
        self.connection_lost("")
        self.end.close(self._recorded.end_reason)

    def _now_t(self) -> float:
        """Return the time in the recording that is played now."""
        return self._recorded.began_s + self._loop.time() - self._began_s

    def _execute(self, payload: bytes) -> bytes:
        identity = payload[0]
        if identity == messages.PING:
            board_us = round(self._recorded.board_us_at_0 + self._now_t() * 1e6)
            return messages.pack(identity, "BQ", messages.OK, board_us)
        if identity == messages.GET_DICTIONARY:
            offset = int.from_bytes(payload[1:3], "little")
            chunk = bytes(self._recorded.dictionary[offset : offset + 400])
            return messages.pack(identity, "BH", messages.OK, len(self._recorded.dictionary)) + chunk
        if identity in _ASKS:
            return self._answer_ask(identity, int.from_bytes(payload[1:3], "little"))
        return self._answer_as_recorded(identity, payload)

    def _answer_ask(self, identity: int, number: int) -> bytes:
        """Answer GET_BURST or GET_PUMP_RUN."""
        key = (_ASKS[identity], number)
        if key not in self._results:
            return messages.refusal(identity, messages.BAD_ARGUMENT, "not in this session")
        result = self._results[key]
        if result is None:
            return messages.refusal(identity, messages.BUSY, "under way")
        return bytes((identity, messages.OK)) + result

    def _answer_as_recorded(self, identity: int, payload: bytes) -> bytes:
        answers = self._recorded.answers.get(identity)
        if not answers:
            return messages.refusal(identity, messages.UNKNOWN_MESSAGE, "this was never asked in the recording")
        answer = answers[min(self._given[identity], len(answers) - 1)]
        self._given[identity] += 1
        moved_us = round((self._now_t() - answer.t) * 1e6)
        if identity in _RESULTS and answer.payload[1] == messages.OK:
            number = int.from_bytes(payload[1:3], "little")
            self._results[_RESULTS[identity], number] = None
            if answer.result is not None:
                body = _moved(messages.TELEMETRY[_RESULTS[identity]], answer.result, moved_us, number)
                timer = self._loop.call_later(answer.took_s, self._report_result, _RESULTS[identity], number, body)
                self._timers.append(timer)
        if identity in messages.REPLIES and answer.payload[1] == messages.OK:
            return answer.payload[:2] + _moved(messages.REPLIES[identity], answer.payload[2:], moved_us)
        return answer.payload

    def _report_result(self, identity: int, number: int, body: bytes) -> None:
        self._results[identity, number] = body
        self._report(identity, body)

    def _report(self, identity: int, body: bytes) -> None:
        if identity in messages.TELEMETRY:
            self._session.report(identity, *messages.unpack(*messages.TELEMETRY[identity], body).values())


def _moved(message: tuple[str, tuple[str, ...]], body: bytes, moved_us: int, number: int | None = None) -> bytes:
    """Return a message's body with its board times moved and, if given, its burst's or run's number changed."""
    layout, names = message
    values = messages.unpack(layout, names, body)
    for name in values:
        if name in _TIMES:
            values[name] = max(0, int(values[name]) + moved_us)
        elif name in _NUMBERS and number is not None:
            values[name] = number
    return messages.pack(0, layout, *values.values())[1:]
