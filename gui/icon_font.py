"""Icons drawn from a font: the Material Design Icons that QtAwesome ships.

Of QtAwesome only the font and its table of names are used. Importing it loads OpenGL and reads twelve fonts, which
takes as long as everything else until the first picture.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

# The glyphs fill their square; a little air keeps them level with the text beside them.
_FILLS = 0.875


class GlyphEngine(QIconEngine):
    """Draws one glyph of the icon font in whatever size is asked for.

    Args:
        name: as the font's table has it, such as "play-box-multiple-outline"; KeyError for unknown ones.
        colour: of the icon.
        disabled: its colour where it cannot be used.
    """

    def __init__(self, name: str, colour: str, disabled: str) -> None:
        super().__init__()
        self._looks = (name, colour, disabled)
        self._glyph = chr(int(_table()[name], 16))

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the glyph in the middle of `rect`."""
        del state
        _, colour, disabled = self._looks
        font = QFont(_family())
        font.setPixelSize(max(1, round(_FILLS * rect.height())))
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(disabled if mode == QIcon.Mode.Disabled else colour))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the glyph on nothing."""
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return drawn

    def clone(self) -> QIconEngine:
        """Return another one that draws the same."""
        return GlyphEngine(*self._looks)


def _only(pattern: str) -> Path:
    """Return the one file of QtAwesome's that fits `pattern`; FileNotFoundError when it is not installed whole."""
    found = find_spec("qtawesome")
    for folder in (found.submodule_search_locations if found is not None else None) or ():
        for path in Path(folder, "fonts").glob(pattern):
            return path
    raise FileNotFoundError(f"There is no {pattern} of QtAwesome's: install Vialdesk again.")


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = json.loads(_only("materialdesignicons6-*charmap*.json").read_text(encoding="utf-8"))
    return table


@cache
def _family() -> str:
    path = _only("materialdesignicons6-*.ttf")
    families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(path)))
    if not families:
        raise FileNotFoundError(f"The icon font {path} cannot be read: install Vialdesk again.")
    return families[0]
