"""A number with its unit and its time; it looks stale when it is."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import theme
from gui.moments import ago, exact
from gui.unit import Unit

_LOOK_AGAIN_MS = 1000


class ValueLabel(QWidget):
    """A value in tabular figures, its unit, and below it how old it is.

    Args:
        unit: whose clock tells the value's age, and whose state says whether it can still be true.
        measure: the unit of the number, such as "°C"; empty for none.
        digits: after the decimal point.
        stale_after_s: from this age on the value is dimmed.
        size_px: of the figures, 28 for the one big value of a card.
    """

    def __init__(
        self,
        unit: Unit,
        measure: str = "",
        digits: int = 1,
        *,
        stale_after_s: float = 15.0,
        size_px: int = 28,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._unit = unit
        self._digits = digits
        self._stale_after_s = stale_after_s
        self._value: float | None = None
        self._utc_s = 0.0
        self._figures = QLabel("–")
        theme.set_role(self._figures, "big" if size_px >= 28 else "value")
        self._figures.setFont(theme.value_font(size_px))
        self._measure = QLabel(measure)
        theme.set_role(self._measure, "unit")
        self._age = QLabel()
        theme.set_role(self._age, "caption")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_LOOK_AGAIN_MS)
        unit.connection_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._figures)
        row.addWidget(self._measure)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._age)

    def show_value(self, value: float | None, utc_s: float) -> None:
        """Show a value measured at `utc_s`; None shows a dash."""
        self._value, self._utc_s = value, utc_s
        self.refresh()

    def set_measure(self, measure: str) -> None:
        """Change the unit of the number."""
        self._measure.setText(measure)

    @property
    def text(self) -> str:
        """The figures shown now."""
        return self._figures.text()

    @property
    def age_text(self) -> str:
        """How old the value is, as shown now."""
        return self._age.text()

    @property
    def is_stale(self) -> bool:
        """Whether the value is too old to be the present, or the service that would renew it is gone."""
        return self._value is not None and (
            not self._unit.service.is_live or self._unit.utc_s() - self._utc_s > self._stale_after_s
        )

    def refresh(self) -> None:
        """Look at the value's age again."""
        value = self._value
        self._figures.setText("–" if value is None else f"{value:.{self._digits}f}".replace("-", "−"))
        self._age.setText(self.tr("no value yet") if value is None else ago(self._unit.utc_s() - self._utc_s))
        self._age.setToolTip("" if value is None else exact(datetime.fromtimestamp(self._utc_s, UTC)))
        if self._figures.property("stale") != self.is_stale:
            self._figures.setProperty("stale", self.is_stale)
            self._figures.style().unpolish(self._figures)
            self._figures.style().polish(self._figures)
