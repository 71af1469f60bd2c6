"""What the instrument writes of itself where its reactor model is not one of those that ship."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bent_service import bent, bent_service
from running_services import write_config

from core.config import Config
from core.service import Service
from core.traceability.attachment_links import Links
from core.traceability.units_read import read_unit

OWN = "SIM-000001"
_NAME, _VERSION = "Our vial, 40 mL", "β 2"
_CONFIGURED = f"[reactor]\nmodel_name={_NAME}\nmodel_version={_VERSION}\n"
_MODEL = f"""
model_name: "{_NAME}"
model_version: "{_VERSION}"
display_name: ""
reactor_capacity_ml: 40
reactor_diameter_mm: 27
reactor_max_fill_volume_ml: 38
max_temp_to_reduce_heating: 63
max_temp_to_disable_heating: 65
max_temp_to_shutdown: 66
"""


async def own_unit(service: Service) -> dict[str, Any]:
    """Return the own unit of a record."""
    links = Links("", service.unit_record.signer)
    return await service.unit_record.read(lambda connection: read_unit(connection, OWN, links))


def write_model(folder: Path) -> None:
    """Write the file of a model of one's own."""
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "ours.yaml").write_text(_MODEL, encoding="utf-8")


def test_a_model_of_ones_own_may_be_called_as_one_likes(tmp_path: Path) -> None:
    write_model(tmp_path)
    write_config(tmp_path, _CONFIGURED)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(2)
            part = (await own_unit(service))["part"]
            assert (part["number"], part["name"], part["revision"]["number"]) == ("Our-vial--40-mL", _NAME, "--2")

    bent(run())


def test_the_unit_is_written_down_once_its_model_is_known(tmp_path: Path) -> None:
    write_config(tmp_path, "[reactor]\nmodel_name=nope\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await asyncio.sleep(60)
            await service.records.flush()
            count = "SELECT count(*) FROM logs WHERE message LIKE 'The board is not in % yet: The reactor model%'"
            assert await service.records.read(lambda connection: connection.execute(count).fetchone()[0]) == 1
            write_config(tmp_path, "")
            service.config.take_over(Config.load(tmp_path))
            await asyncio.sleep(60)
            assert (await own_unit(service))["part"]["number"] == "pioreactor_20ml"

    bent(run())
