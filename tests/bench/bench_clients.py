"""Many clients at once, lists of files, and the first answer that takes work."""

from __future__ import annotations

import asyncio
import time

from tests.bench.figures import Figure, quantile
from tests.bench.running import Client, service

CLIENTS = 8
ASKING_S = 4.0
REQUESTS = 1000
CALIBRATIONS = 6
_HEALTH = b"GET /unit_api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
_CALIBRATION = (
    "{{calibration_type: simple_peristaltic_pump, calibration_name: pump-{}, calibrated_on_pioreactor_unit: unit7,"
    " created_at: 2026-02-03T04:05:06Z, curve_data_: {{type: poly, coefficients: [0.0842, 0.0]}}, x: Duration,"
    " y: Volume, recorded_data: {{x: [6.0, 12.0, 18.0], y: [0.51, 1.0, 1.52]}}, hz: 250.0, dc: 100.0, voltage: 4.95}}"
)


def measure() -> list[Figure]:
    """Return the first capabilities, the list of calibrations, and the cost of an answer to one of eight clients."""
    with service() as (_, client):
        begin = time.perf_counter()
        status, _ = client.ask("GET", "/capabilities")
        first_ms = (time.perf_counter() - begin) * 1e3
        assert status == 200
        calibrations = _calibrations(client)
        answers = asyncio.run(_ask_all(client.address))
    rate = answers / ASKING_S
    return [
        Figure("GET capabilities, the first", first_ms, "ms", 20),
        *calibrations,
        Figure(f"GET health, {CLIENTS} clients ({rate:.0f} answers/s), an answer", 1e3 / rate, "ms", 0.5),
    ]


def _calibrations(client: Client) -> list[Figure]:
    for number in range(CALIBRATIONS):
        body = {"calibration_data": _CALIBRATION.format(number)}
        status, answer = client.ask("POST", "/calibrations/media_pump", body)
        assert status == 200, answer
    samples = []
    for _ in range(REQUESTS):
        begin = time.perf_counter()
        _, answer = client.ask("GET", "/calibrations")
        samples.append((time.perf_counter() - begin) * 1e3)
    assert len(answer["media_pump"]) == CALIBRATIONS
    return [Figure(f"GET calibrations, {CALIBRATIONS} files, p50", quantile(samples, 0.5), "ms", 1.0)]


class _Asker(asyncio.Protocol):
    """Asks again as soon as it is answered, and counts the answers."""

    def __init__(self) -> None:
        self.answers = 0
        self._got = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(_HEALTH)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, gap, body = self._got.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            assert head.startswith(b"HTTP/1.1 200")
            self.answers += 1
            self._got = b""
            assert self._transport is not None
            self._transport.write(_HEALTH)


async def _ask_all(address: str) -> int:
    host, _, port = address.removeprefix("http://").rpartition(":")
    loop = asyncio.get_running_loop()
    connected = [await loop.create_connection(_Asker, host, int(port)) for _ in range(CLIENTS)]
    await asyncio.sleep(ASKING_S)
    for transport, _ in connected:
        transport.close()
    return sum(asker.answers for _, asker in connected)
