"""A step as a person sees it: what to do on the left, what was measured so far beside it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import theme
from gui.calibrations.guided.field_input import FieldInput
from gui.calibrations.guided.field_values import fault_of
from gui.calibrations.guided.step import Step
from gui.calibrations.guided.step_image import StepImage
from gui.calibrations.guided.step_table import StepTable
from gui.calibrations.plot import CalibrationPlot
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceRefusedError
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled
from gui.words import sentences

_WORDS_PX = 280
_CHART_PX = 300


class StepView(QWidget):
    """Shows one step.

    Args:
        device: what is calibrated; it gives the chart its colour.
        mark: icon and tone of how the calibration ended; empty before.

    Attributes:
        body: what to do.
        fields: what is asked.
        chart: what was measured so far; None where there is nothing yet.
    """

    def __init__(self, step: Step, device: str, client: ServiceClient, mark: tuple[str, str] = ("", "")) -> None:
        super().__init__()
        self.step = step
        self.fields = [FieldInput(asked) for asked in step.fields]
        self.chart: CalibrationPlot | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(scrolled(self._words(client, mark)), 2)
        if step.more.get("chart"):
            self.chart = CalibrationPlot()
            self.chart.setMinimumWidth(_CHART_PX)
            self.chart.show_chart(step.more["chart"], device)
            row.addWidget(self.chart, 3)

    def _words(self, client: ServiceClient, mark: tuple[str, str]) -> QWidget:
        title, self.body = QLabel(self.step.title), QLabel(self.step.body)
        theme.set_role(title, "title")
        theme.set_role(self.body, "lead")
        for label in (title, self.body):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        if mark[0]:
            picture = QLabel()
            show_icon(picture, *mark, 20)
            head.addWidget(picture, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(title, 1)
        holder = QWidget()
        holder.setMinimumWidth(_WORDS_PX)
        column = QVBoxLayout(holder)
        column.setContentsMargins(2, 0, SCROLL_BAR_PX, 0)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self.body)
        self.body.setVisible(bool(self.step.body))
        for part in self._more(client):
            column.addWidget(part)
        column.addStretch(1)
        return holder

    def _more(self, client: ServiceClient) -> list[QWidget]:
        more = self.step.more
        pictures: list[QWidget] = [StepImage(more["image"], client)] if more.get("image") else []
        tables: list[QWidget] = [StepTable(more["table"])] if more.get("table") else []
        return [*pictures, *self.fields, *tables]

    def answer(self) -> dict[str, Any]:
        """Return what was typed and chosen, by field.

        Raises:
            ValueError: something does not fit; it is said beside it, and the first of those has the keyboard.
        """
        values: dict[str, Any] = {}
        for shown in self.fields:
            try:
                values[shown.asked.name] = shown.value()
            except ValueError:
                continue
        if len(values) < len(self.fields):
            self._focus_fault()
            raise ValueError("Something that was typed does not fit.")
        return values

    def complain(self, trouble: ServiceRefusedError) -> bool:
        """Say beside the fields that the service names what is wrong with them; whether there was one."""
        named = trouble.info.get("fields") or ()
        wrong = [shown for shown in self.fields if shown.asked.name in named]
        for shown in wrong:
            cause = trouble.cause if trouble.cause != trouble.error else ""
            told = fault_of(shown.asked.name, trouble.cause)
            shown.complain(told or sentences(trouble.error, cause, trouble.remedy))
        self._focus_fault()
        return bool(wrong)

    def _focus_fault(self) -> None:
        wrong = next((shown for shown in self.fields if shown.is_wrong), None)
        if wrong is not None:
            wrong.take_focus()

    def set_asking(self, is_asking: bool) -> None:
        """Let the fields be changed, or not while they are being answered."""
        for shown in self.fields:
            shown.setEnabled(not is_asking)
