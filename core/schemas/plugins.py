"""Plug-ins: what is installed, installing and uninstalling, and the charts they add."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from core.schemas.bodies import Body

State = Literal["loading", "loaded", "failed", "not loaded"]


class Added(BaseModel):
    """Names of what a loaded plug-in adds."""

    jobs: list[str]
    automations: list[str] = Field(description="Job name and automation name.")
    protocols: list[str] = Field(description="Guided calibrations: device and protocol in one word.")
    routes: list[str] = Field(description="Paths below `routes_path`.")
    charts: list[str]
    settings: list[str] = Field(description="Section and key of the configuration it has defaults for.")


class PluginItem(BaseModel):
    """An installed plug-in."""

    name: str
    version: str | None
    description: str | None
    homepage: str | None
    author: str | None
    source: str = Field(description="`plugins/<file>` for a dropped-in file, `entry_points` for a package.")
    state: State
    reason: str | None = Field(description="Why it failed or is not loaded.")
    adds: Added
    routes_path: str | None = Field(description="Where its routes begin, null when it has none.")
    restart_required: bool = Field(description="What is installed is not what runs.")


_Name = Annotated[str, Field(min_length=1, max_length=200)]


class InstallPlugin(Body):
    """What to install: `args` holds one name, with `==version` if need be."""

    args: Annotated[list[_Name], Field(min_length=1, max_length=1, examples=[["demo-plugin==1.2"]])]
    options: dict[str, Any] = Field(
        default={},
        description="`source`: a .py, .whl or .tar.gz of the data folder, or the folder of a package's source there,"
        " with its pyproject.toml. `index_url`: https address of the index that the package, and what it needs, come"
        " from, instead of the configured one. Others are ignored.",
        examples=[{"source": "incoming/demo_plugin.py"}, {"index_url": "https://pypi.org/simple"}],
    )
    env: dict[str, str] = Field(default={}, description="Accepted and ignored.")


class UploadedPlugin(BaseModel):
    """A file that was received, to be installed from."""

    source: str = Field(
        description="Its place in the data folder, for `options.source`.", examples=["incoming/demo.whl"]
    )
    size_bytes: int


class UninstallPlugin(InstallPlugin):
    """What to uninstall: `args` holds one name, as listed, or a file name without `.py`."""


class ChartSeriesItem(BaseModel):
    """A curve of a chart."""

    series: str = Field(description="Name of the recorded time series.")
    label: str


class ChartItem(BaseModel):
    """A chart that a plug-in adds to the Live page."""

    chart_key: str
    title: str
    unit: str
    description: str
    source: str = Field(description="Name of the plug-in.")
    series: list[ChartSeriesItem]
