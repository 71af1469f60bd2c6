"""Text that can be sent and kept: file names may hold bytes that are no characters, and errors repeat such names."""

from __future__ import annotations


def plain(text: str) -> str:
    """Return a text with every half of a surrogate pair spelt out, as Python writes it: UTF-8 has no form for those."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
