"""A small writer of PDF 1.4 (Adobe PDF Reference, third edition): text, lines and dots on A4 pages, and nothing else.

Fonts are Helvetica and its bold, which readers bring along, so that a document has a few kB. Texts are in the Western
code page 1252; a character that is not in it is shown as a question mark, here and nowhere else in the record.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from core.traceability.certificates.helvetica import width_pt

PAGE_WIDTH_PT, PAGE_HEIGHT_PT = 595.0, 842.0
_ENCODING = "cp1252"

Colour = tuple[float, float, float]
Point = tuple[float, float]
INK: Colour = (0.11, 0.11, 0.12)
QUIET: Colour = (0.36, 0.38, 0.40)


class PdfPage:
    """One page; x and y in points from its lower left corner."""

    def __init__(self) -> None:
        self._drawn: list[bytes] = []

    def text(
        self, x: float, y: float, text: str, size_pt: float = 9, colour: Colour = INK, *, bold: bool = False,
        flush_right: bool = False,
    ) -> None:  # fmt: skip
        """Write a line of text that begins at x, or ends there."""
        if flush_right:
            x -= width_pt(text, size_pt)
        font = "F2" if bold else "F1"
        head = f"BT /{font} {size_pt:g} Tf {_colour(colour)} rg {x:.2f} {y:.2f} Td ("
        self._drawn.append(head.encode() + _escaped(text) + b") Tj ET")

    def line(self, points: Iterable[Point], width_pt: float = 0.6, colour: Colour = INK) -> None:
        """Draw a line through points."""
        steps = [f"{x:.2f} {y:.2f} {'l' if index else 'm'}" for index, (x, y) in enumerate(points)]
        self._drawn.append(f"{width_pt:g} w {_colour(colour)} RG {' '.join(steps)} S".encode())

    def dot(self, x: float, y: float, radius_pt: float = 2, colour: Colour = INK) -> None:
        """Draw a dot: a line of no length with round ends."""
        self._drawn.append(
            f"1 J {2 * radius_pt:g} w {_colour(colour)} RG {x:.2f} {y:.2f} m {x:.2f} {y:.2f} l S 0 J".encode()
        )

    def content(self) -> bytes:
        """Return what is drawn."""
        return b"\n".join(self._drawn)


def pdf_of(pages: Iterable[PdfPage], title: str, author: str) -> bytes:
    """Return a document of these pages; title and author may have any character."""
    drawn = [zlib.compress(page.content()) for page in pages]
    first = 6
    kids = " ".join(f"{first + 2 * index} 0 R" for index in range(len(drawn)))
    box = f"[0 0 {PAGE_WIDTH_PT:g} {PAGE_HEIGHT_PT:g}]"
    fonts = "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(drawn)} /MediaBox {box} {fonts} >>".encode(),
        _font("Helvetica"),
        _font("Helvetica-Bold"),
        f"<< /Title {_any(title)} /Author {_any(author)} /Producer (Vialdesk) >>".encode(),
    ]
    for index, content in enumerate(drawn):
        objects.append(f"<< /Type /Page /Parent 2 0 R /Contents {first + 2 * index + 1} 0 R >>".encode())
        length = f"<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(length + content + b"\nendstream")
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    """Return the file: its objects, where each one begins, and which is the catalogue."""
    whole = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(whole))
        whole += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    begin = len(whole)
    whole += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    whole += b"".join(f"{start:010d} 00000 n \n".encode() for start in starts)
    whole += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{begin}\n%%EOF\n".encode()
    return bytes(whole)


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _colour(colour: Colour) -> str:
    return " ".join(f"{part:g}" for part in colour)


def _escaped(text: str) -> bytes:
    raw = text.encode(_ENCODING, "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _any(text: str) -> str:
    raw = b"\xfe\xff" + text.encode("utf-16-be")
    return f"<{raw.hex()}>"
