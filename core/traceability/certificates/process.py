"""The service's hold on the processes that make PDFs."""

from __future__ import annotations

import asyncio
import base64

from core.errors import ServiceError
from core.own_process import OwnProcess
from core.traceability.certificates.document import Document
from core.traceability.certificates.worker import COMMAND


class PdfFailedError(ServiceError):
    """A document did not become a PDF."""


class PdfProcesses:
    """Makes PDFs, each in a process of its own that takes about a second and 80 MiB, never two at once."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: OwnProcess | None = None
        self._is_ended = False

    async def pdf_of(self, document: Document) -> bytes:
        """Return a document as PDF; raises PdfFailedError."""
        async with self._turn:
            self._process = OwnProcess([COMMAND], lambda _: None, document.model_dump_json())
            if self._is_ended:
                self._process.kill()
            return await asyncio.to_thread(_made, self._process)

    def end(self) -> None:
        """Kill the process that runs and make nothing more: those who wait for a PDF get none."""
        self._is_ended = True
        if self._process is not None:
            self._process.kill()


def _made(process: OwnProcess) -> bytes:
    try:
        code, last = process.finish()
    except OSError as error:
        raise PdfFailedError("The process that makes PDFs was not begun.", f"{error.strerror}.") from error
    if "pdf" in last:
        return base64.b64decode(last["pdf"])
    cause = last.get("fault") or f"The process that made it ended with {code}"
    raise PdfFailedError("The PDF was not made.", f"{cause}.")
