"""An experiment as the window shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gui.moments import duration
from gui.unit import utc_s_of


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        name: its name, unique on the unit.
        notes: what people wrote about it.
        tags: words it is found by.
        created_utc_s, ended_utc_s: UTC in seconds; the end None as long as it is not ended.
        is_active: whether what is measured now belongs to it.
    """

    name: str
    notes: str
    tags: tuple[str, ...]
    created_utc_s: float
    ended_utc_s: float | None
    is_active: bool

    def length_s(self, now_utc_s: float) -> float:
        """Return how long it lasted, or lasts by now, in seconds."""
        return max(0.0, (self.ended_utc_s or now_utc_s) - self.created_utc_s)

    def state(self) -> tuple[str, str, str]:
        """Return how it stands: word, icon, tone."""
        if self.is_active:
            return "Active", "start", "ok"
        if self.ended_utc_s is not None:
            return "Ended", "end", "quiet"
        return "Not active", "empty", "quiet"

    def caption(self, now_utc_s: float) -> str:
        """Say in a few words when it was and how long."""
        day = datetime.fromtimestamp(self.created_utc_s, UTC).astimezone()
        length = duration(self.length_s(now_utc_s))
        if self.is_active:
            return f"Active · {length}"
        return f"{day:%Y-%m-%d} · {length}" if self.ended_utc_s is not None else f"{day:%Y-%m-%d} · not ended"

    def holds(self, words: str) -> bool:
        """Whether each of the words is in its name, notes or tags; case does not matter."""
        text = "\n".join((self.name, self.notes, *self.tags)).casefold()
        return all(word in text for word in words.casefold().split())


def read_experiment(item: dict[str, Any]) -> Experiment:
    """Return an experiment out of the API's item."""
    ended = item.get("ended_at")
    return Experiment(
        str(item["experiment"]),
        str(item.get("description") or ""),
        tuple(str(tag) for tag in item.get("tags") or ()),
        utc_s_of(item["created_at"]),
        None if ended is None else utc_s_of(ended),
        bool(item.get("is_active")),
    )


def tags_of(experiments: Iterable[Experiment]) -> list[str]:
    """Return every tag that is in use, in alphabetical order."""
    return sorted({tag for experiment in experiments for tag in experiment.tags}, key=str.casefold)
