"""Every case of the unit API's contract, each on a unit of its own: sent byte for byte, answers held to shapes.

`unit_api_cases.jsonl` holds the cases; its first line names the shapes. A case may need things beforehand
(`contract_needs`), may wait for the task behind its answer, and may send further requests.
"""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from bent_service import bent
from contract_needs import place_files, prepare, zip_of
from contract_unit import Unit, contract_unit
from multipart_body import multipart
from raw_http import Answer

_FILE = Path(__file__).parent / "unit_api_cases.jsonl"
_LINES = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
_DEFINITIONS: dict[str, Any] = _LINES[0]["definitions"]
CASES: list[dict[str, Any]] = _LINES[1:]
_WORDS = {"body", "zip"}
_METADATA = "pioreactor_export_metadata.json"
_numbers = itertools.count(1)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case: dict[str, Any], data_dir: Path) -> None:
    place_files(data_dir, case.get("needs", []))
    bent(_replay(case, data_dir), within_s=7 * 86400)


async def _replay(case: dict[str, Any], data_dir: Path) -> None:
    async with contract_unit(data_dir) as unit:
        await prepare(unit, case.get("needs", []))
        unit.known |= {"origin": unit.client.origin, "data_dir": str(data_dir), "n": next(_numbers)}
        answer = await send(unit, case)
        _check(case, answer)
        if task := case.get("expect_task"):
            found = await unit.task(answer.json()["task_id"])
            assert found["status"] in _listed(task["status"]), found
            if found["status"] == "complete":
                _fits(found.get("result"), task.get("result", {}))
        for step in case.get("then", []):
            _check(step, await send(unit, step))


async def send(unit: Unit, case: dict[str, Any]) -> Answer:
    headers = {name: _filled(value, unit) for name, value in case.get("headers", {}).items()}
    body: bytes | None = None
    if "request_body" in case and case["request_body"] is not None:
        body = json.dumps(_filled(case["request_body"], unit)).encode()
        headers.setdefault("Content-Type", case.get("content_type", "application/json"))
    elif "raw_body" in case:
        body = case["raw_body"].encode()
    elif "multipart" in case:
        part = case["multipart"]
        body, kind = multipart(part["field"], part.get("filename", ""), await _content(unit, part["content"]))
        headers["Content-Type"] = kind
    if "content_type" in case:
        headers["Content-Type"] = case["content_type"]
    until = b"data: " if case.get("expect_shape", {}).get("body") == "events" else b""
    return await unit.client.ask(case["method"], _filled(case["path"], unit), body, headers, until=until)


async def _content(unit: Unit, content: str | dict[str, Any]) -> bytes:
    if isinstance(content, dict):
        return zip_of(content.get("zip", {}), content.get("links"))
    if content.startswith("text:"):
        return content.removeprefix("text:").encode()
    exported = (await unit.ask("GET", "/zipped_dot_pioreactor")).body
    if content == "export":
        return exported
    with zipfile.ZipFile(io.BytesIO(exported)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(files.pop(_METADATA))
    if content == "export-without-name":
        del metadata["name"]
        files[_METADATA] = json.dumps(metadata).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _filled(value: Any, unit: Unit) -> Any:
    """Fill in what is known, wherever a name stands in braces."""
    if isinstance(value, dict):
        return {key: _filled(item, unit) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, unit) for item in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{(\w+)\}", value)
    if whole and isinstance(unit.known.get(whole[1]), int):
        return unit.known[whole[1]]
    return re.sub(r"\{(\w+)\}", lambda found: str(unit.known.get(found[1], found[0])), value)


def _check(case: dict[str, Any], answer: Answer) -> None:
    assert answer.status in _listed(case["expect_status"]), (answer.status, answer.body[:2000])
    for name, pattern in case.get("expect_headers", {}).items():
        assert re.search(pattern, answer.headers.get(name, ""), re.IGNORECASE), (name, answer.headers)
    _check_rules(case, answer)
    shape = case.get("expect_shape")
    if shape is None or answer.status != _listed(case["expect_status"])[0]:
        return
    if "body" in shape and "type" not in shape:
        _check_body(shape, answer)
    else:
        _fits(answer.json(), shape)


def _check_rules(case: dict[str, Any], answer: Answer) -> None:
    """Check what holds for every answer."""
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.status in (429, 503):
        assert re.fullmatch(r"[1-9]\d*", answer.headers["retry-after"])
    if answer.status == 405:
        assert answer.headers["allow"]
    if answer.status >= 400:
        assert answer.is_json, answer.headers
        if case["method"] != "HEAD":
            _fits(answer.json(), {"$ref": "error"})
            assert answer.json()["error_info"]["status"] == answer.status


def _check_body(shape: dict[str, Any], answer: Answer) -> None:
    if shape["body"] == "empty":
        assert answer.body == b""
    elif shape["body"] == "text":
        assert answer.headers["content-type"].startswith("text/plain")
        text = answer.body.decode()
        assert all(part in text for part in shape.get("contains", [])), text[:500]
    elif shape["body"] == "zip":
        assert answer.headers["content-type"].startswith("application/zip")
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
        assert set(shape.get("contains", [])) <= set(names), names
        assert len(names) <= shape.get("max_entries", len(names)), names
    elif shape["body"] == "events":
        frame = next(part for part in answer.body.decode().split("\n\n") if "event:" in part)
        fields = dict(line.split(": ", 1) for line in frame.splitlines())
        assert fields["event"] == shape["first_event"]
        _fits(json.loads(fields["data"]), shape["data"])
    else:
        assert shape["body"] == "any", shape


def _fits(value: Any, shape: dict[str, Any]) -> None:
    if shape == {"body": "any"}:
        return
    schema = _resolved(shape) | {"definitions": {name: _resolved(each) for name, each in _DEFINITIONS.items()}}
    faults = [fault.message for fault in jsonschema_rs.Draft7Validator(schema).iter_errors(value)]
    assert not faults, (faults, value)


def _resolved(shape: Any) -> Any:
    """Return the shape with its references written as a JSON Schema has them."""
    if isinstance(shape, dict):
        reference = shape.get("$ref")
        if isinstance(reference, str):
            return {"allOf": [{"$ref": f"#/definitions/{reference}"}]}
        return {key: _resolved(item) for key, item in shape.items()}
    return [_resolved(item) for item in shape] if isinstance(shape, list) else shape


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
