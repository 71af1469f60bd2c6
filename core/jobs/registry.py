"""The jobs this unit knows, and the list of capabilities made of their declarations."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core.errors import BadRequestError, NotFoundError
from core.jobs.job import Job

AUTOMATION_OPTION = "automation_name"


class JobRegistry:
    """Job classes by name, automations by job name and the name of their rule."""

    def __init__(self) -> None:
        self._classes: dict[tuple[str, str], type[Job]] = {}
        self._body: bytes | None = None

    def add(self, *classes: type[Job]) -> None:
        """Add job classes; a class replaces one of the same names."""
        for each in classes:
            self._classes[each.declaration.job_name, each.declaration.automation_name] = each
        self._body = None

    def remove(self, *classes: type[Job]) -> None:
        """Take job classes out again, where they are still the ones that were added."""
        for each in classes:
            key = (each.declaration.job_name, each.declaration.automation_name)
            if self._classes.get(key) is each:
                del self._classes[key]
        self._body = None

    @property
    def classes(self) -> list[type[Job]]:
        """Every job class, sorted by name."""
        return [self._classes[key] for key in sorted(self._classes)]

    def refuse_unknown(self, job_name: str) -> None:
        """Raise NotFoundError, with the names there are, when nothing can be started under a name."""
        names = sorted({name for name, _ in self._classes if " " not in name})
        if job_name not in names:
            raise NotFoundError(
                f"Job {job_name!r} is not known on this unit.",
                cause="No job or action of that name is registered.",
                known=names,
            )

    def find(self, job_name: str, automation_name: str = "") -> type[Job]:
        """Return a job's class; raise NotFoundError with the names there are."""
        self.refuse_unknown(job_name.partition(" ")[0])
        return self._classes[job_name, automation_name]

    def choose(
        self, job_name: str, options: dict[str, Any], arguments: list[str]
    ) -> tuple[type[Job], dict[str, Any], list[str]]:
        """Return the class that a start means, and the options and arguments that are left for it.

        Automations are chosen by the option `automation_name`, sub-commands by the first argument.

        Raises:
            NotFoundError: no job of that name.
            BadRequestError: no automation is named, or one that is not known.
        """
        self.refuse_unknown(job_name)
        if arguments and (command := self._classes.get((f"{job_name} {arguments[0]}", ""))):
            return command, options, arguments[1:]
        rules = sorted(rule for name, rule in self._classes if name == job_name and rule)
        if not rules:
            return self._classes[job_name, ""], options, arguments
        chosen = [value for key, value in options.items() if key.replace("-", "_") == AUTOMATION_OPTION]
        if len(chosen) != 1 or chosen[0] not in rules:
            raise BadRequestError(
                f"{job_name} needs the option {AUTOMATION_OPTION}: one of {', '.join(rules)}.",
                cause="It is missing." if not chosen else f"{chosen[0]!r} is not known.",
                remedy="Use one of the names in `known`.",
                fields=[AUTOMATION_OPTION],
                known=rules,
            )
        left = {key: value for key, value in options.items() if key.replace("-", "_") != AUTOMATION_OPTION}
        return self._classes[job_name, chosen[0]], left, arguments

    def entries(self) -> list[dict[str, Any]]:
        """Return the list of capabilities, sorted by job name and automation."""
        return [each.declaration.entry() for each in self.classes]

    def body(self) -> tuple[bytes, str]:
        """Return the list of capabilities as JSON, and its entity tag with the quotation marks."""
        if self._body is None:
            self._body = json.dumps(self.entries(), ensure_ascii=False).encode()
        return self._body, f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
