"""Plug-ins as a unit may have them: the example, and one that does not work."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.bench.running import Client

_EXAMPLE = Path(__file__).parents[2] / "resources" / "example_plugin" / "light_pulse.py"
_BROKEN = '''"""Reads a sensor nobody has."""
__plugin_name__ = "broken-sensor"
__plugin_version__ = "0.1"
__plugin_summary__ = "Reads a second thermometer"
__plugin_author__ = "Lab B"
import sensor_driver_that_is_not_installed
'''


def install_plugins(client: Client) -> None:
    """Install the example, and one that needs what is not there."""
    for name, text in (("light_pulse", _EXAMPLE.read_text(encoding="utf-8")), ("broken_sensor", _BROKEN)):
        file = {"file": (f"{name}.py", text.encode())}
        sent = httpx.post(f"{client.address}/unit_api/plugins/upload", files=file, trust_env=False)
        options = {"source": sent.raise_for_status().json()["source"]}
        client.ask("POST", "/plugins/install", {"args": [name], "options": options})
    client.wait_until("/plugins/installed", lambda found: [each["state"] for each in found] == ["failed", "loaded"])
