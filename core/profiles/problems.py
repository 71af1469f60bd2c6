"""What is wrong, or doubtful, in a profile's text, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.safe_yaml import Key, Placed

# Whoever mends so many looks again.
_MOST = 500


class Severity(StrEnum):
    """An error keeps a profile from running; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Place:
    """A place in a text; line and column are counted from 1."""

    line: int = 1
    column: int = 1

    @classmethod
    def of(cls, what: Placed | Key) -> Place:
        """Return where a value or key stands."""
        return cls(what.line, what.column)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (`error`) or doubtful (`warning`), and what to do about it."""

    severity: Severity
    place: Place
    message: str
    remedy: str = ""

    def item(self) -> dict[str, Any]:
        """Return the problem as the API shows it."""
        return {
            "severity": self.severity.value,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "remedy": self.remedy,
        }

    def __str__(self) -> str:
        where = f"line {self.place.line}, column {self.place.column}"
        return f"{where}: {self.severity}: {self.message} {self.remedy}".rstrip()


@dataclass
class Problems:
    """Collects the problems of one text: all of them, up to five hundred."""

    _found: dict[Problem, None] = field(default_factory=dict)

    @property
    def found(self) -> list[Problem]:
        """What was found so far, each once."""
        return list(self._found)

    def error(self, place: Place, message: str, remedy: str = "") -> None:
        """Note what keeps the profile from running."""
        self._note(Problem(Severity.ERROR, place, message, remedy))

    def warning(self, place: Place, message: str, remedy: str = "") -> None:
        """Note what is doubtful."""
        self._note(Problem(Severity.WARNING, place, message, remedy))

    def _note(self, problem: Problem) -> None:
        if len(self._found) < _MOST:
            self._found[problem] = None

    @property
    def has_errors(self) -> bool:
        """Whether something keeps the profile from running."""
        return any(problem.severity is Severity.ERROR for problem in self._found)

    def in_order(self) -> list[Problem]:
        """Return all, from the first line to the last."""
        return sorted(self._found, key=lambda each: (each.place.line, each.place.column))
