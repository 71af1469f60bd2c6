"""Descriptors: names, texts and fields by which a user interface shows jobs, automations and settings."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Described(BaseModel):
    """What a file says; keys that are not known here are left alone."""

    model_config = ConfigDict(extra="ignore")


class SettingDescriptor(_Described):
    """A published setting and how it is shown."""

    key: str = Field(min_length=1)
    type: Literal["numeric", "boolean", "string", "json"]
    display: bool = False
    description: str | None = None
    default: Any = None
    unit: str | None = None
    label: str | None = None
    editable: bool = True
    min: float | None = None
    max: float | None = None


class JobDescriptor(_Described):
    """A job and how it is shown."""

    display_name: str = Field(min_length=1)
    job_name: str = Field(min_length=1)
    display: bool
    published_settings: list[SettingDescriptor] = []
    source: str | None = None
    description: str | None = None
    subtext: str | None = None
    is_testing: bool = False


class SettingsDescriptor(_Described):
    """A collection of settings that belong to no job."""

    key: str = Field(min_length=1)
    display_name: str = Field(min_length=1)
    display: bool
    published_settings: list[SettingDescriptor] = []
    source: str | None = None
    description: str | None = None
    subtext: str | None = None


class FieldDescriptor(_Described):
    """A value an automation is started with, and how it is asked for."""

    key: str = Field(min_length=1)
    default: Any = None
    label: str
    disabled: bool = False
    required: bool = False
    unit: str | None = None
    type: Literal["numeric", "string", "select", "boolean"] = "numeric"
    options: list[Any] | None = None


class AutomationDescriptor(_Described):
    """An automation and the values it is started with."""

    display_name: str = Field(min_length=1)
    automation_name: str = Field(min_length=1)
    description: str = ""
    source: str | None = None
    fields: list[FieldDescriptor] = []
