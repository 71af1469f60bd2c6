"""A table to read: whole rows are marked, nothing is edited, and one column takes the room that is left."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

_ROW_PX = 28


class RowsTable(QTableView):
    """Shows a model; `widths_px` by column, `stretched` is the column of the words."""

    def __init__(self, model: QAbstractItemModel, name: str, widths_px: Mapping[int, int], stretched: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        for column, width_px in widths_px.items():
            header.resizeSection(column, width_px)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
