"""The course of a profile as far as it is known beforehand, for a picture of it."""

from __future__ import annotations

from typing import Any

from core.jobs.declaration import words
from core.jobs.registry import JobRegistry
from core.profiles.evaluation import text_of
from core.profiles.expressions import Expression
from core.profiles.profile import Action, Entry, JobPlan, Kind, Profile

_LONGEST_TEXT = 160


def course_of(profile: Profile, unit: str, registry: JobRegistry) -> dict[str, Any]:
    """Return what happens to the jobs of a unit, as the API tells it."""
    plans = profile.plans_of(unit)
    labels = {each.declaration.job_name: each.declaration.label for each in registry.classes}
    for each in registry.classes:
        if each.declaration.automation_name:
            labels[each.declaration.job_name] = words(each.declaration.job_name)
    return {
        "jobs": [
            {
                "job_name": plan.job_name,
                "label": labels.get(plan.job_name, words(plan.job_name)),
                "description": plan.description,
                "line": plan.place.line,
                "actions": [_action(action) for action in _in_time(plan)],
            }
            for plan in plans
        ],
        "last_hours": last_s(plans) / 3600.0,
        "has_end": has_end(plans),
    }


def last_s(plans: list[JobPlan]) -> float:
    """Return when the last action that is known beforehand is due, in seconds."""
    return max((_last_s(action) for plan in plans for action in plan.actions), default=0.0)


def has_end(plans: list[JobPlan]) -> bool:
    """Whether everything that is started is stopped at a known time, and nothing waits or repeats for ever."""
    everything = [action for plan in plans for action in plan.actions]
    if any(action.kind is Kind.WHEN or (action.kind is Kind.REPEAT and action.max_s is None) for action in everything):
        return False
    starts = [(plan.job_name, action.at_s) for plan in plans for action in plan.actions if action.kind is Kind.START]
    stops = [(plan.job_name, action.at_s) for plan in plans for action in plan.actions if action.kind is Kind.STOP]
    return all(any(stopped == job and at_s >= started_s for stopped, at_s in stops) for job, started_s in starts)


def _last_s(action: Action) -> float:
    if action.kind is not Kind.REPEAT or not action.actions:
        return action.at_s
    loops = 1 if action.max_s is None else max(1, -int(-action.max_s // action.every_s))
    inner_s = max((inner.at_s for inner in action.actions if inner.at_s <= action.every_s), default=0.0)
    return action.at_s + (loops - 1) * action.every_s + inner_s


def _in_time(plan: JobPlan) -> list[Action]:
    return sorted(plan.actions, key=lambda action: action.at_s)


def _action(action: Action) -> dict[str, Any]:
    return {
        "action": action.kind.value,
        "hours": action.at_s / 3600.0,
        "line": action.place.line,
        "text": _text(action)[:_LONGEST_TEXT],
        "is_conditional": action.only_if is not True,
        "every_hours": action.every_s / 3600.0 if action.kind is Kind.REPEAT else None,
        "max_hours": None if action.max_s is None else action.max_s / 3600.0,
        "actions": [_action(inner) for inner in action.actions],
    }


def _text(action: Action) -> str:
    if action.kind is Kind.LOG:
        return "".join(part if isinstance(part, str) else _shown(part) for part in action.message)
    if action.kind is Kind.WHEN:
        return _shown(action.wait_until)
    if action.kind is Kind.REPEAT:
        return "" if action.while_ is True else f"while {_shown(action.while_)}"
    return ", ".join(f"{words(entry.name).lower()} {_value(entry)}" for entry in action.entries)


def _value(entry: Entry) -> str:
    return _shown(entry.value)


def _shown(value: Any) -> str:
    if isinstance(value, Expression):
        return value.source
    return (
        text_of(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)
        if isinstance(value, bool | int | float | str)
        else str(value)
    )
