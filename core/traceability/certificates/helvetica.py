"""Widths of Helvetica's characters, by which text is broken into lines and numbers are set flush right.

Helvetica is one of the fonts that every PDF reader has (PDF 1.7, ISO 32000-1, 9.6.2.2); the widths are those of Adobe's
font metrics, in thousandths of the font's size, for the characters from the space to the tilde.
"""

from __future__ import annotations

_FIRST = ord(" ")
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
# Of characters beyond those: most letters with accents are as wide as this.
_OTHERS = 556


def width_pt(text: str, size_pt: float) -> float:
    """Return how wide a text is at a size."""
    return sum(_width(character) for character in text) * size_pt / 1000


def lines_of(text: str, size_pt: float, room_pt: float) -> list[str]:
    """Break a text into lines that fit into a width; a word that does not fit is cut."""
    lines = [""]
    for word in text.split():
        left = word
        joined = f"{lines[-1]} {left}".strip()
        if width_pt(joined, size_pt) <= room_pt:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while width_pt(left, size_pt) > room_pt and len(left) > 1:
            count = _fitting(left, size_pt, room_pt)
            lines[-1], left = left[:count], left[count:]
            lines.append("")
        lines[-1] = left
    return lines


def _fitting(word: str, size_pt: float, room_pt: float) -> int:
    """Return how many characters of a word fit, one at least."""
    count = len(word)
    while count > 1 and width_pt(word[:count], size_pt) > room_pt:
        count -= 1
    return count


def _width(character: str) -> int:
    place = ord(character) - _FIRST
    return _WIDTHS[place] if 0 <= place < len(_WIDTHS) else _OTHERS
