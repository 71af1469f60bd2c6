"""What holds for every test: windows are drawn off the screen, unless another platform of Qt's is asked for."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
