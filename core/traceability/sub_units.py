"""What a unit is made of, as far as board and configuration say so: written down once, then in people's hands.

A board knows that a pump is wired to one of its outputs, and nothing of that pump. So each sub-unit gets the unit's
serial number with its position behind it, `SIM-000001-media-pump`, marked as a placeholder until somebody enters the
pump's own number or puts another one in. What people swap or take out never comes back by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from core.config import Config
from core.schemas.unit_record.fields import LONGEST_NUMBER
from core.schemas.unit_record.units import NewUnit
from core.traceability.book import Change
from core.traceability.parts_store import know_revision
from core.traceability.refs import find_unit
from core.traceability.unit_children import put_under
from core.traceability.units_store import PLACEHOLDER, create_unit
from device.board import BoardDictionary

_PUMP, _STIRRER, _HEATER = "pump", "stirring", "heater"
_WRITTEN = "sub_units_written"
_HASH_CHARACTERS = 8


@dataclass(frozen=True)
class SubUnit:
    """One sub-unit of a unit.

    Attributes:
        part_number, part_name: what it is one of.
        position: where in the unit it is.
        suffix: what is put behind the unit's serial number for its own.
        inside: what it is made of itself.
    """

    part_number: str
    part_name: str
    position: str
    suffix: str
    inside: tuple[SubUnit, ...] = ()


def sub_units_of(board: BoardDictionary, config: Config) -> tuple[SubUnit, ...]:
    """Return the pumps, the stirrer, the heater board and the optics of a unit.

    Pumps, stirrer and heater are what the board's outputs are for; photodiodes and LEDs are those of the board's
    channels that the configuration says something is plugged into.
    """
    found = []
    for _, role in sorted(board.pwm_roles.items()):
        if role.endswith(_PUMP):
            found.append(SubUnit("peristaltic-pump", "Peristaltic pump", role.capitalize(), role.replace(" ", "-")))
        elif role == _STIRRER:
            found.append(SubUnit("stirrer", "Stirrer", "Stirrer", "stirrer"))
        elif role == _HEATER and board.has_thermometer:
            found.append(SubUnit("heater-board", "Heater board", "Heater board", "heater-board"))
    diodes = _wired(config, "od_config.photodiode_channel", board.photodiode_channels)
    leds = _wired(config, "leds", board.led_channels)
    inside = [SubUnit("photodiode", "Photodiode", f"Photodiode {each}", f"photodiode-{each}") for each in diodes]
    inside += [SubUnit("led", "LED", f"LED {each}", f"led-{each}") for each in leds]
    return (*found, SubUnit("optics", "Optics", "Optics", "optics", tuple(inside)))


def write_sub_units(change: Change, serial_number: str, sub_units: Sequence[SubUnit], revision: str) -> None:
    """Write down once what a unit is made of: all of it or, when the unit has anything in it already, nothing.

    The parts' `revision` is that of the unit they came with.
    """
    unit = find_unit(change.connection, serial_number)
    if change.connection.execute("SELECT 1 FROM store WHERE name = ? AND key = ?", (_WRITTEN, unit["uuid"])).fetchone():
        return
    change.connection.execute("INSERT INTO store VALUES (?, ?, ?)", (_WRITTEN, unit["uuid"], str(change.utc_us)))
    if not change.connection.execute("SELECT 1 FROM units WHERE parent = ?", (unit["id"],)).fetchone():
        _put_in(change, unit["id"], serial_number, sub_units, revision)


def _wired(config: Config, section: str, channels: Sequence[str]) -> list[str]:
    """Return those of a board's channels behind which the configuration has anything."""
    wired = config.section(section)
    return [channel for channel in channels if wired.get(channel)]


def _put_in(change: Change, parent: int, serial_number: str, sub_units: Sequence[SubUnit], revision: str) -> None:
    for each in sub_units:
        own = _placeholder(serial_number, each.suffix)
        know_revision(change, each.part_number, each.part_name, revision)
        found = change.connection.execute("SELECT parent FROM units WHERE serial_number = ?", (own,)).fetchone()
        if found is None:
            create_unit(change, NewUnit(serial_number=own, part_number=each.part_number, revision_number=revision))
            change.merge_metadata("units", find_unit(change.connection, own)["id"], {PLACEHOLDER: True})
        elif found["parent"] is not None:
            continue  # it went elsewhere while this unit was not in the record
        child = find_unit(change.connection, own)
        put_under(change, parent, child, each.position)
        _put_in(change, child["id"], serial_number, each.inside, revision)


def _placeholder(serial_number: str, suffix: str) -> str:
    """Return the serial number of what is at a position; where it would be too long, part of it is a hash."""
    whole = f"{serial_number}-{suffix}"
    if len(whole) <= LONGEST_NUMBER:
        return whole
    digest = hashlib.sha256(serial_number.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{serial_number[: LONGEST_NUMBER - len(suffix) - len(digest) - 2]}.{digest}-{suffix}"
