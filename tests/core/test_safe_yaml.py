"""YAML that is read without trust, and written so that it reads the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.safe_yaml import UnsafeYamlError, read_yaml, write_yaml

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(texts, values, max_size=5))
def test_what_was_written_reads_the_same_here_and_elsewhere(value: dict[str, Any]) -> None:
    text = write_yaml(value)
    assert read_yaml(text) == value
    assert yaml.safe_load(text) == value


@pytest.mark.parametrize(
    "name", ["1e5", "1E-5", "12", "1.5", "on", "null", "~", "2031-02-03", "0x1F", "1_000", "12:30", "", "=", "<<"]
)
def test_texts_that_look_like_something_else_stay_texts(name: str) -> None:
    assert read_yaml(write_yaml({"name": name})) == {"name": name}


def test_moments_keep_their_zone() -> None:
    assert read_yaml("t: 2031-02-03 04:05:06.789+00:00")["t"] == datetime(2031, 2, 3, 4, 5, 6, 789000, UTC)


def test_aliases_may_repeat_a_thousand_nodes() -> None:
    nine = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"  # ten nodes
    assert len(read_yaml(nine + "b: [" + ", ".join(["*a"] * 100) + "]")["b"]) == 100
    with pytest.raises(UnsafeYamlError, match="more than 1000 nodes"):
        read_yaml(nine + "b: [" + ", ".join(["*a"] * 101) + "]")


def test_tags_of_plain_values_are_taken_and_no_others() -> None:
    assert read_yaml("{a: !!str 5, b: !!float 5, c: !!map {}, d: !!seq [], e: ! 5}") == {
        "a": "5",
        "b": 5.0,
        "c": {},
        "d": [],
        "e": "5",
    }
    for tag in (
        "!!python/name:os.system",
        "!!python/object:core.bus.Bus",
        "!!omap",
        "!!pairs",
        "!local",
        "!!python/tuple",
    ):
        with pytest.raises(UnsafeYamlError, match="tag"):
            read_yaml(f"a: {tag} []")


@pytest.mark.parametrize(
    "text",
    [
        "a: !!int x",
        "a: !!bool maybe",
        "a: !!timestamp x",
        "a: !!float x",
        "a: -.inf",
        "a: 1e999",
        "%YAML 9.9\n--- a",
        "a: \x07",
        "\tb: 1",
        "a: 2031-02-03T04:05:06+99:00",
    ],
)
def test_nonsense_is_refused_and_no_fault(text: str) -> None:
    with pytest.raises(UnsafeYamlError):
        read_yaml(text)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40) | st.text(alphabet="[]{}:,&*!-?|>'\"%#ab01. \n", max_size=40))
def test_no_text_is_a_fault(text: str) -> None:
    try:
        read_yaml(text)
    except UnsafeYamlError:
        return


def test_depth_is_bounded() -> None:
    assert read_yaml("a: " + "[" * 31 + "]" * 31)
    with pytest.raises(UnsafeYamlError, match="deeper than 32"):
        read_yaml("a: " + "[" * 32 + "]" * 32)
    with pytest.raises(UnsafeYamlError, match="deeper than 32"):
        read_yaml("a: " + "{b: " * 50_000)
