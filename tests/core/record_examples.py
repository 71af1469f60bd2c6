"""Writes resources/api_examples.json: one real answer for each operation and status, from replaying every case.

Run it as a script (`make api-page` does) after the API has changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from bent_service import bent  # noqa: E402
from contract_needs import place_files, prepare  # noqa: E402
from contract_unit import contract_unit  # noqa: E402
from running_services import serving  # noqa: E402
from test_unit_api_cases import CASES, send  # noqa: E402

from core.service import ServiceOptions  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "resources" / "api_examples.json"
_MOST_CHARACTERS = 1500
_ITEMS = 2
_RANDOM_ID = r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_COUNTED_ID = "{:08d}-0000-4000-8000-000000000000"
_OF_THIS_RUN = {
    r'"pid": \d+': '"pid": 2718',
    r"127\.0\.0\.1:\d+": "127.0.0.1:4999",
    r'"available_bytes": \d+': '"available_bytes": 8000000000',
    r'"total_bytes": \d+': '"total_bytes": 16000000000',
}


async def _operations() -> dict[str, Any]:
    """Return what the description says of each path; it is too long to be sent while time jumps."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(ServiceOptions(Path(folder))) as served:
            paths: dict[str, Any] = (await served.json("GET", "/openapi.json"))["paths"]
            return paths


async def _record(
    operations: dict[str, Any], case: dict[str, Any], data_dir: Path, found: dict[str, dict[str, Any]]
) -> None:
    async with contract_unit(data_dir) as unit:
        await prepare(unit, case.get("needs", []))
        unit.known |= {"origin": unit.client.origin, "data_dir": str(data_dir), "n": 1}
        answer = await send(unit, case)
        _keep(operations, case["method"], case["path"], answer.status, answer.body if answer.is_json else b"", found)
        if answer.status == 202 and "task_id" in (accepted := answer.json()):
            task = await unit.task(accepted["task_id"])
            path = f"/unit_api/task_results/{task['task_id']}"
            _keep(operations, "GET", path, 200, json.dumps(task).encode(), found)


def _keep(
    operations: dict[str, Any], method: str, path: str, status: int, body: bytes, found: dict[str, dict[str, Any]]
) -> None:
    """Keep the first answer for an operation and status, shortened where it is long."""
    path = path.partition("?")[0]
    for template, methods in operations.items():
        operation = methods.get(method.lower())
        if body and operation and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            if str(status) in operation["responses"]:
                found.setdefault(operation["operationId"], {}).setdefault(str(status), _short(json.loads(body)))
            return


def _short(value: Any) -> Any:
    """Return a value with lists cut to their first items, when all of it would be too much to read."""
    if len(json.dumps(value)) <= _MOST_CHARACTERS:
        return value
    if isinstance(value, list):
        return [_short(item) for item in value[:_ITEMS]]
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    return value


def main() -> None:
    """Replay every case on a unit of a neutral name and write what was answered."""
    operations = asyncio.run(_operations())
    found: dict[str, dict[str, Any]] = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(XDG_STATE_HOME=f"{folder}/state", XDG_DATA_HOME=f"{folder}/share")
            data_dir = Path(folder, "data")
            data_dir.mkdir()
            (data_dir / "unit_config.ini").write_text("[unit]\nname = unit7\n", encoding="utf-8")
            place_files(data_dir, case.get("needs", []))
            bent(_record(operations, case, data_dir, found), within_s=7 * 86400)
    EXAMPLES.write_text(_lasting(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True)), encoding="utf-8")


def _lasting(text: str) -> str:
    """Return the examples without what differs with each recording: this computer's folders and room, random ids."""
    text = re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+/data", "/home/lab/vialdesk", text)
    for what, instead in _OF_THIS_RUN.items():
        text = re.sub(what, instead, text)
    ids: dict[str, str] = {}
    counted = re.sub(_RANDOM_ID, lambda found: ids.setdefault(found[0], _COUNTED_ID.format(len(ids) + 1)), text)
    return counted + "\n"


if __name__ == "__main__":
    main()
