"""What is noted of a rehearsal while it goes on: curves at regular times, doses, jobs and what the log says."""

from __future__ import annotations

from typing import Any

from core.bus import DosingEvent, JobChanged, LogWritten, ReadingTaken
from core.logs import LEVELS
from core.service import Service
from core.times import utc_seconds

_MOST_LINES = 500
_MOST_JOBS = 1000
# Slices of one dose follow each other within half a second.
_SAME_DOSE_S = 2.0
_BOTTLES = {"media": "add_media", "alt_media": "add_alt_media", "waste": "remove_waste"}
_CURVES = ("od", "normalized_od", "growth_rate", "temperature", "volume_ml")


class Observation:
    """Listens to a simulated unit; hours count from its making."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._began_utc_s = service.clock.utc_s()
        self._truth_before = service.board_link.simulation.truth()
        self._latest: dict[str, float] = {}
        self._last_dose_s: dict[str, float] = {}
        self._doses: dict[str, int] = {}
        self._lines: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._jobs: dict[int, dict[str, Any]] = {}
        self.most_volume_ml = self._truth_before["volume_ml"]
        self.curves: dict[str, list[float | None]] = {name: [] for name in ("hours", *_CURVES)}
        for kind, listener in (
            (ReadingTaken, self._on_reading),
            (DosingEvent, self._on_dose),
            (LogWritten, self._on_log),
            (JobChanged, self._on_job),
        ):
            service.bus.listen(kind, listener)  # type: ignore[arg-type]  # each listener is of its kind
        self.sample()

    @property
    def hours(self) -> float:
        """How long it has been."""
        return (self._service.clock.utc_s() - self._began_utc_s) / 3600.0

    def sample(self) -> None:
        """Note how things are now."""
        truth = self._service.board_link.simulation.truth()
        self.most_volume_ml = max(self.most_volume_ml, truth["volume_ml"])
        values = {
            "hours": self.hours,
            "od": truth["biomass_od"],
            "normalized_od": self._latest.pop("od_filtered", None),
            "growth_rate": self._latest.pop("growth_rate", None),
            "temperature": truth["vial_celsius"],
            "volume_ml": truth["volume_ml"],
        }
        for name, value in values.items():
            self.curves[name].append(None if value is None else round(value, 5))

    def bottles(self) -> list[dict[str, Any]]:
        """Return what each bottle gave or got, those that were not used left out."""
        truth = self._service.board_link.simulation.truth()
        found = []
        for bottle, event in _BOTTLES.items():
            ml = truth[f"{bottle}_ml"] - self._truth_before[f"{bottle}_ml"]
            if self._doses.get(event):
                found.append({"bottle": bottle, "ml": round(ml, 3), "doses": self._doses[event]})
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Return when which job ran, the newest thousand."""
        return list(self._jobs.values())[-_MOST_JOBS:]

    def log(self) -> list[dict[str, Any]]:
        """Return what the log said, each line once."""
        return list(self._lines.values())

    def _on_reading(self, event: ReadingTaken) -> None:
        if event.series in ("od_filtered", "growth_rate"):
            self._latest[event.series] = event.value

    def _on_dose(self, event: DosingEvent) -> None:
        last_s = self._last_dose_s.get(event.event, -_SAME_DOSE_S)
        if event.utc_s - last_s > _SAME_DOSE_S or event.event not in self._doses:
            self._doses[event.event] = self._doses.get(event.event, 0) + 1
        self._last_dose_s[event.event] = event.utc_s
        self.most_volume_ml = max(self.most_volume_ml, self._service.board_link.simulation.truth()["volume_ml"])

    def _on_log(self, event: LogWritten) -> None:
        item = event.item
        if LEVELS.get(item["level"], 0) < LEVELS["NOTICE"]:
            return
        key = (item["level"], item["task"], item["message"])
        if key in self._lines:
            self._lines[key]["times"] += 1
        elif len(self._lines) < _MOST_LINES:
            line = {"level": item["level"], "task": item["task"], "message": item["message"]}
            self._lines[key] = {"hours": round(self.hours, 5), **line, "times": 1}

    def _on_job(self, event: JobChanged) -> None:
        row = event.row
        if row["is_long_running_job"]:
            return
        began = (utc_seconds(row["started_at"]) - self._began_utc_s) / 3600.0
        ended = row["ended_at"]
        self._jobs[row["job_id"]] = {
            "job_name": row["job_name"],
            "from_hours": round(max(began, 0.0), 5),
            "to_hours": None if ended is None else round((utc_seconds(ended) - self._began_utc_s) / 3600.0, 5),
            "state": event.state,
        }
