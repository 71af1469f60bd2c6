"""What makes a PDF, in a process of its own: what that needs in memory goes when it is done.

`vialdesk make-pdf` reads a document as one line of JSON on stdin and says the PDF on stdout.
"""

from __future__ import annotations

import base64
import faulthandler
import json
import os
import sys

from core.traceability.certificates.document import Document

COMMAND = "make-pdf"
# The experiment comes first: whoever controls the culture has the processor when both want it.
_NICENESS = 10
# A thousand pages take less. Whoever waits for a process that hangs would wait for ever.
_AT_MOST_S = 120


def make_pdf() -> int:
    """Make the PDF of the document on stdin; return the exit code."""
    faulthandler.dump_traceback_later(_AT_MOST_S, exit=True)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    document = Document.model_validate_json(sys.stdin.buffer.readline())
    from core.traceability.certificates.pdf import pdf_of

    try:
        made = {"pdf": base64.b64encode(pdf_of(document)).decode()}
    except Exception as error:  # noqa: BLE001 - whatever it was, who started this must hear of it
        made = {"fault": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(made) + "\n")
    return 0
