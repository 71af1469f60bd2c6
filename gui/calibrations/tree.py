"""The devices on the left, each with its active calibration and its age, and below it all there are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeWidget, QTreeWidgetItem, QWidget

from gui import theme
from gui.calibrations.calibration import Device
from gui.icons import pixmap

_ROW_PX = 44
_ICON_PX = 16
_WHAT = Qt.ItemDataRole.UserRole
_CAPTION = Qt.ItemDataRole.UserRole + 1
_ICON = Qt.ItemDataRole.UserRole + 2

Index = QModelIndex | QPersistentModelIndex


class _TwoLines(QStyledItemDelegate):
    """Draws an icon, a name, and a caption below it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        colours = theme.current()
        painter.save()
        is_marked = bool(option.state & QStyle.StateFlag.State_Selected)
        area: QRect = option.rect
        if is_marked:
            painter.fillRect(area, colours.colour("accent_soft"))
        icon_name, tone = index.data(_ICON)
        left = area.left() + 4
        painter.drawPixmap(left, area.top() + 6, pixmap(icon_name, tone, _ICON_PX))
        left += _ICON_PX + 8
        width = area.right() - left - 6
        is_device = not index.parent().isValid()
        top = theme.value_font(13, bold=is_device)
        painter.setFont(top)
        painter.setPen(colours.colour("text"))
        name = QFontMetrics(top).elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QRect(left, area.top() + 4, width, 20), Qt.AlignmentFlag.AlignVCenter, name)
        small = theme.value_font(11)
        painter.setFont(small)
        painter.setPen(colours.colour("text" if tone == "warn" or is_marked else "quiet"))
        words = QFontMetrics(small).elidedText(str(index.data(_CAPTION)), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRect(left, area.top() + 23, width, 16), Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Every row is as high."""
        return QSize(120, _ROW_PX)


class DeviceTree(QTreeWidget):
    """Devices and their calibrations, by keyboard and mouse.

    Signals:
        chosen: a device's name, and a `Calibration` or None for the device itself.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.setItemsExpandable(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Devices and their calibrations"))
        self.setItemDelegate(_TwoLines(self))
        self._is_filling = False
        self.currentItemChanged.connect(self._on_current)
        theme.current().palette_changed.connect(self.viewport().update)

    def show_devices(self, devices: tuple[Device, ...], now_utc_s: float) -> None:
        """Show these; what was chosen stays chosen where it still is."""
        before = self.chosen_key()
        self._is_filling = True
        self.clear()
        for device in devices:
            top = QTreeWidgetItem(self)
            active = device.active
            _fill(top, device.title, _device_caption(device, now_utc_s), ("ok", "ok") if active else ("empty", "quiet"))
            top.setData(0, _WHAT, (device.name, None))
            for calibration in device.calibrations:
                child = QTreeWidgetItem(top)
                caption = calibration.age(now_utc_s)
                look = ("ok", "ok") if calibration.is_active else ("empty", "quiet")
                _fill(child, calibration.name, "Active" if calibration.is_active else caption, look)
                child.setData(0, _WHAT, (device.name, calibration))
        self.expandAll()
        self._is_filling = False
        self._choose_again(before)

    def chosen_key(self) -> tuple[str, str | None]:
        """Return the device and the calibration's name that are chosen; ("", None) for nothing."""
        item = self.currentItem()
        if item is None:
            return "", None
        device, calibration = item.data(0, _WHAT)
        return device, calibration.name if calibration else None

    def choose(self, device: str, name: str | None = None) -> bool:
        """Choose a device, or one of its calibrations; whether there is such a one."""
        for row in range(self.topLevelItemCount()):
            top = self.topLevelItem(row)
            if top is None or top.data(0, _WHAT)[0] != device:
                continue
            children = [child for place in range(top.childCount()) if (child := top.child(place)) is not None]
            found = top if name is None else next((c for c in children if c.data(0, _WHAT)[1].name == name), None)
            if found is not None:
                self.setCurrentItem(found)
                return True
        return False

    def _choose_again(self, before: tuple[str, str | None]) -> None:
        first = self.topLevelItem(0)
        if not self.choose(*before) and not self.choose(before[0]) and first is not None:
            self.setCurrentItem(first)

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._is_filling:
            self.chosen.emit(*item.data(0, _WHAT))


def _fill(item: QTreeWidgetItem, name: str, caption: str, look: tuple[str, str]) -> None:
    item.setText(0, name)
    item.setData(0, _CAPTION, caption)
    item.setData(0, _ICON, look)
    item.setToolTip(0, f"{name}: {caption}")
    item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{name}, {caption}")


def _device_caption(device: Device, now_utc_s: float) -> str:
    if device.active is not None:
        return device.active.age(now_utc_s)
    if device.calibrations:
        return "None active"
    return "No estimator" if device.name == "od_fused" else "Not calibrated"
