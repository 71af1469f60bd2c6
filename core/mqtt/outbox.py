"""What is to be told to the broker: filled by the service without waiting, emptied by the broker's thread.

Values that the broker retains are remembered, the newest of each topic, so that a broker that was away, or lost its
memory, has all of them again after the next connection. Other messages wait for the broker in a bounded queue.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

# Messages that must arrive (QoS 1 and 2: doses, settings of automations), and those that may be lost (log lines).
_MOST_WAITING = 10_000
_MOST_LOSABLE_WAITING = 1_000
# Topics a unit retains: a few dozen for each experiment.
_MOST_RETAINED = 20_000


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        payload: empty in a retained one to take the value off the broker.
        qos: 0 at most once, 1 at least once, 2 exactly once within one connection.
    """

    topic: str
    payload: str
    retain: bool
    qos: int


class Outbox:
    """Messages on their way out; safe to use from two threads.

    Attributes:
        dropped: how many messages were given up since the service started because the broker was away, or too slow.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retained: dict[str, Message] = {}
        self._certain: deque[tuple[int, Message]] = deque()
        self._losable: deque[tuple[int, Message]] = deque()
        self._number = 0
        self._is_open = False
        # A value to be retained was given up because the broker is slow: all are told again when it has caught up.
        self._fell_behind = False
        self.dropped = 0

    @property
    def is_open(self) -> bool:
        """Whether the broker is there."""
        return self._is_open

    def __len__(self) -> int:
        return len(self._certain) + len(self._losable)

    def put(self, message: Message) -> None:
        """Hand over a message; of a retained one, while the broker is away, only the newest value is kept."""
        with self._lock:
            if message.retain:
                self._retained.pop(message.topic, None)
                self._retained[message.topic] = message
                while len(self._retained) > _MOST_RETAINED:
                    del self._retained[next(iter(self._retained))]
            if self._is_open or not message.retain:
                self._queue(message)

    def newest(self, topic: str) -> Message | None:
        """Return the newest retained value of a topic; None when there is none."""
        with self._lock:
            return self._retained.get(topic)

    def open(self) -> None:
        """The broker is there: everything it should retain is to be told again, then what waited."""
        with self._lock:
            self._is_open = True
            self._fill()

    def close(self) -> None:
        """The broker is away."""
        with self._lock:
            self._is_open = False

    def take(self) -> Message | None:
        """Return the next message; None when there is none."""
        with self._lock:
            if self._fell_behind and not len(self):
                self._fell_behind = False
                self._fill()
            queues = [queue for queue in (self._certain, self._losable) if queue]
            return min(queues, key=_first_number).popleft()[1] if queues else None

    def delivered(self, message: Message) -> None:
        """The broker has confirmed a message; a value taken off the broker need not be taken off again."""
        with self._lock:
            if not message.payload and self._retained.get(message.topic) is message:
                del self._retained[message.topic]

    def forget(self, message: Message) -> None:
        """A message cannot be sent at all: its topic or its text is none that MQTT can carry."""
        with self._lock:
            if self._retained.get(message.topic) is message:
                del self._retained[message.topic]

    def undelivered(self, messages: list[Message]) -> None:
        """The connection ended before the broker confirmed these, in their order; they are sent again later."""
        with self._lock:
            # Nothing has a number below 1.
            self._certain.extendleft(
                (0, message) for message in reversed(messages) if message.qos and not message.retain
            )

    def _fill(self) -> None:
        """Queue everything the broker should retain, then what waited."""
        waiting = [message for _, message in sorted([*self._certain, *self._losable], key=_number)]
        self._certain.clear()
        self._losable.clear()
        for message in [*self._retained.values(), *(each for each in waiting if not each.retain)]:
            self._queue(message)

    def _queue(self, message: Message) -> None:
        queue, most = (self._certain, _MOST_WAITING) if message.qos else (self._losable, _MOST_LOSABLE_WAITING)
        if len(queue) >= most:
            _, oldest = queue.popleft()
            self.dropped += not oldest.retain
            self._fell_behind |= oldest.retain
        self._number += 1
        queue.append((self._number, message))


def _number(entry: tuple[int, Message]) -> int:
    return entry[0]


def _first_number(queue: deque[tuple[int, Message]]) -> int:
    return queue[0][0]
