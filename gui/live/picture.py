"""The plots as a picture: title, curves with their axes and values."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui import theme

_MARGIN_PX = 16
_TITLE_PX = 24
_SCALE = 2


def picture_of(title: str, subtitle: str, plots: QWidget) -> QImage:
    """Return what is visible, twice as fine as on the screen, under a title and a line that says what and when."""
    colours = theme.current()
    width = plots.width() + 2 * _MARGIN_PX
    height = plots.height() + 2 * _TITLE_PX + 2 * _MARGIN_PX
    image = QImage(width * _SCALE, height * _SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_SCALE)
    image.fill(colours.colour("raised"))
    painter = QPainter(image)
    top = _MARGIN_PX
    for text, size_px, tone in ((title, 15, "text"), (subtitle, 11, "quiet")):
        painter.setFont(theme.value_font(size_px, bold=size_px == 15))
        painter.setPen(colours.colour(tone))
        line = QRect(_MARGIN_PX, top, plots.width(), _TITLE_PX)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        top += _TITLE_PX
    plots.render(painter, QPoint(_MARGIN_PX, top))
    painter.end()
    return image
