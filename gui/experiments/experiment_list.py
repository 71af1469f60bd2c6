"""The experiments, newest first: found by words and by tag, marked one by one to be compared."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.experiments.experiment import Experiment, tags_of
from gui.icons import pixmap

_ROW_PX = 46
_ICON_PX = 16
_WHAT = Qt.ItemDataRole.UserRole
_CAPTION = Qt.ItemDataRole.UserRole + 1
_COLOUR = Qt.ItemDataRole.UserRole + 2
_COLOUR_PX = 4

Index = QModelIndex | QPersistentModelIndex


class _Row(QStyledItemDelegate):
    """Draws an experiment's state, its name, and below it when it was and its tags."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        colours = theme.current()
        experiment: Experiment = index.data(_WHAT)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        area: QRect = option.rect
        painter.save()
        if is_chosen:
            painter.fillRect(area, colours.colour("accent_soft"))
        if index.data(_COLOUR):
            strip = QRect(area.right() - _COLOUR_PX, area.top() + 6, _COLOUR_PX, area.height() - 12)
            painter.fillRect(strip, QColor(index.data(_COLOUR)))
        _, icon_name, tone = experiment.state()
        left = area.left() + 8
        ticked = index.data(Qt.ItemDataRole.CheckStateRole)
        if ticked is not None:
            is_ticked = ticked in (Qt.CheckState.Checked, Qt.CheckState.Checked.value)
            icon_name, tone = ("ticked", "accent") if is_ticked else ("unticked", "quiet")
        painter.drawPixmap(left, area.top() + 7, pixmap(icon_name, tone, _ICON_PX))
        left += _ICON_PX + 8
        width = area.right() - left - 8
        top = theme.value_font(13, bold=experiment.is_active)
        painter.setPen(colours.colour("text"))
        _draw(painter, top, QRect(left, area.top() + 4, width, 20), experiment.name, Qt.TextElideMode.ElideMiddle)
        painter.setPen(colours.colour("text" if is_chosen else "quiet"))
        words = "  ·  ".join([str(index.data(_CAPTION)), *([", ".join(experiment.tags)] if experiment.tags else [])])
        below = QRect(left, area.top() + 24, width, 16)
        _draw(painter, theme.value_font(11), below, words, Qt.TextElideMode.ElideRight)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is as high."""
        return QSize(120, _ROW_PX)

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tick a row, where rows can be ticked, by a click anywhere on it, or by the space bar."""
        ticked = index.data(Qt.ItemDataRole.CheckStateRole)
        is_click = event.type() == QEvent.Type.MouseButtonRelease
        is_space = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        if ticked is None or not (is_click or is_space):
            return False
        is_ticked = ticked in (Qt.CheckState.Checked, Qt.CheckState.Checked.value)
        wanted = Qt.CheckState.Unchecked if is_ticked else Qt.CheckState.Checked
        return model.setData(index, wanted, Qt.ItemDataRole.CheckStateRole)


