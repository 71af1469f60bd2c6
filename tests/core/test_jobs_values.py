"""What a user may give: options leniently, settings strictly, arguments by count; and what is declared of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequestError, NotFoundError
from core.jobs.declaration import Argument, Group, JobDeclaration, Option, Setting
from core.jobs.values import check_arguments, read_options, read_setting

DECLARATION = JobDeclaration(
    job_name="example",
    label="Example",
    help="",
    group=Group.CHECK,
    options=(
        Option("target_rpm", "float range", minimum=0, maximum=1500),
        Option("count", "integer", default=3),
        Option("fast", "boolean", default=False),
        Option("note", "text"),
        Option("names", "text", multiple=True),
        Option("a", "float range", minimum=0, maximum=100, long_flag="A"),
    ),
    settings={
        "speed": Setting("float", settable=True, unit="RPM", minimum=0, maximum=10, clamps=True),
        "volume_ml": Setting("float", settable=True, minimum=0),
        "count": Setting("integer", settable=True),
        "on": Setting("boolean", settable=True),
        "word": Setting("string", settable=True),
        "measured": Setting("float"),
    },
)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"target_rpm": 400}, "target_rpm", 400.0),
        ({"target-rpm": "400.5"}, "target_rpm", 400.5),
        ({"count": "7"}, "count", 7),
        ({"count": 7.0}, "count", 7),
        ({}, "count", 3),
        ({"fast": None}, "fast", True),
        ({"fast": "true"}, "fast", True),
        ({"fast": 0}, "fast", False),
        ({"fast": "False"}, "fast", False),
        ({"note": ""}, "note", ""),
        ({"names": ["x", "y"]}, "names", ["x", "y"]),
        ({}, "names", []),
        ({"A": 5}, "a", 5.0),
        ({"a": 5}, "a", 5.0),
        ({}, "target_rpm", None),
    ],
)
def test_options_are_read_leniently(given: dict[str, Any], name: str, value: object) -> None:
    read = read_options(DECLARATION, given)
    assert read[name] == value
    assert type(read[name]) is type(value)


@pytest.mark.parametrize(
    "given",
    [
        {"target_rpm": "fast"},
        {"target_rpm": None},
        {"target_rpm": True},
        {"target_rpm": [1]},
        {"target_rpm": 1501},
        {"target_rpm": -1},
        {"target_rpm": "nan"},
        {"target_rpm": "inf"},
        {"target_rpm": 10**400},
        {"count": 1.5},
        {"count": "1.5"},
        {"fast": "perhaps"},
        {"fast": 2},
        {"note": 5},
        {"note": None},
        {"names": "x"},
        {"names": [1]},
        {"target_rpm": 1, "target-rpm": 2},
    ],
)
def test_bad_options_are_refused_and_named(given: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError) as refusal:
        read_options(DECLARATION, given)
    assert refusal.value.extra["fields"]
    assert refusal.value.extra["fields"][0].replace("-", "_") in {key.replace("-", "_") for key in given}


def test_an_unknown_option_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRequestError) as refusal:
        read_options(DECLARATION, {"target_rmp": 5})
    assert refusal.value.extra["fields"] == ["target_rmp"]
    assert "target_rpm" in refusal.value.extra["known"]


def test_a_required_option_must_be_given() -> None:
    declaration = JobDeclaration(
        "example", "", Group.CHECK, "Example", options=(Option("target", "float", required=True),)
    )
    with pytest.raises(BadRequestError, match="target"):
        read_options(declaration, {})


@pytest.mark.parametrize(("nargs", "required", "most"), [(1, False, 1), (2, True, 2), (-1, False, 9)])
def test_arguments_are_counted(nargs: int, required: bool, most: int) -> None:
    declared = (Argument("script", nargs=nargs, required=required),)
    check_arguments(declared, ["x"] * most)
    if nargs > 0:
        with pytest.raises(BadRequestError):
            check_arguments(declared, ["x"] * (most + 1))
    if required:
        with pytest.raises(BadRequestError):
            check_arguments(declared, [])


def test_a_job_without_arguments_takes_none() -> None:
    check_arguments((), [])
    with pytest.raises(BadRequestError, match="none"):
        check_arguments((), ["x"])


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("speed", 5, 5.0),
        ("speed", 11, 10.0),
        ("speed", -1, 0.0),
        ("count", 4.0, 4),
        ("on", False, False),
        ("word", "x", "x"),
    ],
)
def test_settings_are_taken(name: str, given: object, value: object) -> None:
    read = read_setting("example", DECLARATION.published, name, given)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("speed", "5"),
        ("speed", True),
        ("speed", float("nan")),
        ("volume_ml", -1),
        ("count", 1.5),
        ("on", 1),
        ("on", "true"),
        ("word", 5),
        ("measured", 5),
    ],
)
def test_settings_are_read_strictly(name: str, given: object) -> None:
    with pytest.raises(BadRequestError) as refusal:
        read_setting("example", DECLARATION.published, name, given)
    assert refusal.value.extra["fields"] == [name]


def test_an_unknown_setting_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        read_setting("example", DECLARATION.published, "nope", 5)


def test_the_entry_holds_what_the_api_promises() -> None:
    entry = DECLARATION.entry()
    assert {"job_name", "help", "arguments", "options", "published_settings", "cli_example"} <= set(entry)
    target = entry["options"][0]
    assert target["long_flag"] == "target-rpm"
    assert (target["min"], target["max"], target["type"], target["default"]) == (0, 1500, "float range", None)
    assert entry["options"][4]["default"] == []
    assert entry["options"][5]["long_flag"] == "A"
    settings = entry["published_settings"]
    assert settings["$state"] == {"datatype": "text", "settable": True, "label": "State"}
    assert settings["speed"]["unit"] == "RPM"
    assert "unit" not in settings["on"]


def test_an_action_publishes_nothing() -> None:
    action = JobDeclaration("example", "", Group.DOSE, "Example", is_action=True)
    assert action.entry()["published_settings"] == {}
