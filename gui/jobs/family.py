"""What can be started, as people choose it: a job, or one automation with the rules it can follow."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from gui.jobs.capability import Capability
from gui.words import job_title

# What is wanted most comes first within its group; names not here follow, sub-commands of jobs come last.
_ORDER = (
    "od_reading", "growth_rate_calculating", "od_blank",
    "stirring", "temperature_automation",
    "dosing_automation", "add_media", "add_alt_media", "remove_waste", "circulate_media", "circulate_alt_media",
    "pumps",
    "led_automation", "led_intensity",
    "self_test", "monitor",
)  # fmt: skip
_RULES = ("thermostat", "turbidostat", "chemostat", "fed_batch", "pid_morbidostat", "light_dark_cycle")
_FAMILY_HELP = {
    "temperature_automation": "Hold the culture at a temperature, or only measure it.",
    "dosing_automation": "Feed and dilute the culture by a rule.",
    "led_automation": "Light for the culture by a rule.",
}


@dataclass(frozen=True)
class Family:
    """One entry of the list of what can be started; `rules` has one capability, or one for each rule to choose from."""

    rules: tuple[Capability, ...]

    @property
    def job_name(self) -> str:
        """The name its rules are started by, with the sub-command."""
        return self.rules[0].job_name

    @property
    def has_rules(self) -> bool:
        """Whether one of several ways is to be chosen."""
        return bool(self.rules[0].automation_name)

    @property
    def title(self) -> str:
        """Its word: of an automation what it is about, of another job its own."""
        return job_title(self.job_name) if self.has_rules else self.rules[0].label

    @property
    def help(self) -> str:
        """What it does, in a sentence."""
        told = _FAMILY_HELP.get(self.job_name)
        return QCoreApplication.translate("jobs", told) if told and self.has_rules else self.rules[0].help


def families(capabilities: tuple[Capability, ...]) -> tuple[Family, ...]:
    """Return what can be started in the order people look for it, the rules of one automation together."""
    rules: dict[str, list[Capability]] = {}
    for capability in capabilities:
        rules.setdefault(capability.job_name, []).append(capability)
    found = [Family(tuple(sorted(members, key=_rule_rank))) for members in rules.values()]
    return tuple(sorted(found, key=_rank))


def running_title(capability: Capability) -> str:
    """Return the title of a running job; of an automation with the rule it follows."""
    if not capability.automation_name:
        return capability.label
    return f"{job_title(capability.job_name)} · {capability.label}"


def _rule_rank(capability: Capability) -> tuple[int, str]:
    return _place(_RULES, capability.automation_name), capability.automation_name


def _rank(family: Family) -> tuple[bool, int]:
    return " " in family.job_name, _place(_ORDER, family.job_name)


def _place(order: tuple[str, ...], name: str) -> int:
    return order.index(name) if name in order else len(order)
