"""The interactive description: it is whole, and it loads nothing from anywhere else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from running_services import Served

_PACKAGING = Path(__file__).parents[2] / "packaging"


async def test_the_page_needs_nothing_but_this_service(served: Served) -> None:
    page = await served.http.get("/unit_api/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        part = await served.http.get(path)
        assert part.status_code == 200, path
        assert part.content


async def test_it_shows_the_description_of_this_unit(served: Served) -> None:
    start = (await served.http.get("/unit_api/docs/start.js")).text
    described = re.search(r'url: "([^"]+)"', start)
    assert described
    paths = (await served.json("GET", described[1].removeprefix("/unit_api")))["paths"]
    assert "/unit_api/health" in paths
    assert not [path for path in paths if path.startswith("/unit_api/docs")]


async def test_the_page_among_the_documents_says_the_same(served: Served) -> None:
    """`make api-page` writes it anew."""
    description = await served.json("GET", "/openapi.json")
    spec = importlib.util.spec_from_file_location("api_page", _PACKAGING / "api_page.py")
    assert spec is not None
    assert spec.loader is not None
    api_page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api_page)
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.page(description)


async def test_every_operation_is_described_in_words_with_its_answers(served: Served) -> None:
    paths = (await served.json("GET", "/openapi.json"))["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            name = f"{method} {path}"
            assert operation.get("description") or operation.get("summary"), name
            assert {"401", "403", "500"} <= set(operation["responses"]), name
            for status, answer in operation["responses"].items():
                assert answer["description"], f"{name} {status}"
