"""A guided calibration as the service tells it: the session, and the step it stands at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gui.jobs.numbers import Limits
from gui.unit import utc_s_of

# "Volume (mL)" is a word and a unit.
_WITH_UNIT = re.compile(r"^(?P<word>.+?)\s*\((?P<unit>[^()]{1,8})\)$")
_IN_PROGRESS = "in_progress"


@dataclass(frozen=True)
class StepField:
    """One thing a step asks.

    Attributes:
        name: its key in the answer.
        label, unit: what a person calls it, and its unit ("" for none).
        kind: "string", "float", "int", "bool", "float_list" or "choice".
        options: what can be chosen.
        beyond: what the service says below and above the limits; "" where it does not say.
    """

    name: str
    label: str
    unit: str
    kind: str
    is_required: bool = True
    default: Any = None
    options: tuple[str, ...] = ()
    limits: Limits = (None, None)
    beyond: tuple[str, str] = ("", "")
    help: str = ""


@dataclass(frozen=True)
class Choice:
    """Something a step offers beside going on: its words, and the answer that chooses it."""

    label: str
    inputs: dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What is to be done now.

    Attributes:
        kind: "info", "confirm", "form", "action" or "result".
        more: what else is shown: `image`, `loading_images`, `table`, `chart`, `result`.
    """

    id: str
    kind: str
    title: str
    body: str = ""
    fields: tuple[StepField, ...] = ()
    choices: tuple[Choice, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """A guided calibration, and the step it stands at.

    Attributes:
        status: "in_progress", "complete", "failed" or "aborted".
        error: why it failed or was aborted.
        updated_at: when it last moved, as the service writes it.
        result: what it led to, empty before.
    """

    id: str
    device: str
    protocol: str
    status: str
    created_utc_s: float
    updated_at: str
    step: Step
    result: dict[str, Any]
    error: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status != _IN_PROGRESS

    @property
    def is_complete(self) -> bool:
        """Whether it came to its end."""
        return self.status == "complete"

    @property
    def has_warnings(self) -> bool:
        """Whether what it made is doubtful: the service says why in the step's body."""
        return bool(self.result.get("warnings"))

    @property
    def source(self) -> str:
        """What its jobs on the hardware say they were started by."""
        return f"calibration_session/{self.id}"

    @property
    def made(self) -> tuple[str, str]:
        """Device and name of what it made, the first of several; ("", "") for nothing."""
        several = self.result.get("calibrations") or [self.result.get("calibration_link") or self.result]
        first = several[0]
        name = first.get("calibration_name") or first.get("estimator_name") or ""
        return (str(first.get("device") or self.device), str(name)) if name else ("", "")


def read_session(answer: dict[str, Any]) -> Session:
    """Read an answer of the service about a session."""
    session, step = answer["session"], answer["step"]
    return Session(
        id=str(session["session_id"]),
        device=str(session["target_device"]),
        protocol=str(session["protocol_name"]),
        status=str(session["status"]),
        created_utc_s=utc_s_of(session["created_at"]),
        updated_at=str(session["updated_at"]),
        step=_read_step(step),
        result=session.get("result") or {},
        error=session.get("error") or "",
    )


def _read_step(item: dict[str, Any]) -> Step:
    more = item.get("metadata") or {}
    return Step(
        id=str(item["step_id"]),
        kind=str(item["step_type"]),
        title=str(item["title"]),
        body=item.get("body") or "",
        fields=tuple(map(_read_field, item.get("fields") or ())),
        choices=tuple(Choice(str(each["label"]), dict(each["inputs"])) for each in more.get("actions") or ()),
        more=more,
    )


def _read_field(item: dict[str, Any]) -> StepField:
    split = _WITH_UNIT.match(str(item["label"]))
    return StepField(
        name=str(item["name"]),
        label=split["word"] if split else str(item["label"]),
        unit=split["unit"] if split else "",
        kind=str(item["field_type"]),
        is_required=bool(item["required"]),
        default=item["default"],
        options=tuple(map(str, item["options"] or ())),
        limits=(item["minimum"], item["maximum"]),
        beyond=(item["min_error_msg"] or "", item["max_error_msg"] or ""),
        help=item["help_text"] or "",
    )