class ExperimentList(QWidget):
    """The list with its search and its filter by tag.

    Signals:
        chosen: the experiment that is marked, None when there is none.
        ticked: the experiments to compare, in the order of the list.

    Attributes:
        search: words that must be in name, notes or tags.
        tag: the tag they must have.
        rows: the list itself.
    """

    chosen = Signal(object)
    ticked = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiments: tuple[Experiment, ...] = ()
        self._is_filling = False
        self._can_be_ticked = False
        self._ticked: list[str] = []
        self._colours: dict[str, str] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search names, notes and tags"))
        self.search.setAccessibleName(self.tr("Search the experiments"))
        self.search.setClearButtonEnabled(True)
        self.tag = QComboBox()
        self.tag.setAccessibleName(self.tr("Only those with this tag"))
        self.rows = QListWidget()
        self.rows.setAccessibleName(self.tr("Experiments, newest first"))
        self.rows.setUniformItemSizes(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setItemDelegate(_Row(self.rows))
        self._found = QLabel()
        theme.set_role(self._found, "caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        for part in (self.search, self.tag, self.rows, self._found):
            column.addWidget(part)
        self._fill_tags()
        self.search.textChanged.connect(self._filter)
        self.tag.currentIndexChanged.connect(self._filter)
        self.rows.currentItemChanged.connect(self._on_current)
        self.rows.itemChanged.connect(self._on_item)
        theme.current().palette_changed.connect(self.rows.viewport().update)

    def show_experiments(self, experiments: tuple[Experiment, ...], now_utc_s: float) -> None:
        """Show these; the one that was marked stays marked where it still is, otherwise the first is."""
        before = self.chosen_name()
        self._experiments = experiments
        self._is_filling = True
        self.rows.clear()
        for experiment in experiments:
            item = QListWidgetItem(experiment.name)
            caption = experiment.caption(now_utc_s)
            item.setData(_WHAT, experiment)
            item.setData(_CAPTION, caption)
            item.setToolTip("\n".join([experiment.name, caption, *experiment.tags]))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{experiment.name}, {caption}")
            self.rows.addItem(item)
        self._show_ticks()
        self.show_colours(self._colours)
        self._fill_tags()
        self._is_filling = False
        self._filter()
        if not self.choose(before):
            self._choose_first()

    def choose_tag(self, tag: str) -> None:
        """Show the experiments with a tag only."""
        self.tag.setCurrentIndex(max(0, self.tag.findData(tag)))

    def forget_choice(self) -> None:
        """Mark the first the next time experiments are shown, with nothing filtered out."""
        self.search.clear()
        self.choose_tag("")
        self.rows.setCurrentRow(-1)

    def let_tick(self, can_be_ticked: bool, first: list[str]) -> None:
        """Have boxes to tick before the names, or none; `first` are ticked to begin with."""
        self._can_be_ticked = can_be_ticked
        self._ticked = first
        self.show_colours({})
        self._show_ticks()
        self.ticked.emit(self.ticked_experiments())

    def show_colours(self, colours: dict[str, str]) -> None:
        """Show beside the names in which colour each experiment is drawn."""
        self._colours = colours
        was_filling, self._is_filling = self._is_filling, True
        for item in self._items():
            item.setData(_COLOUR, colours.get(item.data(_WHAT).name, ""))
        self._is_filling = was_filling

    def ticked_experiments(self) -> list[Experiment]:
        """Return the experiments that are ticked, hidden ones too."""
        return [one for one in self._experiments if one.name in self._ticked]

    def tick(self, name: str, wanted: bool = True) -> None:
        """Tick an experiment, or do not."""
        for item in self._items():
            if item.data(_WHAT).name == name:
                item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)

    def _show_ticks(self) -> None:
        was_filling, self._is_filling = self._is_filling, True
        for item in self._items():
            if not self._can_be_ticked:
                item.setData(Qt.ItemDataRole.CheckStateRole, None)
            else:
                is_ticked = item.data(_WHAT).name in self._ticked
                item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
        self._is_filling = was_filling

    def _on_item(self, item: QListWidgetItem) -> None:
        if self._is_filling or not self._can_be_ticked:
            return
        name, is_ticked = item.data(_WHAT).name, item.checkState() == Qt.CheckState.Checked
        if is_ticked == (name in self._ticked):
            return
        self._ticked = [other for other in self._ticked if other != name] + [name] * is_ticked
        self.ticked.emit(self.ticked_experiments())

    def choose(self, name: str) -> bool:
        """Mark the experiment of that name; whether there is one that is shown."""
        for item in self._items():
            if item.data(_WHAT).name == name and not item.isHidden():
                self.rows.setCurrentItem(item)
                return True
        return False

    def chosen_name(self) -> str:
        """Return the name of the marked experiment, "" when none is."""
        item = self.rows.currentItem()
        return "" if item is None else str(item.data(_WHAT).name)

    def names(self) -> list[str]:
        """Return the names of the experiments that are shown."""
        return [item.data(_WHAT).name for item in self._items() if not item.isHidden()]

    def _items(self) -> list[QListWidgetItem]:
        return [self.rows.item(row) for row in range(self.rows.count())]

    def _fill_tags(self) -> None:
        wanted = self.tag.currentData()
        tags = tags_of(self._experiments)
        self.tag.blockSignals(True)
        self.tag.clear()
        self.tag.addItem(self.tr("All tags"), "")
        for tag in tags:
            self.tag.addItem(tag, tag)
        self.tag.setCurrentIndex(max(0, self.tag.findData(wanted)))
        self.tag.blockSignals(False)
        self.tag.setVisible(bool(tags))

    def _filter(self) -> None:
        words, tag = self.search.text(), self.tag.currentData()
        shown = 0
        for item in self._items():
            experiment: Experiment = item.data(_WHAT)
            fits = experiment.holds(words) and (not tag or tag in experiment.tags)
            item.setHidden(not fits)
            shown += fits
        whole = self.rows.count()
        self._found.setVisible(shown < whole)
        self._found.setText(self.tr("{} of {} shown").format(shown, whole))
        current = self.rows.currentItem()
        if current is not None and current.isHidden():
            self._choose_first()

    def _choose_first(self) -> None:
        first = next((item for item in self._items() if not item.isHidden()), None)
        if first is not None:
            self.rows.setCurrentItem(first)
        else:
            self.rows.setCurrentRow(-1)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if not self._is_filling:
            self.chosen.emit(None if item is None else item.data(_WHAT))


def _draw(painter: QPainter, font: QFont, area: QRect, words: str, mode: Qt.TextElideMode) -> None:
    painter.setFont(font)
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, QFontMetrics(font).elidedText(words, mode, area.width()))
