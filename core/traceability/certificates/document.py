"""A document of headings, facts, tables and charts, set from the top of the first page to as many as it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.traceability.certificates.helvetica import lines_of
from core.traceability.certificates.pdf import PAGE_HEIGHT_PT, PAGE_WIDTH_PT, QUIET, PdfPage, Point, pdf_of

_LEFT_PT, _RIGHT_PT, _TOP_PT, _FOOT_PT = 56.0, PAGE_WIDTH_PT - 56.0, PAGE_HEIGHT_PT - 60.0, 56.0
_WIDTH_PT = _RIGHT_PT - _LEFT_PT
_TEXT_PT, _LEADING_PT = 9.0, 12.5
_CAPTION_PT = 132.0
_CHART_PT = 210.0
_RULE = (0.72, 0.72, 0.69)
_CURVE = (0.12, 0.37, 0.66)
_TICKS = 5


@dataclass(frozen=True)
class Column:
    """A column of a table: its head, its share of the width, and whether its cells are numbers, flush right."""

    head: str
    share: float
    is_number: bool = False


class Document:
    """A document under way; `foot` stands at the foot of each page."""

    def __init__(self, title: str, author: str, foot: str) -> None:
        self._title = title
        self._author = author
        self._foot = foot
        self._pages = [PdfPage()]
        self._y = _TOP_PT
        self._page.text(_LEFT_PT, self._y, title, 18, bold=True)
        self._y -= 28

    @property
    def _page(self) -> PdfPage:
        return self._pages[-1]

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._room(4 * _LEADING_PT)
        self._y -= 8
        self._page.text(_LEFT_PT, self._y, text, 11, bold=True)
        self._y -= 18

    def text(self, text: str) -> None:
        """Write a paragraph."""
        for line in lines_of(text, _TEXT_PT, _WIDTH_PT):
            self._room(_LEADING_PT)
            self._page.text(_LEFT_PT, self._y, line, _TEXT_PT)
            self._y -= _LEADING_PT
        self._y -= 4

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Write names and values beside each other; a fact without a value is left out."""
        for name, value in facts:
            if not value:
                continue
            lines = lines_of(value, _TEXT_PT, _WIDTH_PT - _CAPTION_PT)
            self._room(_LEADING_PT * len(lines))
            self._page.text(_LEFT_PT, self._y, name, _TEXT_PT, QUIET)
            for line in lines:
                self._page.text(_LEFT_PT + _CAPTION_PT, self._y, line, _TEXT_PT)
                self._y -= _LEADING_PT
        self._y -= 4

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Write a table; its head stands on each page that it reaches."""
        self._heads(columns)
        for row in rows:
            cells = [
                lines_of(cell, _TEXT_PT, column.share * _WIDTH_PT - 8)
                for cell, column in zip(row, columns, strict=True)
            ]
            height = _LEADING_PT * max(len(lines) for lines in cells)
            if self._room(height):
                self._heads(columns)
            self._cells(columns, cells)
            self._y -= height
        self._y -= 4

    def chart(self, points: Sequence[Point], curve: Sequence[Point], x_label: str, y_label: str) -> None:
        """Draw points and a curve through them."""
        self._room(_CHART_PT + 40)
        bottom, top = self._y - _CHART_PT, self._y - 12
        left, right = _LEFT_PT + 44, _RIGHT_PT - 8
        xs, ys = _range([x for x, _ in (*points, *curve)]), _range([y for _, y in (*points, *curve)])

        def place(x: float, y: float) -> Point:
            across, up = (x - xs[0]) / (xs[1] - xs[0]), (y - ys[0]) / (ys[1] - ys[0])
            return left + across * (right - left), bottom + up * (top - bottom)

        self._page.text(_LEFT_PT, self._y, y_label, 8, QUIET)
        self._page.text(right, bottom - 24, x_label, 8, QUIET, flush_right=True)
        for x in _ticks(*xs):
            across = place(x, ys[0])[0]
            self._page.line([(across, bottom), (across, top)], 0.3, _RULE)
            self._page.text(across - 6, bottom - 12, f"{x:g}", 8, QUIET)
        for y in _ticks(*ys):
            up = place(xs[0], y)[1]
            self._page.line([(left, up), (right, up)], 0.3, _RULE)
            self._page.text(left - 6, up - 3, f"{y:g}", 8, QUIET, flush_right=True)
        if len(curve) > 1:
            self._page.line([place(*point) for point in curve], 1.2, _CURVE)
        for point in points:
            self._page.dot(*place(*point))
        self._y = bottom - 36

    def pdf(self) -> bytes:
        """Return the document, with its pages numbered."""
        count = len(self._pages)
        for number, page in enumerate(self._pages, 1):
            page.text(_LEFT_PT, _FOOT_PT - 20, self._foot, 8, QUIET)
            page.text(_RIGHT_PT, _FOOT_PT - 20, f"Page {number} of {count}", 8, QUIET, flush_right=True)
        return pdf_of(self._pages, self._title, self._author)

    def _room(self, height_pt: float) -> bool:
        """See that there is room on this page; return whether that took a new one."""
        if self._y - height_pt >= _FOOT_PT:
            return False
        self._pages.append(PdfPage())
        self._y = _TOP_PT
        return True

    def _heads(self, columns: Sequence[Column]) -> None:
        self._room(3 * _LEADING_PT)
        x = _LEFT_PT
        for column in columns:
            width = column.share * _WIDTH_PT
            at = x + width - 8 if column.is_number else x
            self._page.text(at, self._y, column.head, 8, QUIET, flush_right=column.is_number)
            x += width
        self._page.line([(_LEFT_PT, self._y - 4), (_RIGHT_PT, self._y - 4)], 0.5, _RULE)
        self._y -= _LEADING_PT + 4

    def _cells(self, columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
        x = _LEFT_PT
        for column, lines in zip(columns, cells, strict=True):
            width = column.share * _WIDTH_PT
            at = x + width - 8 if column.is_number else x
            for number, line in enumerate(lines):
                y = self._y - number * _LEADING_PT
                self._page.text(at, y, line, _TEXT_PT, flush_right=column.is_number)
            x += width


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return from where to where an axis goes: all values, with a little room."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or max(abs(low), 1.0) * 0.5
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Return round values between two, about five."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(number * step, 12) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
