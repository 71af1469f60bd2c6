"""The text that is open: what is kept of it on the unit, and what was changed since."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class OpenText:
    """One profile that is open.

    Attributes:
        name: its file name; "" when nothing is open.
        saved: the text on the unit, None when it was never saved.
        version: of the saved text, "" when there is none.
        is_example: it cannot be changed where it is.
    """

    name: str = ""
    saved: str | None = None
    version: str = ""
    is_example: bool = False

    def is_changed(self, text: str) -> bool:
        """Whether `text` is something else than what is saved."""
        return self.name != "" and text != self.saved
