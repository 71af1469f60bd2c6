"""The icons, by our own names; asked again, they follow the theme."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QAbstractButton, QLabel

from gui import theme
from gui.icon_font import icon_of

# Ours to Material Design Icons 6, one family for the whole program.
_NAMES = {
    "live": "chart-bell-curve-cumulative",
    "jobs": "play-box-multiple-outline",
    "calibration": "chart-scatter-plot",
    "plugin": "puzzle-outline",
    "system": "cog-outline",
    "log": "text-box-search-outline",
    "record": "card-text-outline",
    "part": "hexagon-outline",
    "storage": "harddisk",
    "tag": "tag-outline",
    "compare": "chart-multiple",
    "ticked": "checkbox-marked",
    "unticked": "checkbox-blank-outline",
    "profile": "timeline-clock-outline",
    "dry-run": "fast-forward-outline",
    "folder": "folder-outline",
    "file": "file-document-outline",
    "back": "arrow-left",
    "backup": "archive-arrow-down-outline",
    "restore": "archive-arrow-up-outline",
    "update": "update",
    "power": "power",
    "repair": "wrench-outline",
    "server": "lan",
    "delete": "trash-can-outline",
    "code": "code-braces",
    "stop": "stop",
    "start": "play",
    "pause": "pause",
    "ok": "check-circle-outline",
    "note": "information-outline",
    "warning": "alert-outline",
    "alarm": "alert-octagon-outline",
    "close": "close",
    "working": "progress-clock",
    "connected": "lan-connect",
    "disconnected": "lan-disconnect",
    "simulated": "test-tube",
    "board": "usb-port",
    "no-board": "power-plug-off-outline",
    "refused": "cancel",
    "firmware": "chip",
    "service": "server",
    "experiment": "flask-outline",
    "note-add": "note-plus-outline",
    "add": "plus",
    "end": "flag-checkered",
    "flag": "flag-outline",
    "copy": "content-copy",
    "key": "key-outline",
    "search": "magnify",
    "refresh": "refresh",
    "push": "cloud-upload-outline",
    "theme": "theme-light-dark",
    "help": "keyboard-outline",
    "settings": "tune-variant",
    "export": "export-variant",
    "image": "image-outline",
    "table": "table",
    "zoom-fit": "fit-to-page-outline",
    "follow": "arrow-collapse-right",
    "menu": "menu",
    "edit": "pencil-outline",
    "more": "chevron-down",
    "less": "chevron-up",
    "next": "chevron-right",
    "empty": "circle-outline",
    "clock": "clock-outline",
    "link": "swap-horizontal",
    "lost-frames": "package-variant-remove",
    "temperature": "thermometer",
    "stirring": "rotate-right",
    "optical-density": "lightbulb-on-outline",
    "dose": "water-outline",
    "light": "led-on",
    "check": "clipboard-check-outline",
    "quit": "exit-to-app",
}


def names() -> tuple[str, ...]:
    """Return every icon name that can be asked for."""
    return tuple(_NAMES)


def icon(name: str, tone: str = "quiet") -> QIcon:
    """Return an icon in a theme colour ("text", "quiet", "accent", "ok", "alarm", ...); KeyError for unknown names."""
    tokens = theme.current()
    return _drawn(_NAMES[name], tokens.colour(tone).name(), tokens.colour("faint").name())


def pixmap(name: str, tone: str, size_px: int) -> QPixmap:
    """Return an icon as a picture of `size_px` (16 or 20)."""
    return icon(name, tone).pixmap(QSize(size_px, size_px))


def show_icon(widget: QLabel | QAbstractButton, name: str, tone: str = "quiet", size_px: int = 16) -> None:
    """Put an icon on a label or button, and remember it there; it follows the theme by itself."""
    if not widget.property("icon_shown"):
        _Follower(widget)
    widget.setProperty("icon_shown", [name, tone, size_px])
    refresh(widget)


def refresh(widget: QLabel | QAbstractButton) -> None:
    """Draw the icon that `show_icon` remembered again, in the colours of now."""
    remembered = widget.property("icon_shown")
    if not remembered:
        return
    name, tone, size_px = remembered
    if isinstance(widget, QLabel):
        widget.setPixmap(pixmap(name, tone, int(size_px)))
        widget.setFixedSize(int(size_px), int(size_px))
    else:
        widget.setIcon(icon(name, tone))
        widget.setIconSize(QSize(int(size_px), int(size_px)))


class _Follower(QObject):
    """Draws a widget's icon again when the theme's colours change, as long as the widget lives."""

    def __init__(self, widget: QLabel | QAbstractButton) -> None:
        super().__init__(widget)
        self._widget = widget
        theme.current().palette_changed.connect(self._redraw)

    def _redraw(self) -> None:
        refresh(self._widget)


def app_icon() -> QIcon:
    """Return the program's own icon."""
    result = QIcon()
    for size_px in (16, 32, 64, 128, 256):
        with as_file(files("resources").joinpath("icons", f"vialdesk-{size_px}.png")) as path:
            result.addFile(str(path), QSize(size_px, size_px))
    return result


@cache
def _drawn(name: str, colour: str, disabled: str) -> QIcon:
    return icon_of(name, colour, disabled)
