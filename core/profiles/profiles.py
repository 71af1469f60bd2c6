"""Experiment profiles of this unit: the files, checking texts, and running them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from core.clock import timestamp
from core.errors import BadRequestError
from core.profiles.checking import check_profile
from core.profiles.course import course_of
from core.profiles.library import ProfileLibrary, StoredProfile
from core.profiles.problems import Problems, Severity
from core.profiles.profile import Profile
from core.profiles.reading import read_profile
from core.profiles.run_records import RunRecords
from core.profiles.runs import ProfileRuns, RunRequest
from core.profiles.unit_place import UnitPlace
from core.records.records import Records

_MOST_TOLD = 5


@dataclass(frozen=True)
class Checked:
    """A text that was read and checked; `profile` None when its form is too wrong to tell anything."""

    profile: Profile | None
    problems: Problems

    @property
    def is_valid(self) -> bool:
        """Whether it can run."""
        return self.profile is not None and not self.problems.has_errors


class Profiles:
    """What the service does with profiles.

    Attributes:
        library: the files.
        runs: what runs, and what ran.
    """

    def __init__(self, place: UnitPlace, records: Records) -> None:
        self.library = ProfileLibrary(place.data_dir)
        self.runs = ProfileRuns(place, RunRecords(records))
        self._place = place

    async def check(self, text: str, inputs: dict[str, Any] | None = None) -> Checked:
        """Read a text and hold it against the jobs, limits and calibrations of this unit."""
        profile, problems = await asyncio.to_thread(read_profile, text)
        if profile is not None:
            await self._place.parts.calibrations.refresh()
            running = self._running()
            await asyncio.to_thread(check_profile, profile, self._place, problems, inputs or {}, running)
        return Checked(profile, problems)

    async def items(self) -> list[dict[str, Any]]:
        """Return every profile as the API lists it."""
        return [self.item(stored, await self.check(stored.text or "")) for stored in await self._stored()]

    def _running(self) -> set[str]:
        """Return the jobs that run, without those of the run that goes on: they are there because of a profile."""
        current = self.runs.current
        source = None if current is None else current.job_source
        return {entry.name for entry in self._place.jobs.running if entry.row.job_source != source}

    async def close(self) -> None:
        """End the run that goes on."""
        await self.runs.close()

    async def _stored(self) -> list[StoredProfile]:
        return await asyncio.to_thread(self.library.all)

    async def get(self, name: str) -> dict[str, Any]:
        """Return a profile with its text; raise NotFoundError."""
        stored = await asyncio.to_thread(self.library.get, name)
        return self.item(stored, await self.check(stored.text or "")) | {"text": stored.text}

    async def write(
        self, name: str, text: str, expected_version: str | None, *, even_with_errors: bool
    ) -> dict[str, Any]:
        """Keep a text; raise BadRequestError with its problems when it cannot run and is not kept all the same."""
        checked = await self.check(text)
        if not even_with_errors:
            refuse_errors(checked)
        stored = await asyncio.to_thread(self.library.write, name, text, expected_version)
        return self.item(stored, checked) | {"text": stored.text}

    async def run(self, name: str, experiment: str | None, inputs: dict[str, Any]) -> dict[str, Any]:
        """Begin a run of a profile; raise what is in the way."""
        stops_of_all = self._place.jobs.stops_of_all
        stored = await asyncio.to_thread(self.library.get, name)
        checked = await self.check(stored.text or "", inputs)
        refuse_errors(checked)
        assert checked.profile is not None  # noqa: S101 - it has no errors
        self._place.jobs.refuse_stopped_since(stops_of_all)
        request = RunRequest(checked.profile, stored.text or "", name, inputs, experiment)
        return self.runs.begin(request).as_json()

    def item(self, stored: StoredProfile, checked: Checked) -> dict[str, Any]:
        """Return a stored profile as the API lists it."""
        found = checked.problems.found
        profile = checked.profile
        modified_utc_s = stored.modified_utc_s
        return {
            "name": stored.file,
            "experiment_profile_name": profile.name if profile else "",
            "description": profile.description if profile else "",
            "author": profile.author if profile else "",
            "is_example": stored.is_example,
            "errors": sum(problem.severity is Severity.ERROR for problem in found),
            "warnings": sum(problem.severity is Severity.WARNING for problem in found),
            "modified_at": None if modified_utc_s is None else timestamp(modified_utc_s),
            "version": stored.version,
        }

    def answer(self, checked: Checked) -> dict[str, Any]:
        """Return what POST validate answers."""
        profile = checked.profile or Profile("")
        return {
            "valid": checked.is_valid,
            "problems": [problem.item() for problem in checked.problems.in_order()],
            "experiment_profile_name": profile.name,
            "description": profile.description,
            "author": profile.author,
            "inputs": {name: entry.value for name, entry in profile.inputs.items() if entry.is_known},
            "course": course_of(profile, self._place.unit, self._place.jobs.registry),
        }


def refuse_errors(checked: Checked) -> None:
    """Raise BadRequestError telling the first errors of a text, all of them in `problems`."""
    errors = [problem for problem in checked.problems.in_order() if problem.severity is Severity.ERROR]
    if not errors:
        return
    more = f" And {len(errors) - _MOST_TOLD} more." if len(errors) > _MOST_TOLD else ""
    count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    raise BadRequestError(
        f"The profile has {count} and cannot run.",
        cause=" ".join(f"Line {each.place.line}: {each.message}" for each in errors[:_MOST_TOLD]) + more,
        remedy="Correct the lines named in `problems`.",
        fields=["text"],
        problems=[each.item() for each in checked.problems.in_order()],
    )
