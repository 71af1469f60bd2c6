"""The steps every protocol begins with: a name for what is made, and whether one of that name may be replaced."""

from __future__ import annotations

import dataclasses
from typing import Any

from core.calibrations.calibration import LONGEST_NAME
from core.calibrations.sessions.protocol import SessionProtocol
from core.calibrations.sessions.steps import Step, StepField
from core.names import RULE, check_safe_name

_ROOM_FOR_NUMBER = 5


def name_step(step_id: str, field: str, what: str) -> Step:
    """Return the form that asks for a name; `field` is its key in the inputs."""
    asked = StepField(field, f"Name of the {what}", "string", help_text=RULE)
    return Step(step_id, "form", "Name", f"Choose a name for the {what}.", (asked,))


def overwrite_step(step_id: str) -> Step:
    """Return the form that asks whether something of the same name may be replaced."""
    asked = StepField("overwrite", "Replace it", "bool", default=False)
    return Step(step_id, "form", "Name is taken", None, (asked,))


class NamingProtocol(SessionProtocol):
    """A protocol whose result has a name; it is in `data` under the name of the form's field."""

    name_field = "calibration_name"
    name_step_id = "name_input"
    overwrite_step_id = "name_overwrite_confirm"

    def default_name(self) -> str:
        """Return the name that is offered."""
        raise NotImplementedError

    def is_taken(self, name: str) -> bool:
        """Whether something of that name is kept already."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The chosen name."""
        return str(self.data[self.name_field])

    @property
    def today(self) -> str:
        """The date in UTC, as names carry it."""
        return f"{self.place.clock.utc():%Y-%m-%d}"

    def show_name(self, step: Step) -> Step:
        """Offer a name."""
        (asked,) = step.fields
        return dataclasses.replace(step, fields=(dataclasses.replace(asked, default=self.default_name()),))

    async def settle_name(self) -> None:
        """Number the name if it was taken since it was chosen: what was measured must not be lost for a name."""
        await self._see_names()
        chosen, number = self.name[: LONGEST_NAME - _ROOM_FOR_NUMBER], 2
        while self.is_taken(self.name) and not self.data.get("overwrite"):
            self.data[self.name_field] = f"{chosen}-{number}"
            number += 1

    async def take_name(self, inputs: dict[str, Any]) -> str:
        """Take a name; return the question whether to replace where it is taken, else the step behind that."""
        await self._see_names()
        self.data[self.name_field] = check_safe_name(inputs[self.name_field], self.name_field, LONGEST_NAME)
        return self.overwrite_step_id if self.is_taken(self.name) else self.after(self.overwrite_step_id)

    def show_overwrite(self, step: Step) -> Step:
        """Tell which name is taken."""
        body = f"{self.name} exists already. Replace it when this is complete, or choose another name?"
        return dataclasses.replace(step, body=body)

    async def take_overwrite(self, inputs: dict[str, Any]) -> str:
        """Go on, or back to the name."""
        self.data["overwrite"] = inputs["overwrite"]
        return self.after(self.overwrite_step_id) if inputs["overwrite"] else self.name_step_id

    async def _see_names(self) -> None:
        """See what was put into the data folder by hand."""
        await self.place.calibrations.refresh()
        await self.place.estimators.refresh()

    show_name_input, on_name_input = show_name, take_name
    show_name_overwrite_confirm, on_name_overwrite_confirm = show_overwrite, take_overwrite
