"""One calibration or estimator: how it stands, its facts, its curve, and what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.calibrations.calibration import Calibration
from gui.calibrations.curve import evaluate, formula
from gui.calibrations.plot import CalibrationPlot
from gui.icons import show_icon
from gui.moments import exact
from gui.unit import Unit
from gui.widgets.flow import FlowLayout
from gui.widgets.state_badge import StateBadge
from gui.words import device_title

# What is smaller than this share of the measured values is rounding.
_ROUNDING = 1e-9


class CalibrationDetails(QFrame):
    """Shows a calibration.

    Signals:
        activate_asked, deactivate_asked, save_asked, delete_asked: carry the calibration shown.
    """

    activate_asked = Signal(object)
    deactivate_asked = Signal(object)
    save_asked = Signal(object)
    delete_asked = Signal(object)

    def __init__(self, unit: Unit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._unit = unit
        self.calibration: Calibration | None = None
        self._name = QLabel()
        theme.set_role(self._name, "heading")
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state = StateBadge()
        self._what = QLabel()
        theme.set_role(self._what, "quiet")
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        theme.set_role(self.facts, "quiet")
        self.plot = CalibrationPlot()
        self._make_buttons()
        self._lay_out()

    def _make_buttons(self) -> None:
        self.active_button = QPushButton(self.tr("Make active"))
        self.save_button = QPushButton(self.tr("Save as YAML…"))
        show_icon(self.save_button, "export")
        self.delete_button = QPushButton(self.tr("Delete…"))
        theme.set_role(self.delete_button, "danger")
        self.active_button.clicked.connect(self._on_active)
        self.save_button.clicked.connect(self._on_save)
        self.delete_button.clicked.connect(self._on_delete)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self._what)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addLayout(words, 1)
        head.addWidget(self.state)
        buttons = FlowLayout()
        for button in (self.active_button, self.save_button, self.delete_button):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        column.addWidget(self.facts)
        column.addWidget(self.plot, 1)
        column.addLayout(buttons)

    def show_calibration(self, calibration: Calibration) -> None:
        """Show one."""
        is_other = self.calibration is None or self.calibration.data != calibration.data
        self.calibration = calibration
        self._name.setText(calibration.name)
        self._name.setToolTip(calibration.name)
        kind = self.tr("Estimator of {}") if calibration.is_estimator else self.tr("Calibration of {}")
        title = device_title(calibration.device)
        self._what.setText(kind.format(title[0].lower() + title[1:]))
        if calibration.is_active:
            self.state.show_state(self.tr("Active"), "ok", "ok", self.tr("In use"))
        else:
            self.state.show_state(self.tr("Not active"), "empty", "quiet", self.tr("Kept, and not used"))
        self.active_button.setText(self.tr("Deactivate…") if calibration.is_active else self.tr("Make active"))
        theme.set_role(self.active_button, "" if calibration.is_active else "primary")
        self.facts.setText(_flowing(self._facts(calibration)))
        self.facts.setToolTip(self._hint(calibration))
        if is_other:
            self.plot.show_calibration(calibration)

    def set_live(self, is_live: bool) -> None:
        """Offer what changes something only while the service answers."""
        for button in (self.active_button, self.save_button, self.delete_button):
            button.setEnabled(is_live)
            button.setToolTip("" if is_live else self.tr("The service is not connected."))

    def _facts(self, calibration: Calibration) -> list[str]:
        data, parts = calibration.data, [calibration.age(self._unit.utc_s())]
        made_on = data.get("calibrated_on_pioreactor_unit")
        if made_on and made_on != data.get("pioreactor_unit"):
            parts.append(self.tr("made on {}, another unit").format(made_on))
        for key, words in (
            ("hz", self.tr("{:g} Hz")),
            ("dc", self.tr("{:g} % duty cycle")),
            ("pwm_hz", self.tr("{:g} Hz")),
            ("voltage", self.tr("{:.3g} V supply")),
            ("ir_led_intensity", self.tr("IR LED at {:g} %")),
        ):
            if isinstance(data.get(key), int | float) and not (key == "voltage" and data[key] < 0):
                parts.append(words.format(data[key]))
        if data.get("pd_channel"):
            parts.append(self.tr("photodiode {}, {}°").format(data["pd_channel"], data.get("angle", "?")))
        if calibration.is_estimator:
            parts.append(self.tr("angles {}").format(", ".join(f"{angle}°" for angle in data.get("angles") or [])))
        else:
            parts += self._of_curve(calibration)
        return parts

    def _of_curve(self, calibration: Calibration) -> list[str]:
        curve = calibration.data.get("curve_data_") or {}
        x, y = (np.asarray(values, float) for values in calibration.points)
        parts = [formula(curve)]
        if not len(x):
            return [*parts, self.tr("no measured points kept")]
        points = self.tr("1 point") if len(x) == 1 else self.tr("{} points").format(len(x))
        off = np.abs(y - evaluate(curve, x))
        measure = calibration.axes[1].rpartition("(")[2].rstrip(")")
        if np.isfinite(off).any():
            farthest = float(np.nanmax(off))
            # A curve through its points misses them by rounding only.
            farthest = farthest if farthest > _ROUNDING * float(np.max(np.abs(y))) else 0.0
            points += self.tr(", largest residual {:.2g} {}").format(farthest, measure)
        return [*parts, points]

    def _hint(self, calibration: Calibration) -> str:
        if calibration.created_utc_s is None:
            return ""
        return exact(datetime.fromtimestamp(calibration.created_utc_s, UTC))

    def _on_active(self) -> None:
        if self.calibration is not None:
            (self.deactivate_asked if self.calibration.is_active else self.activate_asked).emit(self.calibration)

    def _on_save(self) -> None:
        self.save_asked.emit(self.calibration)

    def _on_delete(self) -> None:
        self.delete_asked.emit(self.calibration)


def _flowing(facts: list[str]) -> str:
    """Join facts so that lines break between them only, and none begins with a dot."""
    return "\u00a0\u00a0·  ".join(fact.replace(" ", "\u00a0") for fact in facts)
