"""What the service says of profiles, as the page uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gui.words import job_title

PROFILES = "/unit_api/experiment_profiles"


@dataclass(frozen=True)
class Profile:
    """A profile that is kept, own or example."""

    name: str
    title: str
    description: str
    is_example: bool
    errors: int
    version: str

    @property
    def shown_title(self) -> str:
        """What it calls itself; the file's name where that cannot be told."""
        return self.title or self.name


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a text, or doubtful; line and column are counted from 1."""

    is_error: bool
    line: int
    column: int
    message: str
    remedy: str

    @property
    def sentences(self) -> str:
        """What is wrong and what to do."""
        return f"{self.message} {self.remedy}".strip()


@dataclass(frozen=True)
class Action:
    """An action of the course; hours count from the beginning, or from what it stands inside of."""

    kind: str
    hours: float
    line: int
    text: str
    is_conditional: bool
    every_hours: float | None
    max_hours: float | None
    inside: tuple[Action, ...]


@dataclass(frozen=True)
class JobCourse:
    """What is to happen to one job."""

    job_name: str
    label: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Check:
    """What a look at a text has shown."""

    is_valid: bool = False
    problems: tuple[Problem, ...] = ()
    title: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    jobs: tuple[JobCourse, ...] = ()
    last_hours: float = 0.0
    has_end: bool = False

    @property
    def errors(self) -> int:
        """How many errors keep it from running."""
        return sum(problem.is_error for problem in self.problems)


def read_profiles(items: Iterable[dict[str, Any]]) -> tuple[Profile, ...]:
    """Return the profiles of an answer."""
    return tuple(
        Profile(
            item["name"],
            item["experiment_profile_name"],
            item["description"],
            item["is_example"],
            item["errors"],
            item["version"],
        )
        for item in items
    )


def read_check(answer: dict[str, Any]) -> Check:
    """Return what a look at a text has shown."""
    course = answer["course"]
    return Check(
        answer["valid"],
        tuple(
            Problem(item["severity"] == "error", item["line"], item["column"], item["message"], item["remedy"])
            for item in answer["problems"]
        ),
        answer["experiment_profile_name"],
        answer["inputs"],
        tuple(
            JobCourse(job["job_name"], job_title(job["job_name"]), _actions(job["actions"])) for job in course["jobs"]
        ),
        course["last_hours"],
        course["has_end"],
    )


def _actions(items: Iterable[dict[str, Any]]) -> tuple[Action, ...]:
    return tuple(
        Action(
            item["action"],
            item["hours"],
            item["line"],
            item["text"],
            item["is_conditional"],
            item["every_hours"],
            item["max_hours"],
            _actions(item["actions"]),
        )
        for item in items
    )


_ACTIONS = {
    "start": "Start {}",
    "update": "Change {}",
    "pause": "Pause {}",
    "resume": "Go on with {}",
    "stop": "Stop {}",
    "log": "Note of {}",
    "repeat": "Repeat for {}",
    "when": "Wait for {}",
}


def action_words(kind: str, job_name: str) -> str:
    """Return what an action does: `Start optical density`."""
    return _ACTIONS[kind].format(job_title(job_name).lower())


def hours_words(hours: float) -> str:
    """Return hours as people say them: `45 s`, `90 min`, `5 h`, `2 d 6 h`."""
    seconds = round(hours * 3600)
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    whole_hours, minutes = divmod(minutes, 60)
    days, whole_hours = divmod(whole_hours, 24) if whole_hours >= 48 else (0, whole_hours)
    parts = [
        f"{days} d" if days else "",
        f"{whole_hours} h" if whole_hours else "",
        f"{minutes} min" if minutes else "",
    ]
    return " ".join(part for part in parts if part)
