"""The jobs this unit knows, and the list of capabilities made of their declarations."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core.errors import NotFoundError
from core.jobs.job import Job


class JobRegistry:
    """Job classes by name."""

    def __init__(self) -> None:
        self._classes: dict[str, type[Job]] = {}
        self._body: bytes | None = None

    def add(self, *classes: type[Job]) -> None:
        """Add job classes; a class replaces one of the same name."""
        self._classes.update({each.declaration.job_name: each for each in classes})
        self._body = None

    @property
    def classes(self) -> list[type[Job]]:
        """Every job class, sorted by name."""
        return [self._classes[name] for name in sorted(self._classes)]

    def find(self, job_name: str) -> type[Job]:
        """Return a job's class; raise NotFoundError with the names there are."""
        job_class = self._classes.get(job_name)
        if job_class is None:
            raise NotFoundError(
                f"Job {job_name!r} is not known on this unit.",
                cause="No job or action of that name is registered.",
                known=sorted(self._classes),
            )
        return job_class

    def entries(self) -> list[dict[str, Any]]:
        """Return the list of capabilities, sorted by job name."""
        return [each.declaration.entry() for each in self.classes]

    def body(self) -> tuple[bytes, str]:
        """Return the list of capabilities as JSON, and its entity tag with the quotation marks."""
        if self._body is None:
            self._body = json.dumps(self.entries(), ensure_ascii=False).encode()
        return self._body, f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
