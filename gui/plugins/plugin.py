"""A plug-in as the service tells it, in a person's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.words import job_title, listing

# state of the service: word, icon, tone
_STATES = {
    "loading": ("Loading", "working", "note"),
    "loaded": ("Loaded", "ok", "ok"),
    "failed": ("Not working", "alarm", "alarm"),
    "not loaded": ("Not loaded", "pause", "warn"),
}
_ADDS = (
    ("jobs", "job", "jobs"),
    ("automations", "automation", "automations"),
    ("routes", "route", "routes"),
    ("charts", "chart", "charts"),
    ("settings", "setting", "settings"),
)
PACKAGE = "entry_points"


def _tr(text: str) -> str:
    return QCoreApplication.translate("plugins", text)


@dataclass(frozen=True)
class Plugin:
    """One installed plug-in.

    Attributes:
        name: its name.
        version, description, author, homepage: None where it does not say.
        source: `plugins/<file>` for a file, "entry_points" for a package.
        state: "loading", "loaded", "failed" or "not loaded"; "" where the service does not tell.
        reason: why it failed or is not loaded.
        adds: names of what it adds, by kind.
        restart_required: whether what is installed is not what runs.
    """

    name: str
    version: str | None
    description: str | None
    author: str | None
    homepage: str | None
    source: str
    state: str
    reason: str | None
    adds: dict[str, tuple[str, ...]]
    restart_required: bool

    @property
    def file_name(self) -> str | None:
        """The name of its file; None for a package, whose source cannot be shown."""
        return None if self.source == PACKAGE else self.source.rpartition("/")[2]

    @property
    def state_look(self) -> tuple[str, str, str]:
        """Word, icon and tone of its state."""
        word, icon, tone = _STATES.get(self.state, ("Installed", "ok", "quiet"))
        return _tr(word), icon, tone

    def what_it_adds(self) -> list[str]:
        """Say what it adds, by kind: "1 job: Blink"."""
        said = []
        for kind, one, many in _ADDS:
            names = self.adds.get(kind, ())
            if names:
                shown = [job_title(name) for name in names] if kind == "jobs" else list(names)
                count = f"1 {_tr(one)}" if len(names) == 1 else f"{len(names)} {_tr(many)}"
                said.append(f"{count}: {', '.join(shown)}")
        return said

    def consequences(self, running: set[str]) -> str:
        """Say what uninstalling it does."""
        gone = (
            _tr("The package and everything installed with it are removed.")
            if self.file_name is None
            else _tr("Its file {} is deleted from the unit; this cannot be undone.").format(self.source)
        )
        jobs = self.adds.get("jobs", ())
        lost = _tr("What it adds is no longer there: {}.").format("; ".join(self.what_it_adds()))
        stopped = [job_title(job) for job in jobs if job in running]
        busy = _tr("{} runs now: stop it first.").format(listing(stopped)) if stopped else ""
        return " ".join(part for part in (gone, lost if self.what_it_adds() else "", busy) if part)


def read_plugins(answer: list[dict[str, Any]]) -> tuple[Plugin, ...]:
    """Read the service's list."""
    return tuple(_read(item) for item in answer)


def _read(item: dict[str, Any]) -> Plugin:
    adds = {kind: tuple(str(name) for name in names) for kind, names in (item.get("adds") or {}).items()}
    return Plugin(
        name=str(item["name"]),
        version=item.get("version"),
        description=item.get("description"),
        author=item.get("author"),
        homepage=item.get("homepage"),
        source=str(item.get("source") or PACKAGE),
        state=str(item.get("state") or ""),
        reason=item.get("reason"),
        adds=adds,
        restart_required=bool(item.get("restart_required")),
    )
