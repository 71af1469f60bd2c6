"""The event stream's source: numbers what happens, keeps the last minute of it, and feeds each reader's own queue.

Publishing never waits for a reader. A reader that falls too far behind loses its place: it is told to start anew and
let go, so that one hung client costs a bounded queue and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.bus import (
    AlarmChanged,
    AnnotationChanged,
    BioreactorChanged,
    BoardChanged,
    Bus,
    CalibrationChanged,
    DosingEvent,
    DryRunProgressed,
    ExperimentChanged,
    GapMarked,
    InterruptedChanged,
    JobChanged,
    LedChanged,
    LogWritten,
    PluginChanged,
    ProfileRunChanged,
    PwmChanged,
    ReadingTaken,
    RecordWritten,
    SettingChanged,
    TaskChanged,
)
from core.clock import Clock, timestamp
from core.errors import UnavailableError
from core.logs import LEVELS

# What a reader can ask for; some are sent only by parts of the service that are not in every installation.
TOPICS = (
    "job",
    "setting",
    "reading",
    "gap",
    "dosing",
    "led",
    "pwm",
    "bioreactor",
    "calibration",
    "plugin",
    "record",
    "task",
    "log",
    "alarm",
    "annotation",
    "profile",
    "dry_run",
    "board",
    "experiment",
    "interrupted",
)
COMMENT_EVERY_S = 15.0
_OF_ONE_EXPERIMENT = frozenset({"job", "reading", "gap", "dosing", "bioreactor", "log", "annotation"})
_REPLAY_S = 60.0
_REPLAY_EVENTS = 2000
_MOST_BEHIND = 1000
_MOST_READERS = 64
# How long a reader that lost its place may take to hear so before its connection is cut.
_LAST_WORDS_S = 10.0


@dataclass(eq=False)
class Event:
    """One numbered event; `experiment` None when it belongs to none. Nobody changes it or its payload any more."""

    seq: int
    loop_s: float
    utc_s: float
    name: str
    experiment: str | None
    payload: dict[str, Any]

    @cached_property
    def frame(self) -> bytes:
        """The event as it is sent, written when the first reader wants it: most of the time nobody reads."""
        return frame(self.name, {"seq": self.seq, "t": timestamp(self.utc_s), **self.payload})


def frame(name: str, data: dict[str, Any]) -> bytes:
    """Return an event as bytes of a text/event-stream; numbers that JSON cannot hold become null."""
    return f"id: {data['seq']}\nevent: {name}\ndata: {_json(data)}\n\n".encode()


def _json(data: Any) -> str:
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_without_nan(data), ensure_ascii=False, separators=(",", ":"))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Reader:
    """One client's place in the stream; made by `EventHub.open`."""

    def __init__(self, topics: frozenset[str] | None, experiment: str | None) -> None:
        self._topics = topics
        self._experiment = experiment
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.fell_behind = False
        self.is_closed = False
        # Cuts the connection, however much is still to be sent; set by whoever does the sending, while it does.
        self.cut: Callable[[], None] | None = None

    def wants(self, event: Event) -> bool:
        """Whether the event passes the reader's filters."""
        if self._topics is not None and event.name not in self._topics:
            return False
        return self._experiment is None or event.name not in _OF_ONE_EXPERIMENT or event.experiment == self._experiment

    def wants_experiment(self, experiment: str | None) -> bool:
        """Whether rows of that experiment pass the reader's filter."""
        return self._experiment is None or experiment == self._experiment

    def put(self, event: Event) -> bool:
        """Queue an event; False when the reader has just fallen too far behind."""
        if self.fell_behind or not self.wants(event):
            return True
        if len(self._queue) >= _MOST_BEHIND:
            self._queue.clear()
            self.fell_behind = True
            self._wake.set()
            return False
        self._queue.append(event.frame)
        self._wake.set()
        return True

    async def take(self, wait_s: float | None) -> bytes:
        """Return all that is queued, b"" when nothing came for `wait_s`, or the reader was closed or fell behind."""
        if not self._queue and not self.fell_behind and not self.is_closed:
            self._wake.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                return b""
        frames = b"".join(self._queue)
        self._queue.clear()
        return frames

    def skip(self) -> None:
        """Forget what is queued: the reader is about to be told of it in another way."""
        self._queue.clear()

    def let_go(self) -> None:
        """Cut the connection if the stream has not ended yet."""
        if self.cut is not None:
            self.cut()

    def close(self) -> None:
        """End the stream after what is queued."""
        self.is_closed = True
        self._wake.set()


