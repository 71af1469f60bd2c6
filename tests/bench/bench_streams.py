"""64 event streams, half of them never read: bounded memory, the rhythm of OD readings unchanged."""

from __future__ import annotations

import itertools
import socket
import threading
import time

from tests.bench.figures import Figure, quantile
from tests.bench.running import Client, resident_mib, service

STREAMS = 64
WATCHED_S = 60.0
QUIET_S = 20.0
_INTERVAL_S = 1.0
_ASK = b"GET /unit_api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class _Stream:
    """One event stream that reads and counts, or never reads."""

    def __init__(self, address: str, reads: bool) -> None:
        host, _, port = address.removeprefix("http://").rpartition(":")
        self.socket = socket.socket()
        self.socket.settimeout(30)
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        self.socket.sendall(_ASK)
        self.events = 0
        if reads:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        last = b""
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return
            if not data:
                return
            # An event's name may be cut in two by the network.
            self.events += (last + data).count(b"\nevent: ")
            last = data[-7:]


def measure() -> list[Figure]:
    """Return memory and the jitter of OD readings, alone and with the streams."""
    with service() as (process, client):
        body = {"options": {"interval": _INTERVAL_S}}
        assert client.ask("POST", "/jobs/run/job_name/od_reading", body)[0] == 202
        client.wait_until("/jobs/settings/job_name/od_reading", lambda found: "ods" in found["settings"])
        alone = _jitter_ms(client, QUIET_S)
        before_mib = resident_mib(process.pid)
        streams = [_Stream(client.address, reads=number % 2 == 0) for number in range(STREAMS)]
        flood = threading.Event()
        threading.Thread(target=_flood, args=(client.address, flood), daemon=True).start()
        watched = _jitter_ms(client, WATCHED_S)
        flood.set()
        after_mib = resident_mib(process.pid)
        dropped = sum(_is_dropped(stream) for stream in streams[1::2])
        events = min(stream.events for stream in streams[::2])
        for stream in streams:
            stream.socket.close()
    return [
        Figure("OD reading off its rhythm, alone, p99", quantile(alone, 0.99), "ms"),
        Figure(f"the same, {STREAMS} streams, p99", quantile(watched, 0.99), "ms", 50),
        Figure(f"memory grown in a minute of {STREAMS} streams", after_mib - before_mib, "MiB", 64),
        Figure(f"streams never read and not dropped, of {STREAMS // 2}", STREAMS // 2 - dropped, "", 0.5),
        Figure("events that every reading stream got", float(events), ""),
    ]


def _flood(address: str, enough: threading.Event) -> None:
    """Change settings often, so that every stream has a lot to carry."""
    client = Client(address)
    client.ask("POST", "/jobs/run/job_name/stirring", {})
    client.wait_until("/jobs/settings/job_name/stirring", lambda found: found["settings"]["$state"] == "ready")
    number = 0
    while not enough.is_set():
        number += 1
        client.ask("PATCH", "/jobs/settings/job_name/stirring", {"settings": {"target_rpm": 400 + number % 100}})
        time.sleep(0.001)


def _jitter_ms(client: Client, during_s: float) -> list[float]:
    """Return how far each interval between OD readings was from its nominal length."""
    time.sleep(during_s)
    experiment = client.ask("GET", "/experiments")[1][0]["experiment"].replace(" ", "%20")
    _, answer = client.ask("GET", f"/experiments/{experiment}/time_series/od2?points=20000")
    times = answer["data"][0][-int(during_s / _INTERVAL_S) :]
    return [abs(later - earlier - _INTERVAL_S) * 1e3 for earlier, later in itertools.pairwise(times)]


def _is_dropped(stream: _Stream) -> bool:
    """Whether the server ends a stream that was never read, after telling it to begin anew."""
    stream.socket.settimeout(2)
    said = b""
    try:
        while data := stream.socket.recv(65536):
            said = (said + data)[-65536:]
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
