"""What a unit is: its serial number, part, revision, batch, firmware, since when, and where it is."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.record.run import creator, day_words, exact_words
from gui.unit import Unit, utc_s_of
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.facts import Facts
from gui.widgets.state_badge import StateBadge

_CAPTION_PX = 72


class Identity(QWidget):
    """Shows one unit.

    Signals:
        opened: another unit's record is wanted; carries its serial number.

    Attributes:
        is_own: whether it is the unit this window works with.
    """

    opened = Signal(str)

    def __init__(self, unit: Unit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._parent_serial = ""
        self.is_own = False
        self.serial_number = ElidedLabel()
        theme.set_role(self.serial_number, "heading")
        self.badge = StateBadge()
        self.facts = Facts(caption_px=_CAPTION_PX)
        self.up_button = QPushButton()
        self.up_button.setAccessibleName(self.tr("Open the unit it is in"))
        theme.set_role(self.up_button, "link")
        self.up_button.clicked.connect(self._on_up)
        self._head, self._foot = QHBoxLayout(), QHBoxLayout()
        self._head.addWidget(self.serial_number, 1)
        self._foot.setSpacing(12)
        self._foot.addWidget(self.badge)
        self._foot.addWidget(self.up_button)
        self._foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(self._head)
        column.addWidget(self.facts)
        column.addLayout(self._foot)

    def show_unit(self, page: dict[str, Any], own_serial_number: str) -> None:
        """Show a unit; `own_serial_number` is that of the board in use."""
        serial_number = str(page["serial_number"])
        self.is_own = serial_number.lower() == own_serial_number.lower()
        self.serial_number.show_text(serial_number)
        # Numbers of sub-units may be long and differ at their end only: they have the line for themselves.
        (self._head if self.is_own else self._foot).insertWidget(1 if self.is_own else 0, self.badge)
        if self.is_own:
            self.badge.show_state(self.tr("This unit"), "board", "ok", self.tr("The board in use"))
        else:
            self.badge.show_state(self.tr("Another unit"), "part", "quiet", self.tr("Not the board in use"))
        part = page["part"]
        since_s = utc_s_of(page["created_at"])
        who = creator(page)
        facts = {
            self.tr("Part"): part["name"] if part["name"] == part["number"] else f"{part['name']} ({part['number']})",
            self.tr("Revision"): part["revision"]["number"],
            self.tr("Batch"): (page["batch"] or {}).get("number", ""),
            self.tr("Firmware"): self._firmware(page),
            self.tr("Since"): day_words(since_s),
        }
        self.facts.show_all(facts)
        by = self.tr("Written by {}").format(who) if who else ""
        self.facts.show_value(self.tr("Since"), day_words(since_s), "\n".join(filter(None, (exact_words(since_s), by))))
        parent = page["parent"]
        self._parent_serial = parent["serial_number"] if parent else ""
        self.up_button.setVisible(bool(parent))
        self.up_button.setText(self.tr("In {}").format(self._parent_serial))
        self.up_button.setToolTip(self.tr("Open the unit it is in"))

    def _firmware(self, page: dict[str, Any]) -> str:
        known = page["metadata"].get("firmware_version") or (
            self._unit.board.get("firmware_version") if self.is_own else None
        )
        return str(known or "")

    def _on_up(self) -> None:
        self.opened.emit(self._parent_serial)
