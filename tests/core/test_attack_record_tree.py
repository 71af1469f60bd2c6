"""Units under units without end, and lists that are read while what they list is deleted."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from running_services import Served
from unit_record_requests import Asker, asker

from core.traceability.unit_children import DEEPEST


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Someone with a key, and part P1."""
    made = await asker(served, user="Ada")
    await made.ok("POST", "/parts", {"number": "P1"})
    return made


def _chain(served: Served, count: int, name: str = "C") -> None:
    """Put units into the record, each under the one before, as no request made them."""
    path = served.service.data_dir / "unit_record" / "record.sqlite"
    with closing(sqlite3.connect(path)) as record, record:
        for number in range(count):
            record.execute(
                "INSERT INTO units (uuid, created_us, serial_number, revision, parent) VALUES (?, 0, ?, 1, ?)",
                (f"{name}{number}", f"{name}{number}", None if number == 0 else record.execute(
                    "SELECT max(id) FROM units").fetchone()[0]),
            )  # fmt: skip


async def test_no_unit_is_put_deeper_than_a_page_can_show(served: Served, ada: Asker) -> None:
    _chain(served, DEEPEST + 1)
    await ada.unit("top")
    await ada.unit("leaf")
    last = f"/units/C{DEEPEST}/children"
    refused = await ada.refused(400, "PUT", last, {"child_serial_number": "leaf"})
    assert str(DEEPEST) in refused["message"]
    refused = await ada.refused(400, "PUT", "/units/top/children", {"child_serial_number": "C0"})
    assert str(DEEPEST) in refused["message"]
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    body = {"outcome": "PASS", "procedure_id": procedure, "started_at": "2031-01-01", "ended_at": "2031-01-01",
            "serial_number": "top", "sub_units": ["leaf", "C0"]}  # fmt: skip
    body["started_at"] = body["ended_at"] = "2031-01-01T00:00:00Z"
    await ada.refused(400, "POST", "/runs", body)
    assert (await ada.ok("GET", "/units/leaf"))["parent"] is None, "all of the run or nothing"
    await ada.ok("PUT", "/units/top/children", {"child_serial_number": "C1"})
    page = await served.json("GET", "/record/units/top")
    assert len(str(page["parts_tree"])) > DEEPEST * 50
    await ada.refused(400, "PUT", f"/units/C{DEEPEST}/children", {"child_serial_number": "top"})


async def test_a_tree_that_is_deeper_already_is_shown_as_far_as_it_can_be(served: Served, ada: Asker) -> None:
    _chain(served, 3000)
    for path in ("/record/units/C0", "/record/units/C0/export"):
        page = await served.json("GET", path)
        tree = page.get("unit", page)["parts_tree"]
        depth = 0
        while tree:
            tree, depth = tree[0]["parts_tree"], depth + 1
        assert depth == DEEPEST
    await ada.ok("DELETE", "/units/C5/children", child_serial_number="C6")
    await ada.ok("DELETE", "/units", serial_numbers=["C3"])


async def test_what_is_deleted_page_by_page_is_all_seen(ada: Asker) -> None:
    for number in range(11):
        await ada.ok("POST", "/batches", {"number": f"B{number}"})
    for order in ("asc", "desc"):
        seen: list[str] = []
        cursor: int | None = 0
        while cursor is not None:
            page = await ada.ok("GET", "/batches", limit=3, cursor=cursor, sort_order=order)
            seen += [batch["number"] for batch in page["data"]]
            if order == "desc":
                await asyncio.gather(*(ada.ok("DELETE", f"/batches/{each['number']}") for each in page["data"]))
            cursor = page["meta"]["next_cursor"]
        assert seen == [f"B{number}" for number in (range(11) if order == "asc" else reversed(range(11)))]


async def test_what_is_deleted_before_and_behind_shifts_no_page(ada: Asker) -> None:
    for number in range(10):
        await ada.ok("POST", "/batches", {"number": f"B{number}"})
    query = {"limit": 4, "sort_order": "asc", "sort_by": "number"}
    first = await ada.ok("GET", "/batches", **query)
    for gone in ("B0", "B2", "B3", "B4"):
        await ada.ok("DELETE", f"/batches/{gone}")
    again = await ada.ok("GET", "/batches", cursor=first["meta"]["next_cursor"], **query)
    assert [batch["number"] for batch in again["data"]] == ["B5", "B6", "B7", "B8"]
    last = await ada.ok("GET", "/batches", cursor=again["meta"]["next_cursor"], **query)
    assert [batch["number"] for batch in last["data"]] == ["B9"]
