"""What makes PDFs, in a process of its own: what that needs in memory goes when it is done.

`vialdesk make-pdfs` reads a list of documents as one line of JSON on stdin and says each PDF as a line on stdout.
"""

from __future__ import annotations

import base64
import faulthandler
import json
import os
import sys

from pydantic import TypeAdapter

from core.traceability.certificates.document import Document

COMMAND = "make-pdfs"
# The experiment comes first: whoever controls the culture has the processor when both want it.
_NICENESS = 10
# A thousand pages take less. Whoever waits for a process that hangs would wait for ever.
_AT_MOST_S = 120


def make_pdfs() -> int:
    """Make the PDFs of the documents on stdin; return the exit code."""
    faulthandler.dump_traceback_later(_AT_MOST_S, exit=True)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    documents = TypeAdapter(list[Document]).validate_json(sys.stdin.buffer.readline())
    for document in documents:
        sys.stdout.write(json.dumps(_made(document)) + "\n")
        sys.stdout.flush()
    return 0


def _made(document: Document) -> dict[str, str]:
    from core.traceability.certificates.pdf import pdf_of

    try:
        return {"pdf": base64.b64encode(pdf_of(document)).decode()}
    except Exception as error:  # noqa: BLE001 - whatever it was, who started this must hear of it
        return {"fault": f"{type(error).__name__}: {error}"}
