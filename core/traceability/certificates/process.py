"""The service's hold on the processes that make PDFs."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass

from core.errors import ServiceError
from core.own_process import Line, OwnProcess
from core.traceability.certificates.document import Document
from core.traceability.certificates.worker import COMMAND

# A client that sends calibrations by the hundred has each group of so many filed before the next begins.
_MOST_TOGETHER = 20


class PdfFailedError(ServiceError):
    """A document did not become a PDF."""


@dataclass
class _Wanted:
    document: Document
    made: Line | None = None


class PdfProcesses:
    """Makes PDFs, in one process at a time, which takes about a second and 80 MiB, and a quarter of one for each more.

    Documents that are wanted while it runs are made by the next one, together.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting: list[_Wanted] = []
        self._process: OwnProcess | None = None
        self._is_ended = False

    async def pdf_of(self, document: Document) -> bytes:
        """Return a document as PDF; raises PdfFailedError."""
        wanted = _Wanted(document)
        self._waiting.append(wanted)
        async with self._turn:
            if wanted.made is None:
                await self._make_waiting()
        return _pdf_in(wanted.made or {})

    def end(self) -> None:
        """Kill the process that runs and make nothing more: those who wait for a PDF get none."""
        self._is_ended = True
        if self._process is not None:
            self._process.kill()

    async def _make_waiting(self) -> None:
        together, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
        said: list[Line] = []
        documents = json.dumps([each.document.model_dump(mode="json") for each in together])
        self._process = OwnProcess([COMMAND], said.append, documents)
        if self._is_ended:
            self._process.kill()
        try:
            code, _ = await asyncio.to_thread(self._process.finish)
            fault = f"The process that makes PDFs ended with {code}"
        except OSError as error:
            fault = f"The process that makes PDFs was not begun: {error.strerror}"
        if self._is_ended:
            fault = "The service ended before it was made"
        for number, each in enumerate(together):
            each.made = said[number] if number < len(said) else {"fault": fault}


def _pdf_in(made: Line) -> bytes:
    if "pdf" in made:
        return base64.b64decode(made["pdf"])
    raise PdfFailedError("The PDF was not made.", f"{made.get('fault') or 'Nothing was said of it'}.")
