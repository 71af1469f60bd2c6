"""Which characters a document shows as they are, and what stands in for those its font lacks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection

# Formatting and control characters: they have no shape of their own.
_SHAPELESS = ("Cf", "Cc")
_RIGHT_TO_LEFT = ("R", "AL")
_NUMBERS = re.compile(r"(?:\[U\+[0-9A-F]+\])+")


def readable(text: str, has: Container[int]) -> str:
    """Return a text on one line, in the order in which it is drawn, of nothing but characters that a font has.

    A character the font lacks is replaced by what Unicode calls compatible with it (a full-width A is an A); where
    there is no such thing its number stands in brackets, as [U+738B U+5C0F]: unambiguous, and found by a search.

    `has` are the code points of the font.
    """
    one_line = " ".join(unicodedata.normalize("NFC", text).split())
    shown = "".join(_shown(character, has) for character in one_line)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
        shown = BidiParagraph(shown, base_direction=TextDirection.LTR).get_reordered_string()
    return _NUMBERS.sub(lambda found: found.group().replace("][", " "), shown)


def _shown(character: str, has: Container[int]) -> str:
    if unicodedata.category(character) in _SHAPELESS:
        return ""
    compatible = unicodedata.normalize("NFKC", character)
    for each in (character, compatible):
        if all(ord(letter) in has for letter in each):
            return each
    return f"[U+{ord(character):04X}]"
