"""`make fuzz`: thousands of generated requests, single and in linked sequences, against a running service.

Every answer must be one that the API's description announces: no fault of the service, no undescribed status, no answer
that does not fit its schema, none that does not come.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.bench.running import service

_PROGRAMS = Path(sys.executable).parent
_CONFIGS = Path(__file__).parent
# Streams never end; they have tests of their own.
_ENDLESS = "/unit_api/events"


def main() -> int:
    """Run the fuzzer on both APIs; return 0 when all held, else an exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=120, help="generated requests for each operation and phase")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    options = parser.parse_args()
    # Generated names of packages must not be fetched from anywhere.
    os.environ.update(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    usual = ["--phases", options.phases, "--max-examples", str(options.examples), "--suppress-health-check", "all"]
    usual += ["--continue-on-failure", "--no-shrink", "--generation-database", "none"]
    if options.seed is not None:
        usual += ["--seed", str(options.seed)]
    with service("--speed", "20") as (process, client):
        header = f"Authorization: Bearer {_key(process)}"
        codes = [
            _fuzz("unit_record.toml", f"{client.address}/v2/openapi.json", "--header", header, *usual),
            _fuzz("unit_api.toml", f"{client.address}/unit_api/openapi.json", "--exclude-path", _ENDLESS, *usual),
        ]
        if process.poll() is not None:
            print(f"The service ended with {process.returncode}.", file=sys.stderr)
            return 1
    return max(codes)


def _fuzz(config: str, description: str, *arguments: str) -> int:
    command = [_PROGRAMS / "st", "--config-file", _CONFIGS / config, "run", description, *arguments]
    return subprocess.run(command, check=False).returncode


def _key(process: subprocess.Popen[str]) -> str:
    """Return a user's key for the record of a running service."""
    arguments = process.args
    assert isinstance(arguments, list)
    data = arguments[arguments.index("--data") + 1]
    command = [sys.executable, "-m", "gui.main", "keys", "create", "--user", "fuzzer", "--data", data]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    key = re.search(r"\bvd_\w+", told)
    assert key, told
    return key.group()


if __name__ == "__main__":
    sys.exit(main())
