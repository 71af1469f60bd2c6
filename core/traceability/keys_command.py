"""`vialdesk keys`: makes, lists and revokes keys to the unit's record, also while a service uses the data folder."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from core.clock import Clock
from core.errors import ServiceError
from core.exits import ExitCode, StartError
from core.folders import DataFolder
from core.owner import OwnedError, Ownership
from core.traceability.keys import list_keys, make_station_key, make_user_key, revoke_key
from core.traceability.record import UnitRecord, attach_record, open_record
from core.version import VERSION


async def run_keys(given: argparse.Namespace, data_dir: Path, unit: str) -> None:
    """Do what the command line says.

    Raises:
        StartError: it could not be done.
    """
    try:
        async with _record(data_dir, unit) as record:
            await _ACTIONS[given.action](record, given)
    except ServiceError as error:
        raise StartError(ExitCode.FAULT, error.error, error.remedy) from error
    except (OSError, sqlite3.Error) as error:
        what = f"The unit's record in {data_dir} cannot be used ({error})."
        raise StartError(ExitCode.FOLDER_UNUSABLE, what, "Choose another folder with --data.") from error


@contextlib.asynccontextmanager
async def _record(data_dir: Path, unit: str) -> AsyncIterator[UnitRecord]:
    clock = Clock(asyncio.get_running_loop())
    with contextlib.ExitStack() as held:
        try:
            held.callback(Ownership(data_dir, VERSION).release)
            record = await open_record(data_dir, data_dir / DataFolder.WORK, clock, unit)
        except OwnedError as error:
            attached = await attach_record(data_dir, data_dir / DataFolder.WORK, clock, unit)
            if attached is None:
                remedy = "It may be starting: try again in a moment. If it is of another version, restart it."
                raise StartError(ExitCode.FOLDER_OWNED, str(error), remedy) from None
            record = attached
        try:
            yield record
        finally:
            await record.close()


async def _create(record: UnitRecord, given: argparse.Namespace) -> None:
    owner = await record.owner()
    if given.user is not None:
        key = await record.change(owner, lambda change: make_user_key(change, given.user, record.unit))
    else:
        key = await record.change(owner, lambda change: make_station_key(change, given.station))
    print(key)


async def _list(record: UnitRecord, given: argparse.Namespace) -> None:
    del given
    for item in await record.read(list_keys):
        whose = f"user {_plain(item['user'])}" if item["user"] is not None else f"station {_plain(item['station'])}"
        state = f"revoked {item['revoked_at']}" if item["revoked_at"] else "valid"
        print(f"{item['prefix']}  {item['created_at']}  {state}  {whose}")


def _plain(name: str) -> str:
    """Return a name as this terminal can show it, without the lines and control characters somebody put into it."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = "".join(each if each.isprintable() else "?" for each in name)
    return shown.encode(encoding, "replace").decode(encoding)


async def _revoke(record: UnitRecord, given: argparse.Namespace) -> None:
    await record.change(await record.owner(), lambda change: revoke_key(change, given.prefix))
    print(f"{given.prefix} is worthless now.")


_ACTIONS = {"create": _create, "list": _list, "revoke": _revoke}
