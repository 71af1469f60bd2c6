"""Requests and answers about the unit's own files, clock, host and software."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body


class FolderListing(BaseModel):
    """A folder of the data folder."""

    current: str = Field(description="Its path, relative; empty for the root.", examples=["storage/calibrations"])
    dirs: list[str] = Field(description="Names of folders in it, sorted.")
    files: list[str] = Field(description="Names of files in it, sorted.")


class RemoveFile(Body):
    """Which file to remove."""

    filepath: str = Field(
        description="Relative to the data folder, or absolute and inside it.", examples=["notes/hello.txt"]
    )


class UtcClock(BaseModel):
    """The service's clock."""

    status: Literal["success"]
    clock_time: str = Field(examples=["2031-02-03T04:05:06.789Z"])


class SetUtcClock(Body):
    """The time it is."""

    utc_clock_time: str = Field(
        description="UTC timestamp of the years 2020 to 2099, with Z or +00:00.", examples=["2031-02-03T04:05:06Z"]
    )


class Ipv4(BaseModel):
    """Addresses of the computer."""

    ipv4_address: str = Field(description="Separated by commas, empty when there is none.", examples=["192.168.1.20"])


class Space(BaseModel):
    """How much there is of something, and how much of it is free."""

    available_bytes: int = Field(ge=0)
    total_bytes: int = Field(ge=0)


class Update(Body):
    """What to update to; everything is optional."""

    options: dict[str, object] = Field(
        default_factory=dict,
        description="`version`, `source` (a file inside the data folder), `dry_run` (look, change nothing).",
    )
    args: list[str] = Field(default_factory=list)
    env: dict[str, str] = Field(default_factory=dict)


class ConfigText(Body):
    """The text of a configuration file."""

    code: str = Field(description="INI text.", examples=["[stirring.config]\ninitial_target_rpm=400\n"])
