"""Sets a document in type, as a PDF with its fonts embedded; imports what the service does without (50 MiB)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import singledispatchmethod
from importlib.resources import as_file, files
from pathlib import Path

from fpdf import FPDF, Align, FontFace, XPos, YPos
from fpdf.fonts import TTFFont

from core.traceability.certificates.chart import HEIGHT_PT, draw_chart
from core.traceability.certificates.document import Chart, Document, Facts, Heading, Paragraph, Part, Table
from core.traceability.certificates.lettering import readable

_FAMILY = "DejaVuSansCondensed"
_FACES = {"": f"{_FAMILY}.ttf", "B": f"{_FAMILY}-Bold.ttf"}
_SIDE_PT, _TOP_PT, _FOOT_PT = 56.0, 50.0, 56.0
_TITLE_PT, _HEADING_PT, _TEXT_PT, _SMALL_PT, _LEADING_PT = 18.0, 11.0, 8.5, 7.5, 12.5
_CAPTION_PT = 132.0
_BETWEEN_COLUMNS_PT, _ABOVE_ROW_PT = 8.0, 1.5
_INK, _QUIET, _RULE = (28, 28, 31), (92, 97, 102), (184, 184, 176)
# What is longer would not fit on a page beside others.
_LONGEST_CELL = 600
# Stands for the number of pages until it is known. Figure spaces are as wide as digits, and no text has any: all space
# between words becomes the ordinary one.
_PAGES = "\u2007" * 4
_LACKING = "[U+…]: characters that the font of this document lacks, by their numbers in Unicode."


def pdf_of(document: Document) -> bytes:
    """Return a document as PDF, the same for the same document; raises OSError when the fonts cannot be read."""
    with as_file(files("resources").joinpath("fonts")) as folder:
        setting = _Setting(document, folder)
        for part in document.parts:
            setting.set(part)
        return setting.finished()


class _Setting(FPDF):
    """A document being set; pages begin and end by themselves."""

    def __init__(self, document: Document, fonts: Path) -> None:
        super().__init__(unit="pt", format="A4")
        for style, file in _FACES.items():
            self.add_font(_FAMILY, style, fonts / file)
        cmaps = (set(font.cmap) for font in self.fonts.values() if isinstance(font, TTFFont))
        self._has = set.intersection(*cmaps)
        self._is_lacking = False
        self._foot = self._readable(document.foot)
        self.set_title(document.title)
        self.set_author(document.author)
        self.set_producer("Vialdesk")
        self.set_lang("en")
        self.set_creation_date(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=document.made_s))
        self.alias_nb_pages(_PAGES)
        self.set_margins(_SIDE_PT, _TOP_PT)
        self.set_auto_page_break(True, _FOOT_PT)
        self.c_margin = 0
        self.add_page()
        self._lines(document.title, _TITLE_PT, bold=True)
        self.ln(12)

    def finished(self) -> bytes:
        """Return the PDF."""
        if self._is_lacking:
            self.ln(8)
            self._lines(_LACKING, _SMALL_PT, _QUIET)
        return bytes(self.output())

    def footer(self) -> None:
        """Write the foot of a page, as much of it as there is room for, and the page's number."""
        number = f"Page {self.page_no()} of "
        self._type(_SMALL_PT, _QUIET)
        room = self.epw - self.get_string_width(f"{number}0")
        self.set_y(-_FOOT_PT + 16)
        self.cell(room, _SMALL_PT, self._cut(self._foot, room - 12))
        self.cell(None, _SMALL_PT, number + _PAGES)

    @singledispatchmethod
    def set(self, part: Part) -> None:
        """Set a part of the document."""
        raise NotImplementedError

    @set.register
    def _(self, part: Heading) -> None:
        self._room(5 * _LEADING_PT)
        self.ln(10)
        self._lines(part.text, _HEADING_PT, bold=True)
        self.ln(5)

    @set.register
    def _(self, part: Paragraph) -> None:
        self._lines(part.text)
        self.ln(5)

    @set.register
    def _(self, part: Facts) -> None:
        for name, value in part.facts:
            self._room(_LEADING_PT)
            self._type(_TEXT_PT, _QUIET)
            self.cell(_CAPTION_PT, _LEADING_PT, self._readable(name))
            self._lines(value)
        self.ln(4)

    @set.register
    def _(self, part: Table) -> None:
        self._type()
        self.set_draw_color(_RULE)
        self.set_line_width(0.6)
        rows = [[column.head for column in part.columns], *part.rows]
        with self.table(
            [[self._cell(cell) for cell in row] for row in rows],
            col_widths=[column.share for column in part.columns],
            text_align=[Align.R if column.is_number else Align.L for column in part.columns],
            headings_style=FontFace(color=_QUIET, size_pt=_SMALL_PT),
            borders_layout="SINGLE_TOP_LINE",
            line_height=_LEADING_PT - _ABOVE_ROW_PT,
            padding=(_ABOVE_ROW_PT, _BETWEEN_COLUMNS_PT, 0, 0),
            v_align="TOP",
        ):
            pass
        self.ln(4)

    @set.register
    def _(self, part: Chart) -> None:
        self._room(HEIGHT_PT)
        self._type(_SMALL_PT, _QUIET)
        draw_chart(self, part, self._readable(part.x_label), self._readable(part.y_label))

    def _lines(
        self, text: str, size_pt: float = _TEXT_PT, colour: tuple[int, int, int] = _INK, *, bold: bool = False
    ) -> None:
        """Write a text from here to the right margin, on as many lines as it takes."""
        self._type(size_pt, colour, bold=bold)
        leading_pt = max(_LEADING_PT, 1.25 * size_pt)
        self.multi_cell(0, leading_pt, self._readable(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _type(self, size_pt: float = _TEXT_PT, colour: tuple[int, int, int] = _INK, *, bold: bool = False) -> None:
        self.set_font(_FAMILY, "B" if bold else "", size_pt)
        self.set_text_color(colour)

    def _room(self, height_pt: float) -> None:
        """Begin a page where this one has less room than that."""
        if self.will_page_break(height_pt):
            self.add_page()

    def _cell(self, text: str) -> str:
        shown = self._readable(text)
        return shown if len(shown) <= _LONGEST_CELL else f"{shown[: _LONGEST_CELL - 1]}…"

    def _cut(self, text: str, room_pt: float) -> str:
        if self.get_string_width(text) <= room_pt:
            return text
        while text and self.get_string_width(f"{text}…") > room_pt:
            text = text[:-1]
        return f"{text}…"

    def _readable(self, text: str) -> str:
        shown = readable(text, self._has)
        self._is_lacking |= "[U+" in shown and "[U+" not in text
        return shown
