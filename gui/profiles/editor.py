"""The editor of a profile's text: numbered lines, and what is wrong marked where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from gui import theme
from gui.profiles.profile import Problem

_TYPED_MS = 400
_FONT_PX = 13
_INDENT = "  "
# Colouring takes the square of a line's length; nobody writes longer ones, but somebody may paste one.
_MOST_COLOURED = 1000
_BESIDE_PX = 8
_MARK_PX = 14


class ProfileEditor(QPlainTextEdit):
    """A plain text with numbers beside its lines.

    Signals:
        paused: the user has typed, and stopped for a moment.
    """

    paused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problems: tuple[Problem, ...] = ()
        self._numbers = _LineNumbers(self)
        self._colours = _Colours(self.document())
        self.setAccessibleName(self.tr("Text of the profile"))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(_FONT_PX)
        self.setFont(font)
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._typed.timeout.connect(self.paused)
        self.textChanged.connect(self._typed.start)
        self.blockCountChanged.connect(self._fit)
        self.updateRequest.connect(self._scroll_numbers)
        self.cursorPositionChanged.connect(self._numbers.update)
        theme.current().palette_changed.connect(self._restyle)
        self._fit()

    def show_text(self, text: str) -> None:
        """Show another text, from its beginning; nothing can be undone then."""
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)
        self._typed.stop()
        self._fit()
        self.show_problems(())

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Mark what is wrong."""
        self._problems = tuple(problems)
        self.setExtraSelections([self._selection(problem) for problem in self._problems])
        self._numbers.update()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is marked."""
        return self._problems

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor at a place, and show it."""
        block = self.document().findBlockByNumber(min(line, self.blockCount()) - 1)
        cursor = QTextCursor(block)
        steps = min(column - 1, max(0, block.length() - 1))
        cursor.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.MoveAnchor, steps)
        self.setTextCursor(cursor)
        self.centerCursor()
        self.setFocus()

    def at_line(self, line: int) -> list[Problem]:
        """Return what is wrong in a line."""
        return [problem for problem in self._problems if problem.line == line]

    def numbers_px(self) -> int:
        """Return how wide the numbers are."""
        digits = max(2, len(str(self.blockCount())))
        return 2 * _BESIDE_PX + _MARK_PX + digits * self.fontMetrics().horizontalAdvance("9")

    def numbered_lines(self) -> list[tuple[int, QRectF]]:
        """Return the lines that are seen, and where they are."""
        found, block = [], self.firstVisibleBlock()
        while block.isValid():
            where = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if where.top() > self.viewport().height():
                break
            found.append((block.blockNumber() + 1, where))
            block = block.next()
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Indent with Tab, and go on in the same column with Return."""
        if event.key() == Qt.Key.Key_Tab and not event.modifiers():
            self.insertPlainText(_INDENT)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            line = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
            self.insertPlainText("\n" + line[: len(line) - len(line.lstrip())])
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the numbers beside the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.numbers_px(), inside.height()))

    def event(self, event: QEvent) -> bool:
        """Tell what is wrong in the line under the mouse."""
        if isinstance(event, QHelpEvent):
            where = self.viewport().mapFromGlobal(event.globalPos())
            found = self.at_line(self.cursorForPosition(where).blockNumber() + 1)
            QToolTip.showText(event.globalPos(), "\n".join(problem.sentences for problem in found), self)
            return True
        return super().event(event)

    def _selection(self, problem: Problem) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        block = self.document().findBlockByNumber(min(problem.line, self.blockCount()) - 1)
        cursor = QTextCursor(block)
        indent = len(block.text()) - len(block.text().lstrip())
        start = min(max(problem.column - 1, indent), max(0, block.length() - 1))
        if start >= len(block.text()):
            start = min(indent, len(block.text()))
        cursor.setPosition(block.position() + start)
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        form = QTextCharFormat()
        tone = "alarm" if problem.is_error else "warn"
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        form.setUnderlineColor(theme.current().colour(tone))
        form.setBackground(theme.current().colour(f"{tone}_soft"))
        selection.cursor, selection.format = cursor, form
        return selection

    def _fit(self) -> None:
        self.setViewportMargins(self.numbers_px(), 0, 0, 0)

    def _scroll_numbers(self, area: QRect, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())

    def _restyle(self) -> None:
        self._colours.restyle()
        self.show_problems(self._problems)


class _LineNumbers(QWidget):
    """Numbers of the lines, with a sign where something is wrong: told by shape as well as by colour."""

    def __init__(self, editor: ProfileEditor) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        """Return the width the numbers need."""
        return QSize(self._editor.numbers_px(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw numbers and signs."""
        painter, now = QPainter(self), theme.current()
        painter.fillRect(event.rect(), now.colour("surface"))
        painter.setFont(self._editor.font())
        current = self._editor.textCursor().blockNumber() + 1
        for line, where in self._editor.numbered_lines():
            found = self._editor.at_line(line)
            row = QRectF(0, where.top(), self.width() - _BESIDE_PX, self._editor.fontMetrics().height())
            painter.setPen(now.colour("text" if line == current else "faint"))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(line))
            if found:
                self._draw_sign(painter, row, is_error=any(problem.is_error for problem in found))

    @staticmethod
    def _draw_sign(painter: QPainter, row: QRectF, *, is_error: bool) -> None:
        painter.setPen(theme.current().colour("alarm" if is_error else "warn"))
        bold = QFont(painter.font())
        plain = QFont(painter.font())
        bold.setBold(True)
        painter.setFont(bold)
        where = QRectF(4, row.top(), _MARK_PX, row.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, "✕" if is_error else "!")
        painter.setFont(plain)


class _Colours(QSyntaxHighlighter):
    """Comments quiet, keys plain, expressions in the accent: a profile's skeleton is seen at a glance."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._rules: list[tuple[re.Pattern[str], QTextCharFormat]] = []
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        now = theme.current()
        self._rules = [
            (re.compile(r"[A-Za-z_][\w$-]*(?=\s*:(\s|$))"), _form(now.colour("note"))),
            (re.compile(r"(?<=type:\s)\w+"), _form(now.colour("text"), bold=True)),
            (re.compile(r"\$\{\{.*?\}\}"), _form(now.colour("accent"))),
            (re.compile(r"(^|\s)#.*$"), _form(now.colour("quiet"), italic=True)),
        ]
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Colour one line."""
        for pattern, form in self._rules:
            for found in pattern.finditer(text[:_MOST_COLOURED]):
                self.setFormat(found.start(), found.end() - found.start(), form)


def _form(colour: QColor, *, bold: bool = False, italic: bool = False) -> QTextCharFormat:
    form = QTextCharFormat()
    form.setForeground(colour)
    form.setFontItalic(italic)
    if bold:
        form.setFontWeight(QFont.Weight.DemiBold)
    return form
