"""Writes docs/api.md from the description that a running service gives of its own HTTP API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
_EVERYWHERE = ("401", "403", "500")
_HEAD = """# The HTTP API of a unit

*Made from the API's own description by `make api-page`; do not edit.* A running service shows the same, to be tried
out, at `/unit_api/docs`, and for programs at `/unit_api/openapi.json`. {summary}

Every answer to an error is a JSON object with `error` (what happened) and `error_info` (`cause`, `remediation`,
`status` and, where they help, `fields` and `known`). A request that takes a while answers 202 with a `task_id`; ask
`/unit_api/task_results/{{task_id}}` how it went. Every route can also answer 401 (the token is missing or wrong, only
beyond loopback), 403 (the Host or Origin header is foreign to this unit) and 500 (a fault of the service).

"""


def described() -> dict[str, Any]:
    """Start a service without a board and return the description it gives."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "core.cli", "serve", "--port", "0", "--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
            assert service.stdout is not None
            url = service.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}/unit_api/openapi.json", timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
            service.terminate()
    return found


def page(description: dict[str, Any]) -> str:
    """Return the description as a page of Markdown, a section for each group of routes."""
    groups: dict[str, list[str]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            group = (operation.get("tags") or ["other"])[0]
            groups.setdefault(group, []).append(_operation(description, method.upper(), path, operation))
    parts = [_HEAD.format(summary=description["info"].get("summary", ""))]
    for group in sorted(groups):
        parts.append(f"## {group.capitalize()}\n\n")
        parts.extend(groups[group])
    return "".join(parts).rstrip() + "\n"


def _operation(whole: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    lines = [f"### {method} {path}\n", (operation.get("description") or operation.get("summary", "")).strip() + "\n"]
    if parameters := operation.get("parameters"):
        lines.append("| parameter | in | type | meaning |\n|---|---|---|---|")
        lines.extend(_parameter(each) for each in parameters)
        lines.append("")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        lines.append(f"Body ({kind}): {_fields(whole, content.get('schema', {}))}\n")
    answers = {status: each for status, each in operation["responses"].items() if status not in _EVERYWHERE}
    lines.append(f"Answers: {', '.join(f'{status} {_meaning(each)}' for status, each in answers.items())}.\n")
    example = _example(operation)
    if example is not None:
        lines.append(f"```json\n{json.dumps(example, ensure_ascii=False)}\n```\n")
    return "\n".join(lines) + "\n"


def _parameter(parameter: dict[str, Any]) -> str:
    text = " ".join(str(parameter.get("description", "")).split())
    return f"| `{parameter['name']}` | {parameter['in']} | {_type(parameter.get('schema', {}))} | {text} |"


def _fields(whole: dict[str, Any], schema: dict[str, Any]) -> str:
    schema = _followed(whole, schema)
    required = schema.get("required", [])
    named = [
        f"`{name}` {_type(_followed(whole, each))}{', required' if name in required else ''}"
        + (f" ({' '.join(each['description'].split())})" if each.get("description") else "")
        for name, each in schema.get("properties", {}).items()
    ]
    return "; ".join(named) or _type(schema)


def _followed(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    found: dict[str, Any] = whole
    for part in reference.removeprefix("#/").split("/") if reference else []:
        found = found[part]
    return found if reference else schema


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if choices := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(each) for each in choices))
    if "enum" in schema:
        return " or ".join(f'"{each}"' for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def _meaning(answer: dict[str, Any]) -> str:
    return re.split(r"[.;(]", answer.get("description", ""))[0].strip().lower()


def _example(operation: dict[str, Any]) -> Any:
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json", {})
        if status.startswith("2") and "example" in content:
            return content["example"]
    return None


if __name__ == "__main__":
    PAGE.write_text(page(described()), encoding="utf-8")
