"""What of expressions can be told before a run: names, jobs and settings, and values that never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.profiles.evaluation import EvaluationError, Surroundings, Value, value_of
from core.profiles.expressions import COMPARISONS, Binary, Expression, Function, Name, Node, Published, Unary
from core.profiles.problems import Problems
from core.profiles.profile import Condition, Entry
from core.profiles.published import BIOREACTOR
from core.profiles.unit_place import UnitPlace

_NUMERIC = {"+", "-", "*", "/", "**", *COMPARISONS} - {"=="}
_CHANGING = ("hours_elapsed", "random")


class ExpressionChecker:
    """Checks expressions of one profile."""

    def __init__(self, place: UnitPlace, inputs: Mapping[str, Any], problems: Problems) -> None:
        self._place = place
        self._inputs = inputs
        self._problems = problems

    def known_value(self, entry: Entry, job_name: str) -> tuple[bool, Any]:
        """Return whether a value is known beforehand, and the value; note what can never be worked out."""
        if not isinstance(entry.value, Expression):
            return True, entry.value
        return self._fixed(entry.value, job_name)

    def check(self, condition: Condition, job_name: str) -> None:
        """Note what is wrong in a condition."""
        if isinstance(condition, Expression):
            is_known, value = self._fixed(condition, job_name)
            if is_known and isinstance(value, str):
                what = f"${{{{ {condition.source} }}}} is the text {value!r}, neither true nor false."
                self._problems.error(condition.place, what)

    def check_part(self, expression: Expression, job_name: str) -> None:
        """Note what is wrong in an expression inside a message."""
        self._fixed(expression, job_name)

    def _fixed(self, expression: Expression, job_name: str) -> tuple[bool, Value | None]:
        """Return whether the value never changes, and the value."""
        nodes = expression.nodes()
        for node in nodes:
            self._check_node(node, expression)
        changes = any(isinstance(node, Published) or _is_changing(node) for node in nodes)
        if changes:
            return False, None
        try:
            return True, value_of(expression, self._surroundings(job_name))
        except EvaluationError as error:
            self._problems.error(expression.place, f"{error}.")
            return False, None

    def _surroundings(self, job_name: str) -> Surroundings:
        return Surroundings(self._place.unit, "experiment", job_name, self._inputs, 0.0, lambda *_: None, lambda: 0.0)

    def _check_node(self, node: Node, expression: Expression) -> None:
        if isinstance(node, Published):
            self._check_published(node, expression)
        operands: list[Node] = []
        if isinstance(node, Binary) and node.operator in _NUMERIC:
            operands = [node.left, node.right]
        elif isinstance(node, Unary) and node.operator == "-":
            operands = [node.of]
        for operand in operands:
            if isinstance(operand, Name) and operand.name not in self._inputs:
                known = ", ".join(self._inputs) or "none are given"
                what = f"{operand.name!r} is no input of the profile (known: {known}), so it is no number."
                self._problems.error(expression.place, what)

    def _check_published(self, node: Published, expression: Expression) -> None:
        place, unit = expression.place, self._place.unit
        if node.unit is not None and node.unit != unit:
            remedy = f"Write ::{node.job_name}:{node.setting} for this unit."
            self._problems.error(place, f"{node.written} asks the unit {node.unit}; this one is {unit}.", remedy)
        if node.job_name == BIOREACTOR:
            return
        declared = [
            each.declaration for each in self._place.jobs.registry.classes if each.declaration.job_name == node.job_name
        ]
        if not declared:
            self._problems.error(place, f"{node.written}: there is no job {node.job_name} on this unit.")
            return
        settings = {name for each in declared for name in each.changeable}
        if node.setting not in settings:
            listed = ", ".join(sorted(settings)) or "nothing"
            what = f"{node.written}: {node.job_name} publishes no {node.setting}."
            self._problems.error(place, what, f"It publishes {listed}.")


def _is_changing(node: Node) -> bool:
    return isinstance(node, Function) and node.name in _CHANGING
