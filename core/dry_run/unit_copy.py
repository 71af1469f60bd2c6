"""A copy of a unit that can do no harm: configuration, calibrations and models, without what reaches outside.

Left out are plug-ins (their code may drive something real), the MQTT broker, and every path that leads out of the copy.
"""

from __future__ import annotations

import configparser
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.config import Config

_FOLDERS = ("storage/calibrations", "storage/estimators", "hardware", "models")
_SECTIONS_LEFT_OUT = ("mqtt",)
_INSIDE = {("storage", "database"): "storage/vialdesk.sqlite", ("logging", "log_file"): "logs/vialdesk.log"}
_ACTIVE = {"active_calibrations": "calibrations", "active_estimators": "estimators"}
_VOLUMES, _VIAL = "bioreactor", "vial"


@dataclass(frozen=True)
class CopiedUnit:
    """The copy.

    Attributes:
        active: catalogue ("calibrations", "estimators") to device to the name that is in use.
        volumes: bioreactor variables of the experiment that was asked for; {} where none are known.
    """

    folder: Path
    active: dict[str, dict[str, str]] = field(default_factory=dict)
    volumes: dict[str, float] = field(default_factory=dict)


def copy_unit(data_dir: Path, folder: Path, unit: str, experiment: str | None) -> CopiedUnit:
    """Copy what a simulated unit needs into `folder`, and return what the records say besides; asks the disk.

    Raises:
        OSError: something cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = Config.load(data_dir)
    for name in _FOLDERS:
        if (data_dir / name).is_dir():
            shutil.copytree(data_dir / name, folder / name, dirs_exist_ok=True, ignore=_links)
    _write_config(config, folder, unit)
    database = data_dir / config.text("storage", "database")
    stored = _stored(database) if database.is_file() else {}
    active = {
        catalogue: {device: name for (table, device), name in stored.items() if table == store}
        for store, catalogue in _ACTIVE.items()
    }
    volumes = stored.get((_VOLUMES, experiment or ""), {})
    return CopiedUnit(folder, active, _as_full_as_the_vial(volumes, stored) if isinstance(volumes, dict) else {})


def _as_full_as_the_vial(volumes: dict[str, float], stored: dict[tuple[str, str], Any]) -> dict[str, float]:
    """Return an experiment's volumes with what can be in the vial by what was pumped for others too."""
    vial_ml = stored.get((_VIAL, "greatest"), {}).get("ml")
    if not volumes or vial_ml is None:
        return volumes
    return volumes | {"current_volume_ml": max(vial_ml, volumes.get("current_volume_ml", vial_ml))}


def _links(folder: str, names: list[str]) -> set[str]:
    """Name the links in a folder: they may lead anywhere."""
    return {name for name in names if (Path(folder) / name).is_symlink()}


def _write_config(config: Config, folder: Path, unit: str) -> None:
    writer = configparser.RawConfigParser(default_section="\0")
    writer.optionxform = str  # type: ignore[method-assign, assignment]  # keys are case-sensitive
    sections = {name: keys for name, keys in config.sections().items() if name not in _SECTIONS_LEFT_OUT}
    sections["unit"] = {**sections.get("unit", {}), "name": unit}
    for (section, key), value in _INSIDE.items():
        sections[section] = {**sections.get(section, {}), key: value}
    writer.read_dict(sections)
    with (folder / "config.ini").open("w", encoding="utf-8") as file:
        writer.write(file)


def _stored(database: Path) -> dict[tuple[str, str], Any]:
    """Return what the records keep that a dry run needs; {} when they cannot be read."""
    names = (*_ACTIVE, _VOLUMES, _VIAL)
    query = f"SELECT name, key, value FROM store WHERE name IN ({', '.join('?' * len(names))})"  # noqa: S608
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return {(name, key): json.loads(value) for name, key, value in connection.execute(query, names)}
    except (sqlite3.Error, ValueError):
        return {}
