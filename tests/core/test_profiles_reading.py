"""Reading profiles: every problem is told at once, each at its line and column; nothing in a text breaks anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_texts import HEAD, STIRRING, of_job

from core.profiles.durations import duration_s
from core.profiles.profile import Kind
from core.profiles.reading import read_profile


def told(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and message of every problem."""
    _, problems = read_profile(text)
    return [(each.place.line, each.place.column, each.message) for each in problems.in_order()]


def test_a_profile_is_read() -> None:
    profile, problems = read_profile(STIRRING)
    assert profile is not None
    assert not problems.found
    (plan,) = profile.plans_of("anyone")
    assert [action.kind for action in plan.actions] == [Kind.START, Kind.UPDATE, Kind.LOG, Kind.STOP]
    assert [action.at_s for action in plan.actions] == [0, 60, 60, 120]


def test_all_problems_are_told_at_once_with_their_places() -> None:
    text = """\
version: 1.0
experiment_profile: typo
common:
  jobs:
    stirring:
      actions:
        - type: begin
          t: 0
        - type: start
          t: 5 parsecs
        - type: start
          t: 0
          hours_elapsed: 1
          options: {target_rpm: "${{ 1 + }}"}
        - type: pause
        - type: repeat
          t: 0
          every: 1m
          actions:
            - {type: when, t: 0, wait_until: true, actions: []}
"""
    found = told(text)
    assert [(line, message) for line, _, message in found] == [
        (1, "experiment_profile_name is missing."),
        (1, "version must be a text, not the number 1.0."),
        (2, "The profile has no key 'experiment_profile'."),
        (7, "There is no action 'begin'."),
        (10, "t: '5 parsecs' is no time; use a number of hours, or 90s, 5m, 1.5h, 2d."),
        (13, "t and hours_elapsed mean the same."),
        (14, "This expression cannot be read: something is missing at the end."),
        (15, "t is missing: when it happens."),
        (20, "A when cannot stand inside a repeat."),
    ]
    assert (7, 11) in [(line, column) for line, column, _ in found]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("- 1\n- 2\n", 1),
        ("version: '1.0'\nversion: '1.0'\n", 2),
        ("a: [1\nb: 2\n", 2),
        (f"{HEAD}common: &x\n  jobs: *x\n", 4),
        ('version: "9.9"\nexperiment_profile_name: x\n', 1),
        ("version: !!python/object:os.system x\n", 1),
    ],
)
def test_what_is_no_profile_is_told(text: str, line: int) -> None:
    profile, problems = read_profile(text)
    assert problems.has_errors
    assert problems.in_order()[0].place.line == line
    del profile


def test_a_bomb_of_aliases_is_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{letter}: &{letter} [{','.join(['*' + before] * 10)}]\n"
        for before, letter in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "repeat more than" in told(bomb)[0][2]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(0, 0), (1, 3600), (0.5, 1800), ("90s", 90), ("5m", 300), ("1.5h", 5400), ("2d", 172800), (".5h", 1800)],
)
def test_times(written: object, seconds: float) -> None:
    assert duration_s(written) == seconds


@pytest.mark.parametrize("written", [-1, "5", "5w", "h", "", None, True, [1], "1e9d", "-5m"])
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"time|hours"):
        duration_s(written)


def test_a_time_of_day_is_not_taken_for_hours() -> None:
    (problem,) = told(of_job("stirring", "        - {type: stop, t: 1:30}\n"))
    assert "1:30 would be read as 90 hours" in problem[2]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_in_a_text_breaks_the_reader(data: st.DataObject) -> None:
    """Take pieces out of a good text, and put others in: problems are told, nothing else happens."""
    text = STIRRING
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 30)))
    piece = data.draw(st.text(alphabet="${}:-[]'\"&*!|>\n t0aé\x00\t#,", max_size=12))
    profile, problems = read_profile(text[:at] + piece + text[until:])
    assert profile is not None or problems.has_errors
    for problem in problems.in_order():
        assert problem.place.line >= 1
        assert problem.place.column >= 1
