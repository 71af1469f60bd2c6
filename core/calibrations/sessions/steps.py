"""Steps of a guided calibration, as data: what is shown, what is asked, and what can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

StepType = Literal["info", "confirm", "form", "action", "result"]
FieldType = Literal["string", "float", "int", "bool", "float_list", "choice"]


@dataclass(frozen=True)
class StepField:
    """One thing that is asked.

    Attributes:
        name: its key in the inputs.
        label: its name for people, with the unit where there is one.
        required: an empty answer takes `default`, and is refused where that is None.
        options: what can be chosen, for `choice`.
        minimum, maximum: bounds of a number, or of each number of a list; inclusive.
        min_error_msg, max_error_msg: what to tell beyond a bound; made from the bound when None.
    """

    name: str
    label: str
    field_type: FieldType
    required: bool = True
    default: Any = None
    options: tuple[str, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_error_msg: str | None = None
    max_error_msg: str | None = None
    help_text: str | None = None

    def item(self) -> dict[str, Any]:
        """Return the field as the API shows it."""
        options = ["yes", "no"] if self.field_type == "bool" else self.options
        return {
            "name": self.name,
            "label": self.label,
            "field_type": self.field_type,
            "required": self.required,
            "default": self.default,
            "options": None if options is None else list(options),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "min_error_msg": self.min_error_msg,
            "max_error_msg": self.max_error_msg,
            "help_text": self.help_text,
        }


@dataclass(frozen=True)
class StepChoice:
    """One of the actions a step offers beside going on: what it is called, and the inputs that choose it."""

    label: str
    inputs: dict[str, Any]

    def item(self) -> dict[str, Any]:
        """Return the choice as the API shows it."""
        return {"label": self.label, "inputs": dict(self.inputs)}


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        step_type: `info` and `confirm` are read, `form` asks, `action` has the hardware act, `result` is the end.
        body: what to do, in whole sentences.
        choices: for `action`: what can be chosen by its inputs; going on with none is always possible.
        metadata: more to show: `image`, `table`, `chart`, `result`.
    """

    step_id: str
    step_type: StepType
    title: str
    body: str | None = None
    fields: tuple[StepField, ...] = ()
    choices: tuple[StepChoice, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def item(self) -> dict[str, Any]:
        """Return the step as the API shows it."""
        actions = {"actions": [choice.item() for choice in self.choices]} if self.choices else {}
        return {
            "step_id": self.step_id,
            "step_type": self.step_type,
            "title": self.title,
            "body": self.body,
            "fields": [each.item() for each in self.fields],
            "metadata": self.metadata | actions,
        }


COMPLETE = "complete"
ENDED = "ended"


def series(series_id: str, label: str, points: list[tuple[float, float]], curve: Any = None) -> dict[str, Any]:
    """Return one series of a chart: points, and the curve through them where there is one (form of `curve_data_`)."""
    shown = {"id": series_id, "label": label, "points": [{"x": x, "y": y} for x, y in points]}
    return shown if curve is None else shown | {"curve": curve}


def chart(title: str, x_label: str, y_label: str, *shown: dict[str, Any]) -> dict[str, Any]:
    """Return metadata that shows series."""
    return {"chart": {"title": title, "x_label": x_label, "y_label": y_label, "series": list(shown)}}