class EventHub:
    """Turns what is told on the bus into numbered events, and hands them to the readers.

    Attributes:
        leds: intensity in percent by channel, as last told.
        pwms: duty in percent by channel, as last told.
    """

    def __init__(self, bus: Bus, clock: Clock, speed: float = 1.0) -> None:
        self._clock = clock
        self._speed = speed if math.isfinite(speed) else 1.0
        # Numbers go on rising across restarts, therefore a place in an earlier service's stream is never mistaken.
        self.seq = round(clock.utc_s() * 1000)
        self._past: deque[Event] = deque(maxlen=_REPLAY_EVENTS)
        self._first_seq = self.seq + 1
        self._readers: set[Reader] = set()
        self.leds = dict.fromkeys("ABCD", 0.0)
        self.pwms = dict.fromkeys("12345", 0.0)
        self._stops = [
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(ReadingTaken, self._on_reading),
            bus.listen(GapMarked, self._on_gap),
            bus.listen(LedChanged, self._on_led),
            bus.listen(PwmChanged, self._on_pwm),
            bus.listen(DosingEvent, self._on_dosing),
            bus.listen(BioreactorChanged, self._on_bioreactor),
            bus.listen(BoardChanged, self._on_board),
            bus.listen(ExperimentChanged, self._on_experiment),
            bus.listen(InterruptedChanged, self._on_interrupted),
            bus.listen(TaskChanged, self._on_task),
            bus.listen(LogWritten, self._on_log),
            bus.listen(AlarmChanged, lambda event: self._send("alarm", None, event.alarm)),
            bus.listen(CalibrationChanged, self._on_calibration),
            bus.listen(PluginChanged, self._on_plugin),
            bus.listen(RecordWritten, self._on_record),
            bus.listen(AnnotationChanged, self._on_annotation),
            bus.listen(ProfileRunChanged, lambda event: self._send("profile", None, event.run)),
            bus.listen(DryRunProgressed, self._on_dry_run),
        ]

    @property
    def readers(self) -> int:
        """How many readers the stream has now."""
        return len(self._readers)

    @property
    def comment_every_s(self) -> float:
        """How often a silent stream shows that it is alive, in the loop's seconds."""
        return COMMENT_EVERY_S * self._speed

    def utc_s(self) -> float:
        """Return the service's time."""
        return self._clock.utc_s()

    def open(self, topics: frozenset[str] | None, experiment: str | None) -> Reader:
        """Return a new reader that gets every event from now on; raise UnavailableError when there are 64 already."""
        if len(self._readers) >= _MOST_READERS:
            raise UnavailableError(
                "There are too many event streams.",
                cause=f"At most {_MOST_READERS} can be open.",
                remedy="Close one of them, then try again.",
            )
        reader = Reader(topics, experiment)
        self._readers.add(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """Feed this reader no more."""
        self._readers.discard(reader)

    def missed(self, reader: Reader, last_seq: int) -> bytes | None:
        """Return the events a reader missed after `last_seq`, None when that is too long ago to know."""
        oldest_s = self._clock.monotonic_s() - _REPLAY_S * self._speed
        missed = [event for event in self._past if event.seq > last_seq]
        reaches_back = last_seq + 1 >= (self._past[0].seq if self._past else self.seq + 1)
        if not reaches_back or last_seq > self.seq or last_seq + 1 < self._first_seq:
            return None
        if missed and missed[0].loop_s < oldest_s:
            return None
        return b"".join(event.frame for event in missed if reader.wants(event))

    def end_streams(self) -> None:
        """End every stream after what is queued; its reader comes back and goes on from there."""
        for reader in self._readers:
            reader.close()

    def close(self) -> None:
        """End every stream and stop listening."""
        for stop in self._stops:
            stop()
        self.end_streams()

    def _send(self, name: str, experiment: str | None, payload: dict[str, Any], utc_s: float | None = None) -> None:
        self.seq += 1
        utc_s = self._clock.utc_s() if utc_s is None else utc_s
        event = Event(self.seq, self._clock.monotonic_s(), utc_s, name, experiment, payload)
        self._past.append(event)
        for reader in tuple(self._readers):
            if not reader.put(event):
                self._readers.discard(reader)
                asyncio.get_running_loop().call_later(_LAST_WORDS_S * self._speed, reader.let_go)

    def _on_job(self, event: JobChanged) -> None:
        keys = ("job_id", "job_name", "job_source", "experiment", "is_running", "started_at", "ended_at")
        payload = {key: event.row[key] for key in keys}
        self._send("job", event.row["experiment"], {**payload, "state": event.state, "needs_board": event.needs_board})

    def _on_setting(self, event: SettingChanged) -> None:
        payload = {"job_id": event.job_id, "job_name": event.job_name, "setting": event.setting, "value": event.value}
        self._send("setting", None, payload)

    def _on_reading(self, event: ReadingTaken) -> None:
        payload = {"experiment": event.experiment, "series": event.series, "value": event.value}
        self._send("reading", event.experiment, payload, event.utc_s)

    def _on_gap(self, event: GapMarked) -> None:
        payload = {"experiment": event.experiment, "series": event.series, "reason": event.reason}
        self._send("gap", event.experiment, payload, event.utc_s)

    def _on_led(self, event: LedChanged) -> None:
        self.leds[event.channel] = event.intensity
        payload = {"channel": event.channel, "intensity": event.intensity, "source_of_event": event.source}
        self._send("led", None, {**payload, "experiment": event.experiment}, event.utc_s)

    def _on_pwm(self, event: PwmChanged) -> None:
        self.pwms[str(event.channel)] = event.duty_percent
        self._send("pwm", None, {"channel": str(event.channel), "dc": event.duty_percent}, event.utc_s)

    def _on_dosing(self, event: DosingEvent) -> None:
        payload = {
            "experiment": event.experiment,
            "event": event.event,
            "volume_change": event.volume_change_ml,
            "source_of_event": event.source,
        }
        self._send("dosing", event.experiment, payload, event.utc_s)

    def _on_bioreactor(self, event: BioreactorChanged) -> None:
        payload = {"experiment": event.experiment, "values": event.values}
        self._send("bioreactor", event.experiment, payload, event.utc_s)

    def _on_board(self, event: BoardChanged) -> None:
        self._send("board", None, {"reason": event.board.get("detail", ""), **event.board})

    def _on_experiment(self, event: ExperimentChanged) -> None:
        self._send("experiment", event.experiment["experiment"], event.experiment)

    def _on_interrupted(self, event: InterruptedChanged) -> None:
        self._send("interrupted", None, event.interrupted)

    def _on_task(self, event: TaskChanged) -> None:
        error = {} if event.error is None else {"error": event.error}
        self._send("task", None, {"task_id": event.task_id, "status": event.status, **error})

    def _on_calibration(self, event: CalibrationChanged) -> None:
        self._send("calibration", None, {"device": event.device, "name": event.name, "action": event.action})

    def _on_plugin(self, event: PluginChanged) -> None:
        self._send("plugin", None, {"name": event.name, "state": event.state})

    def _on_record(self, event: RecordWritten) -> None:
        self._send("record", None, {"serial_number": event.serial_number, "run": event.run})

    def _on_dry_run(self, event: DryRunProgressed) -> None:
        progress = {"hours": event.hours, "of_hours": event.of_hours, "phase": event.phase}
        self._send("dry_run", None, {"task_id": event.task_id, **progress})

    def _on_annotation(self, event: AnnotationChanged) -> None:
        payload = {"experiment": event.experiment, "id": event.id, "action": event.action}
        self._send("annotation", event.experiment, {**payload, "text": event.text, "who": event.who})

    def _on_log(self, event: LogWritten) -> None:
        if LEVELS.get(event.item["level"], 0) >= LEVELS["INFO"]:
            self._send("log", event.item["experiment"], event.item)
