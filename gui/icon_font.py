"""Icons drawn from a font: the Material Design Icons that QtAwesome ships.

Of QtAwesome only the font and its table of names are used. Importing it loads OpenGL and reads twelve fonts, which
takes as long as everything else until the first picture.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap

# The glyphs fill their square; a little air keeps them level with the text beside them.
_FILLS = 0.875
# 16, 20 and 32, and the same on screens of double density. Drawn beforehand, so that Qt need not call Python to paint.
_SIZES_PX = (16, 20, 32, 40, 64)


def icon_of(name: str, colour: str, disabled: str) -> QIcon:
    """Return one glyph of the icon font as an icon, drawn in the sizes the window uses, on fine screens too.

    Args:
        name: as the font's table has it, such as "play-box-multiple-outline"; KeyError for unknown ones.
        colour: of the icon.
        disabled: its colour where it cannot be used.
    """
    glyph = chr(int(_table()[name], 16))
    drawn = QIcon()
    for size_px in _SIZES_PX:
        drawn.addPixmap(_draw(glyph, colour, size_px))
        drawn.addPixmap(_draw(glyph, disabled, size_px), QIcon.Mode.Disabled)
    return drawn


def _draw(glyph: str, colour: str, size_px: int) -> QPixmap:
    drawn = QPixmap(size_px, size_px)
    drawn.fill(Qt.GlobalColor.transparent)
    font = QFont(_family())
    font.setPixelSize(round(_FILLS * size_px))
    painter = QPainter(drawn)
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(drawn.rect(), Qt.AlignmentFlag.AlignCenter, glyph)
    painter.end()
    return drawn


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
