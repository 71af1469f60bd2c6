"""A picture that a step shows: the service's, or one that is carried along; told in words where it cannot be had."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from gui import background, theme
from gui.service_client import ServiceClient, ServiceTroubleError

_MOST_PX = (360, 240)
_MOST_BYTES = 4_000_000


class StepImage(QWidget):
    """One picture with its caption.

    Args:
        image: the service's `src` (a path of the service, or `data:`), `alt` and `caption`.

    Attributes:
        picture: the picture, or what it shows in words.
    """

    def __init__(self, image: dict[str, Any], client: ServiceClient) -> None:
        super().__init__()
        self._client = client
        self._alt = str(image.get("alt") or "")
        self.picture = QLabel(self._alt)
        self.picture.setWordWrap(True)
        theme.set_role(self.picture, "quiet")
        caption = QLabel(str(image.get("caption") or ""))
        caption.setWordWrap(True)
        theme.set_role(caption, "caption")
        caption.setVisible(bool(caption.text()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.picture)
        column.addWidget(caption)
        self.setAccessibleName(self._alt)
        self._look(str(image.get("src") or ""))

    def _look(self, source: str) -> None:
        if source.startswith("data:"):
            try:
                self._show(base64.b64decode(source.partition(",")[2], validate=True))
            except binascii.Error:
                self.picture.setText(self._alt)
        elif source.startswith("/"):
            background.run(self._load(source), self, self._on_trouble)

    async def _load(self, path: str) -> None:
        content = b""
        async with self._client.open_file(path) as answer:
            async for part in answer.parts:
                content += part
                if len(content) > _MOST_BYTES:
                    return
        self._show(content)

    def _show(self, content: bytes) -> None:
        shown = QPixmap()
        if not shown.loadFromData(content):
            return
        if shown.width() > _MOST_PX[0] or shown.height() > _MOST_PX[1]:
            shown = shown.scaled(
                *_MOST_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        self.picture.setPixmap(shown)

    def _on_trouble(self, _: ServiceTroubleError) -> None:
        """Leave the words: a picture that is not there keeps nobody from going on."""
