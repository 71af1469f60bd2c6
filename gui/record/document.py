"""A unit's record as a document on paper: what it is, what it is made of, and how its tests went."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QPageLayout,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)

from gui.record.limits import limits_words, value_words, with_units
from gui.record.outcomes import outcome_shown
from gui.record.phase_words import phase_title
from gui.record.run import creator, exact_words, lasted_words, place_words, read_run
from gui.unit import utc_s_of

# Ink on paper: the colours of the light scheme.
_TONES = {"ok": "#2F7D32", "alarm": "#B3261E", "warn": "#9A6700", "note": "#1F5FA8", "quiet": "#5B6066"}
_INK = "#1B1D1F"
_STYLE = """
h1 { font-size: 18pt; } h2 { font-size: 12pt; }
th { text-align: left; color: #5B6066; font-weight: normal; border-bottom: 1px solid #B8B8B0; }
.quiet { color: #5B6066; }
"""
_RESOLUTION_DPI = 300
_MARGIN_MM = 18.0
_FOOT_MM = 10.0
_TEXT_PT = 9.0
# More than these is in the JSON export, not on paper.
_RUNS_LISTED = 500
_RUNS_IN_DETAIL = 20


class UnitDocument:
    """The document of one unit; `record` is what the service exports of it."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        self._unit: dict[str, Any] = record["unit"]

    def write(self, target: Path) -> int:
        """Write it as PDF on A4; return the number of pages. Raise OSError when the file cannot be written."""
        # A writer that cannot write tells no reason; this does.
        with target.open("wb"):
            pass
        writer = QPdfWriter(str(target))
        writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        writer.setPageMargins(QMarginsF(*[_MARGIN_MM] * 4), QPageLayout.Unit.Millimeter)
        writer.setResolution(_RESOLUTION_DPI)
        writer.setTitle(self.title())
        writer.setCreator("Vialdesk")
        painter = QPainter()
        if not painter.begin(writer):
            raise OSError(None, "No PDF can be written there", str(target))
        try:
            return self.draw(painter, writer, QSizeF(writer.width(), writer.height()), writer.newPage)
        finally:
            painter.end()

    def draw(self, painter: QPainter, device: QPaintDevice, area: QSizeF, turn: Callable[[], object]) -> int:
        """Draw all pages, each of `area` in pixels; `turn` begins the next. Return how many there are."""
        foot_px = _FOOT_MM / 25.4 * _RESOLUTION_DPI
        document = QTextDocument()
        document.setDefaultFont(_font(_TEXT_PT))
        document.setDefaultStyleSheet(_STYLE)
        document.documentLayout().setPaintDevice(device)
        document.setDocumentMargin(0)
        page = QSizeF(area.width(), area.height() - foot_px)
        document.setPageSize(page)
        document.setHtml(self.html())
        count = document.pageCount()
        for number in range(count):
            if number:
                turn()
            painter.save()
            painter.translate(0, -number * page.height())
            _draw_part(painter, document, QRectF(0, number * page.height(), page.width(), page.height()))
            painter.restore()
            self._draw_foot(painter, QRectF(0, page.height(), page.width(), foot_px), number + 1, count)
        return count

    def _draw_foot(self, painter: QPainter, area: QRectF, number: int, count: int) -> None:
        painter.setFont(_font(8.0))
        painter.setPen(Qt.GlobalColor.darkGray)
        bottom = Qt.AlignmentFlag.AlignBottom
        made = exact_words(utc_s_of(self._record["exported_at"]))
        painter.drawText(area, int(bottom | Qt.AlignmentFlag.AlignLeft), f"{self.title()} · {made}")
        words = _tr("Page {} of {}").format(number, count)
        painter.drawText(area, int(bottom | Qt.AlignmentFlag.AlignRight), words)

    def title(self) -> str:
        """Return what the document is called."""
        return _tr("Unit record of {}").format(self._unit["serial_number"])

    def html(self) -> str:
        """Return the whole text."""
        runs = list(reversed(self._record["runs"]))
        parts = [f"<h1>{escape(self.title())}</h1>", self._facts(), self._parts(), self._moves(), self._list(runs)]
        shown = runs[:_RUNS_IN_DETAIL]
        if len(runs) > len(shown):
            words = _tr("The newest {} of {} runs follow in detail; the export as JSON has all of them.")
            parts.append(f"<p class='quiet'>{escape(words.format(len(shown), len(runs)))}</p>")
        return "".join([*parts, *(_run(run) for run in shown)])

    def _facts(self) -> str:
        unit, part = self._unit, self._unit["part"]
        parent, batch = unit["parent"] or {}, unit["batch"] or {}
        facts = [
            (_tr("Part"), f"{part['name']} ({part['number']})"),
            (_tr("Revision"), part["revision"]["number"]),
            (_tr("Batch"), batch.get("number")),
            (_tr("In unit"), parent.get("serial_number")),
            (_tr("Since"), exact_words(utc_s_of(unit["created_at"]))),
            (_tr("Written by"), creator(unit)),
            *((str(name), str(value)) for name, value in sorted(unit["metadata"].items())),
        ]
        return _table([], [[f"<span class='quiet'>{escape(a)}</span>", escape(b)] for a, b in facts if b], (24, 76))

    def _parts(self) -> str:
        rows = list(_tree_rows(self._unit["parts_tree"], 0))
        if not rows:
            return ""
        heads = [_tr("Sub-unit"), _tr("Serial number"), _tr("Part"), _tr("Revision")]
        return f"<h2>{escape(_tr('Made of'))}</h2>" + _table(heads, rows, (34, 30, 22, 14))

    def _moves(self) -> str:
        rows = []
        for move in self._unit["moves"]:
            what = _tr("put in") if move["action"] == "put_in" else _tr("taken out")
            unit = move["unit"]
            cells = [
                exact_words(utc_s_of(move["at"])),
                what,
                place_words(move["position"], unit),
                unit["serial_number"],
                creator(move),
            ]
            rows.append([escape(cell) for cell in cells])
        if not rows:
            return ""
        heads = [_tr("When"), _tr("What"), _tr("Sub-unit"), _tr("Serial number"), _tr("By")]
        return f"<h2>{escape(_tr('Sub-units put in and taken out'))}</h2>" + _table(heads, rows, (28, 12, 24, 22, 14))

    def _list(self, runs: list[dict[str, Any]]) -> str:
        title = f"<h2>{escape(_tr('Runs'))} ({len(runs)})</h2>"
        if not runs:
            return f"{title}<p class='quiet'>{escape(_tr('No run yet.'))}</p>"
        rows = []
        for data in runs[:_RUNS_LISTED]:
            run = read_run(data)
            cells = [run.title, exact_words(run.started_utc_s), lasted_words(run.lasted_s), run.who]
            rows.append([_outcome(run.outcome), *(escape(cell) for cell in cells)])
        heads = [_tr("Outcome"), _tr("Procedure"), _tr("When"), _tr("Took"), _tr("By")]
        return title + _table(heads, rows, (13, 31, 28, 10, 18))


def _draw_part(painter: QPainter, document: QTextDocument, area: QRectF) -> None:
    """Draw a page in ink: left alone, Qt would take the text's colour from the window's scheme, light on dark."""
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, QColor(_INK))
    context.clip = area
    painter.setClipRect(area)
    document.documentLayout().draw(painter, context)


def _run(data: dict[str, Any]) -> str:
    run = read_run(data)
    facts = " · ".join(filter(None, [exact_words(run.started_utc_s), lasted_words(run.lasted_s), run.who]))
    parts = [
        f"<h2>{escape(run.title)} – {_outcome(run.outcome)}</h2>",
        f"<p class='quiet'>{escape(facts)}</p>",
        f"<p>{escape(data['docstring'])}</p>" if data["docstring"] else "",
    ]
    heads = [_tr("Phase, measurement"), _tr("Outcome"), _tr("Value"), _tr("Limits")]
    rows = [row for phase in data["phases"] for row in _phase_rows(phase)]
    parts.append(_table(heads, rows, (38, 14, 22, 26)) if rows else "")
    if data["attachments"]:
        names = ", ".join(file["name"] for file in data["attachments"])
        parts.append(f"<p class='quiet'>{escape(_tr('Attached: {}').format(names))}</p>")
    return "".join(parts)


def _phase_rows(phase: dict[str, Any]) -> Iterable[list[str]]:
    again = _tr(", attempt {}").format(phase["retry_count"] + 1) if phase["retry_count"] else ""
    lasted_s = utc_s_of(phase["ended_at"]) - utc_s_of(phase["started_at"])
    name = f"<b>{escape(phase_title(phase['name']) + again)}</b>"
    yield [name, _outcome(phase["outcome"]), f"<span class='quiet'>{escape(lasted_words(lasted_s))}</span>", ""]
    for measurement in phase["measurements"]:
        units, series = measurement["units"] or "", measurement["data_series"]
        value = value_words(measurement["measured_value"], len(series[0]["data"]) if series else 0)
        if measurement["measured_value"] is not None:
            value = with_units(value, units)
        limits = limits_words(measurement["validators"], units)
        cells = [f"&nbsp;&nbsp;&nbsp;{escape(measurement['name'])}", _outcome(measurement["outcome"]), escape(value)]
        # A sentence has the room of the limits it does not have.
        yield cells if isinstance(measurement["measured_value"], str) and not limits else [*cells, escape(limits)]


def _tree_rows(parts: list[dict[str, Any]], depth: int) -> Iterable[list[str]]:
    for part in parts:
        kind = part["part"]
        name = "&nbsp;" * 4 * depth + escape(place_words(part["position"], part))
        yield [name, *(escape(text) for text in (part["serial_number"], kind["number"], kind["revision"]["number"]))]
        yield from _tree_rows(part["parts_tree"], depth + 1)


def _outcome(outcome: str) -> str:
    word, _, tone = outcome_shown(outcome)
    return f"<span style='color: {_TONES[tone]}'>{escape(word)}</span>"


def _table(heads: list[str], rows: Iterable[list[str]], widths: tuple[int, ...]) -> str:
    """Return a table of cells that are HTML already; widths in percent. The last cell of a short row takes the rest."""
    kinds = [("th", [escape(head) for head in heads])] if heads else []
    lines = [_row(kind, cells, widths) for kind, cells in (*kinds, *(("td", row) for row in rows))]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table width='100%' cellspacing='0' cellpadding='2'>{body}</table>"


def _row(kind: str, cells: list[str], widths: tuple[int, ...]) -> str:
    """Return the cells of a row, each a `kind`: "th" or "td"."""
    last = len(cells) - 1
    written = [f"<{kind} width='{width}%'>{cell}</{kind}>" for cell, width in zip(cells[:-1], widths, strict=False)]
    spanned = f"colspan='{len(widths) - last}' width='{sum(widths[last:])}%'"
    return "".join([*written, f"<{kind} {spanned}>{cells[-1]}</{kind}>"])


def _font(size_pt: float) -> QFont:
    font = QFont()
    font.setPointSizeF(size_pt)
    return font


def _tr(text: str) -> str:
    return QCoreApplication.translate("record document", text)
