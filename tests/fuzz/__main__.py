"""`make fuzz`: thousands of generated requests, single and in linked sequences, against a running service.

Every answer must be one that the API's description announces: no fault of the service, no undescribed status, no answer
that does not fit its schema, none that does not come.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.running import service

_CONFIG = Path(__file__).parent / "schemathesis.toml"
# Streams never end; they have tests of their own.
_ENDLESS = "/unit_api/events"


def main() -> int:
    """Run the fuzzer; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=120, help="generated requests for each operation and phase")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    options = parser.parse_args()
    # Generated names of packages must not be fetched from anywhere.
    os.environ.update(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    with service("--speed", "20") as (process, client):
        command = [
            *(str(Path(sys.executable).parent / "st"), "--config-file", str(_CONFIG), "run"),
            f"{client.address}/unit_api/openapi.json",
            *("--exclude-path", _ENDLESS, "--phases", options.phases),
            *("--max-examples", str(options.examples), "--suppress-health-check", "all"),
            *("--continue-on-failure", "--no-shrink"),
        ]
        if options.seed is not None:
            command += ["--seed", str(options.seed)]
        code = subprocess.run(command, check=False).returncode
        if process.poll() is not None:
            print(f"The service ended with {process.returncode}.", file=sys.stderr)
            return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
