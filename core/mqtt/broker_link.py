"""The connection to the broker, in a thread and on an event loop of its own.

Nothing the broker, the network or TLS does can hold up the service so, and time runs there as it does for the broker,
also when the service's time is bent. The connection is made again when it ends, sooner at first, then more rarely.

Each running job has a connection of its own besides, which does nothing but carry its last will: a connection can have
one will only, and every job's `$state` is to become `lost` when the service dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiomqtt import Client, MqttError, Will
from aiomqtt.exceptions import MqttCodeError, MqttConnectError

from core.clock import new_loop
from core.mqtt.broker_settings import BrokerSettings
from core.mqtt.outbox import Message, Outbox

# The broker takes a client that says nothing for one and a half times this long for lost.
_KEEPALIVE_S = 30
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_ANSWER_WITHIN_S = 20.0
_LAST_WORDS_S = 3.0
_END_WITHIN_S = 6.0
# Without a connection there is nobody to take leave of.
_GIVE_UP_WITHIN_S = 0.5
_MOST_UNDER_WAY = 20
_MOST_INCOMING = 200
LOST = "lost"
_log = logging.getLogger(__name__)
# The client library's own lines: of no use to anybody who did not write it.
_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class LinkState:
    """How the connection stands.

    Attributes:
        word: `connecting`, `connected`, `refused` (the broker does not let us in), `unreachable`.
        detail: what happened; empty when nothing needs to be said.
        remedy: what to do next; empty when nothing is needed.
    """

    word: str
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Incoming:
    """A message from the broker."""

    topic: str
    payload: bytes
    retain: bool


class BrokerLink:
    """Keeps a connection as long as it is open.

    Args:
        subscriptions: topic filters; asked for after each connection.
        hear: called in the service's loop with each message that comes.
        tell: called in the service's loop when the state changes.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        outbox: Outbox,
        subscriptions: Iterable[str],
        hear: Callable[[Incoming], None],
        tell: Callable[[LinkState], None],
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._subscriptions = tuple(subscriptions)
        self._hear = hear
        self._tell = tell
        self._service_loop = asyncio.get_running_loop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._wills: set[str] = set()
        self._carried: dict[str, asyncio.Task[None]] = {}
        self._is_ending = False
        # The thread has been told to look, and has not yet.
        self._is_nudged = False
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def send(self, message: Message) -> None:
        """Hand over a message; never waits."""
        self._outbox.put(message)
        if not self._is_nudged:
            self._is_nudged = True
            self._nudge(self._look)

    def leave_will(self, topic: str) -> None:
        """Have the broker say `lost` on a topic when this process dies."""
        self._nudge(self._look, self._wills.add, topic)

    def withdraw_will(self, topic: str) -> None:
        """The will on a topic is of no use any more."""
        self._nudge(self._look, self._wills.discard, topic)

    def close(self) -> None:
        """Send what waits, disconnect in good order, and end; waits some seconds at most, not for the event loop."""
        self._is_ending = True
        self._nudge(self._look)
        self._thread.join(_END_WITHIN_S if self._outbox.is_open else _GIVE_UP_WITHIN_S)

    def _nudge(self, call: Callable[..., object], *args: object) -> None:
        loop = self._loop
        if loop is None:
            call(*args)  # the thread has not begun
            return
        with contextlib.suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(call, *args)

    def _say(self, call: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the service has ended
            self._service_loop.call_soon_threadsafe(call, *args)

    # What follows runs in the thread.

    def _look(self, change: Callable[[str], None] | None = None, topic: str = "") -> None:
        """Take a will or leave it, and have whoever sends look for what there is to do."""
        self._is_nudged = False
        if change is not None:
            change(topic)
        self._wake.set()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            self._loop = runner.get_loop()
            runner.run(self._live())

    async def _live(self) -> None:
        wait_s = _FIRST_WAIT_S
        while not self._is_ending:
            try:
                await self._session()
                wait_s = _FIRST_WAIT_S
            except (MqttError, OSError) as error:
                state = _state_of(error, self._settings)
                wait_s = _FIRST_WAIT_S if self._outbox.is_open else min(2 * wait_s, _LONGEST_WAIT_S)
                self._outbox.close()
                self._say(self._tell, state)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the attempts
                _log.exception("The connection to the broker %s failed.", self._settings.name)
                self._outbox.close()
                self._say(self._tell, LinkState("unreachable", f"{type(error).__name__}: {error}"))
            await self._rest(wait_s)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._is_ending:
                    self._wake.clear()
                    await self._wake.wait()

    async def _session(self) -> None:
        """Be connected; returns when the link is closed, raises MqttError or OSError when the connection fails."""
        async with self._client(None) as client:
            for topic in self._subscriptions:
                await client.subscribe(topic, qos=1)
            self._outbox.open()
            self._wake.set()
            self._say(self._tell, LinkState("connected"))
            receiving = asyncio.create_task(self._receive(client), name="mqtt receive")
            sending = asyncio.create_task(self._send(client), name="mqtt send")
            try:
                done, _ = await asyncio.wait((receiving, sending), return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await _cancelled([receiving, sending, *self._carried.values()])
                self._carried.clear()

    def _client(self, will: Will | None) -> Client:
        settings = self._settings
        client = Client(
            settings.address,
            settings.port,
            username=settings.username or None,
            password=settings.password or None,
            logger=_library_log,
            will=will,
            keepalive=_KEEPALIVE_S,
            timeout=_ANSWER_WITHIN_S,
            max_queued_incoming_messages=_MOST_INCOMING,
            tls_context=ssl.create_default_context(cafile=settings.ca_file or None) if settings.use_tls else None,
        )
        client.pending_calls_threshold = 2 * _MOST_UNDER_WAY
        return client

    async def _receive(self, client: Client) -> None:
        async for message in client.messages:
            topic, payload = message.topic.value, message.payload
            if topic.endswith("/$state"):
                self._mend_state(topic, payload)
            elif isinstance(payload, bytes):
                self._say(self._hear, Incoming(topic, payload, bool(message.retain)))

    def _mend_state(self, topic: str, payload: object) -> None:
        """Where the broker says that a job is lost, and it is not, say again after a second how it is."""
        newest = self._outbox.newest(topic)
        if payload == LOST.encode() and newest is not None and newest.payload != LOST:
            asyncio.get_running_loop().call_later(1.0, self._say_again, newest)

    def _say_again(self, message: Message) -> None:
        if self._outbox.newest(message.topic) is message:
            self._outbox.put(message)
            self._wake.set()

    async def _send(self, client: Client) -> None:
        """Send what is in the outbox, several messages at a time and in their order, until the link is closed."""
        under_way: dict[asyncio.Task[None], Message] = {}
        ends_s: float | None = None
        loop = asyncio.get_running_loop()
        try:
            while ends_s is None or loop.time() < ends_s:
                self._wake.clear()
                self._carry_wills()
                while len(under_way) < _MOST_UNDER_WAY and (message := self._outbox.take()) is not None:
                    publishing = client.publish(message.topic, message.payload or None, message.qos, message.retain)
                    under_way[loop.create_task(publishing)] = message
                if self._is_ending:
                    ends_s = ends_s or loop.time() + _LAST_WORDS_S
                    if not under_way:
                        return
                await self._one_of(under_way)
        finally:
            await _cancelled(list(under_way))
            self._outbox.undelivered(list(under_way.values()))

    async def _one_of(self, under_way: dict[asyncio.Task[None], Message]) -> None:
        """Wait until a message has been delivered, or there is something else to do."""
        woken = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait((*under_way, woken), return_when=asyncio.FIRST_COMPLETED, timeout=_LAST_WORDS_S)
        finally:
            woken.cancel()
        for task in [task for task in under_way if task.done()]:
            message = under_way.pop(task)
            try:
                task.result()
            except ValueError as error:
                _log.warning("What is on %r cannot be told over MQTT: %s", message.topic, error)
                self._outbox.forget(message)
            else:
                self._outbox.delivered(message)

    def _carry_wills(self) -> None:
        """Have a connection for each will, and none for those that were withdrawn."""
        for topic in self._wills - self._carried.keys():
            self._carried[topic] = asyncio.create_task(self._carry(topic), name="mqtt will")
        for topic in self._carried.keys() - self._wills:
            self._carried.pop(topic).cancel()

    async def _carry(self, topic: str) -> None:
        """Hold the connection whose will speaks on `topic`, until cancelled: then it goes without a word."""
        while True:
            try:
                async with self._client(Will(topic, LOST, qos=2, retain=True)) as client:
                    async for _ in client.messages:
                        pass  # it has subscribed to nothing
            except (MqttError, OSError):
                await asyncio.sleep(_FIRST_WAIT_S)


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_LAST_WORDS_S)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # seen: the connection has ended, and each of them says so


def _state_of(error: MqttError | OSError, settings: BrokerSettings) -> LinkState:
    """Return what the user is told of a connection that failed."""
    where = f"The broker {settings.name}"
    if isinstance(error, MqttConnectError):
        remedy = "Correct username and password in section [mqtt] of the configuration, then restart the service."
        return LinkState("refused", f"{where} does not let this unit in: {_reason(error)}.", remedy)
    if not isinstance(error, MqttError):  # nothing but reading the file of certificates raises another
        remedy = "Correct ca_file in section [mqtt] of the configuration, then restart the service."
        return LinkState("refused", f"The certificates in {settings.ca_file} cannot be used: {error}.", remedy)
    if "CERTIFICATE" in str(error).upper() or "SSL" in str(error).upper():
        remedy = "Correct broker_address, broker_port or ca_file in section [mqtt], then restart the service."
        return LinkState("refused", f"{where} and this unit do not agree on TLS: {error}.", remedy)
    remedy = "Look whether the broker runs and the network is there; it is tried again and again."
    reason = _reason(error) if isinstance(error, MqttCodeError) else str(error)
    return LinkState("unreachable", f"{where} is not reached: {reason}.", remedy)


def _reason(error: MqttCodeError) -> str:
    return str(error).partition("] ")[2] or str(error)
