"""What the service costs with stirring and optical density running and no window."""

from __future__ import annotations

import time

from tests.bench.figures import Figure
from tests.bench.running import processor_s, resident_mib, service

WATCH_S = 30.0


def measure() -> list[Figure]:
    """Return resident memory and the share of a core over half a minute."""
    with service() as (process, client):
        for job in ("stirring", "od_reading"):
            client.ask("POST", f"/jobs/run/job_name/{job}", {})
            client.wait_until(f"/jobs/settings/job_name/{job}", lambda found: found["settings"]["$state"] == "ready")
        used_before, begin = processor_s(process.pid), time.monotonic()
        time.sleep(WATCH_S)
        share = (processor_s(process.pid) - used_before) / (time.monotonic() - begin)
        return [
            Figure("resident memory, two jobs", resident_mib(process.pid), "MiB", 120),
            Figure("share of a core, two jobs", share * 100, "%", 3),
        ]
