"""What a dry run found, in words: liquid it takes, warnings and errors with their time, what it takes for granted."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.icons import icon
from gui.profiles.profile import action_words, hours_words

_LINE = Qt.ItemDataRole.UserRole
_PICTURE = Qt.ItemDataRole.UserRole + 1
_BOTTLES = {"media": "Medium", "alt_media": "Alternative medium", "waste": "Waste"}
_TONES = {"ERROR": ("alarm", "alarm"), "WARNING": ("warning", "warn")}


class DryRunFacts(QListWidget):
    """A list that is read from the top.

    Signals:
        line_asked: show this line of the text.
    """

    line_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("What the dry run found"))
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(self._ask)
        theme.current().palette_changed.connect(self._redraw)

    def show_result(self, result: dict[str, Any]) -> None:
        """Show a result."""
        self.clear()
        self._heading(self.tr("{} rehearsed").format(hours_words(result["hours"])))
        end = (
            self.tr("The profile came to its end.") if result["is_complete"] else self.tr("It would go on after that.")
        )
        self._row(end)
        if result["final_od"] is not None:
            self._row(self.tr("The culture ends at OD {:.2f}.").format(result["final_od"]))
        self._show_bottles(result)
        self._show_trouble(result)
        self._heading(self.tr("Taken for granted"))
        for assumption in result["assumptions"]:
            self._row(assumption, tone="quiet")

    def _show_bottles(self, result: dict[str, Any]) -> None:
        self._heading(self.tr("Liquid"))
        for each in result["bottles"]:
            doses = self.tr("1 dose") if each["doses"] == 1 else self.tr("{} doses").format(each["doses"])
            self._row(f"{_BOTTLES.get(each['bottle'], each['bottle'])}: {each['ml']:.1f} ml in {doses}", "dose")
        if not result["bottles"]:
            self._row(self.tr("None is moved."))
        self._row(self.tr("The vial holds {:.1f} ml at most.").format(result["most_volume_ml"]))

    def _show_trouble(self, result: dict[str, Any]) -> None:
        failed = [each for each in result["actions"] if each["outcome"] == "failed"]
        lines = [each for each in result["log"] if each["level"] in _TONES]
        notes = [each for each in result["log"] if each["level"] not in _TONES]
        self._heading(self.tr("Warnings and errors"))
        if not failed and not lines:
            self._row(self.tr("None."), "ok", "ok")
        for each in failed:
            what = action_words(each["action"], each["job_name"])
            words = f"{hours_words(each['hours'])}: {what} failed. {each['message']}"
            self._row(words, "alarm", "alarm", each["line"])
        for each in lines:
            if each["task"] == "experiment_profile" and "was not done" in each["message"]:
                continue  # told above, with its line
            picture, tone = _TONES[each["level"]]
            self._row(_said(each), picture, tone)
        if notes:
            self._heading(self.tr("Notes in the log"))
        for each in notes:
            self._row(_said(each), "note")

    def _heading(self, words: str) -> None:
        item = QListWidgetItem(words)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = QFont(self.font())
        font.setBold(True)
        item.setFont(font)
        self.addItem(item)

    def _row(self, words: str, picture: str = "", tone: str = "quiet", line: int = 0) -> None:
        item = QListWidgetItem(words)
        item.setData(_LINE, line)
        if picture:
            item.setData(_PICTURE, [picture, tone])
            item.setIcon(icon(picture, tone))
        elif tone == "quiet":
            item.setForeground(theme.current().colour("text"))
        self.addItem(item)

    def _ask(self, item: QListWidgetItem) -> None:
        if item.data(_LINE):
            self.line_asked.emit(int(item.data(_LINE)))

    def _redraw(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            if item.data(_PICTURE):
                item.setIcon(icon(*item.data(_PICTURE)))
            elif item.data(_LINE) is not None:
                item.setForeground(theme.current().colour("text"))


def _said(line: dict[str, Any]) -> str:
    times = f" ({line['times']} times)" if line["times"] > 1 else ""
    return f"{hours_words(line['hours'])}: {line['message']}{times}"
