"""The interactive description: it is whole, and it loads nothing from anywhere else."""

from __future__ import annotations

import re

from running_services import Served


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
