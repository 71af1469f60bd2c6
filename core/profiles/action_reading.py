"""Reading the actions of a job."""

from __future__ import annotations

from core.logs import LEVELS
from core.profiles.expressions import Expression, ExpressionError, parts_of
from core.profiles.fields import Fields, named_values, place_in
from core.profiles.problems import Place, Problems
from core.profiles.profile import BASIC, Action, Condition, Entry, Kind
from core.safe_yaml import Placed

_ALWAYS = ("type", "t", "hours_elapsed", "if")
_KEYS = {
    Kind.START: ("options", "args", "config_overrides"),
    Kind.UPDATE: ("options",),
    Kind.PAUSE: (),
    Kind.RESUME: (),
    Kind.STOP: (),
    Kind.LOG: ("options",),
    Kind.REPEAT: ("every", "repeat_every_hours", "while", "max_time", "max_hours", "actions"),
    Kind.WHEN: ("wait_until", "condition", "actions"),
}
_DEEPEST = 8
# A loop that comes round faster would do nothing but that.
_LEAST_EVERY_S = 1.0


def read_actions(fields: Fields, job_name: str, depth: int = 1, *, basic_only: bool = False) -> tuple[Action, ...]:
    """Return what can be read of the list at the key `actions`."""
    found = []
    for placed in fields.list("actions"):
        action = _Reader(placed, job_name, fields.problems, depth).read(basic_only=basic_only)
        if action is not None:
            found.append(action)
    return tuple(found)


class _Reader:
    """Reads one action."""

    def __init__(self, placed: Placed, job_name: str, problems: Problems, depth: int) -> None:
        self._fields = Fields(placed, "An action", problems)
        self._job_name = job_name
        self._problems = problems
        self._depth = depth

    def read(self, *, basic_only: bool) -> Action | None:
        """Return the action, None when it cannot be told what it is."""
        fields = self._fields
        kind = self._kind()
        if kind is None:
            return None
        fields.what = f"The action {kind.value}"
        fields.refuse_unknown((*_ALWAYS, *_KEYS[kind]))
        place = fields.place
        if basic_only and kind not in BASIC:
            self._problems.error(fields.place_of("type"), f"A {kind.value} cannot stand inside a repeat.")
            return None
        at_s = self._one_of("t", "hours_elapsed", "when it happens", required=True) or 0.0
        only_if = fields.condition("if", True)
        if kind is Kind.REPEAT:
            return self._repeat(at_s, only_if)
        if kind is Kind.WHEN:
            return self._when(at_s, only_if)
        if kind is Kind.LOG:
            return self._log(at_s, only_if)
        entries = fields.entries("options")
        if kind is Kind.UPDATE and not entries:
            remedy = "Give the settings under options."
            self._problems.error(place, "An update must say what to change.", remedy)
        return Action(kind, at_s, place, only_if, entries, fields.texts("args"), self._overrides())

    def _kind(self) -> Kind | None:
        fields = self._fields
        known = ", ".join(Kind)
        if not fields.items:
            self._problems.error(fields.place, "An action is a mapping with at least type and t.")
            return None
        word = fields.text("type")
        if word in set(Kind):
            return Kind(word)
        what = f"There is no action {word[:40]!r}." if fields.has("type") else "type is missing: what the action does."
        self._problems.error(fields.place_of("type"), what, f"Use {known}.")
        return None

    def _one_of(self, first: str, second: str, meaning: str, *, required: bool) -> float | None:
        """Return the time at one of two keys, which mean the same."""
        fields = self._fields
        if fields.has(first) and fields.has(second):
            self._problems.error(fields.place_of(second), f"{first} and {second} mean the same.", "Leave one out.")
        elif required and not fields.has(first) and not fields.has(second):
            self._problems.error(fields.place, f"{first} is missing: {meaning}.", "A number of hours, or 90s, 5m, 2d.")
        return fields.duration_s(first if fields.has(first) else second)

    def _overrides(self) -> tuple[tuple[str, Entry], ...]:
        """Return keys of the job's own section, or of the sections that are named."""
        found = []
        section = Fields(self._fields.get("config_overrides"), "config_overrides", self._problems)
        for entry in named_values(section):
            placed = section.items[entry.name]  # type: ignore[index]  # a Key is found by its text
            if isinstance(placed.value, dict):
                inner = Fields(placed, f"Section {entry.name}", self._problems)
                found += [(entry.name, each) for each in named_values(inner)]
            else:
                found.append((f"{self._job_name}.config", entry))
        return tuple(found)

    def _log(self, at_s: float, only_if: Condition) -> Action:
        fields = self._fields
        options = Fields(fields.get("options"), "options", self._problems, fields.place)
        level = options.text("level", "NOTICE").upper()
        if level not in LEVELS:
            known = ", ".join(name.lower() for name in LEVELS)
            self._problems.error(
                options.place_of("level"), f"There is no level {level[:20].lower()!r}.", f"Use {known}."
            )
        message = options.get("message")
        parts: list[str | Expression] = []
        if message is None or isinstance(message.value, dict | list):
            self._problems.error(options.place_of("message"), "A log action needs a message under options.")
        else:
            parts = self._message(message)
        return Action(Kind.LOG, at_s, fields.place, only_if, message=tuple(parts), level=level)

    def _message(self, message: Placed) -> list[str | Expression]:
        text = message.value if isinstance(message.value, str) else message.text
        try:
            return parts_of(text, Place.of(message))
        except ExpressionError as error:
            place = place_in(message, error.offset)
            self._problems.error(place, f"This expression cannot be read: {error}.")
            return []

    def _repeat(self, at_s: float, only_if: Condition) -> Action:
        fields = self._fields
        every_s = self._one_of("every", "repeat_every_hours", "how often it repeats", required=True)
        if every_s is not None and every_s < _LEAST_EVERY_S:
            key = "every" if fields.has("every") else "repeat_every_hours"
            self._problems.error(fields.place_of(key), f"{key} must be at least {_LEAST_EVERY_S:g} s.")
        max_s = self._one_of("max_time", "max_hours", "", required=False)
        actions = self._inner(basic_only=True)
        for action in actions:
            if every_s is not None and action.at_s > every_s:
                what = "This is later than the loop comes round: it is never done."
                self._problems.warning(action.place, what, "Lower its time, or raise `every`.")
        return Action(
            Kind.REPEAT, at_s, fields.place, only_if, every_s=every_s or 3600.0, while_=fields.condition("while", True),
            max_s=max_s, actions=actions,
        )  # fmt: skip

    def _when(self, at_s: float, only_if: Condition) -> Action:
        fields = self._fields
        both = [key for key in ("wait_until", "condition") if fields.has(key)]
        if len(both) != 1:
            what = "wait_until and condition mean the same." if both else "wait_until is missing: what to wait for."
            self._problems.error(fields.place_of(both[-1]) if both else fields.place, what)
        wait_until = fields.condition(both[0], False) if both else False
        if wait_until is False and len(both) == 1:
            self._problems.warning(fields.place_of(both[0]), "This never becomes true: nothing inside is ever done.")
        return Action(Kind.WHEN, at_s, fields.place, only_if, wait_until=wait_until,
                      actions=self._inner(basic_only=False))  # fmt: skip

    def _inner(self, *, basic_only: bool) -> tuple[Action, ...]:
        fields = self._fields
        if self._depth >= _DEEPEST:
            self._problems.error(fields.place, f"Actions are nested deeper than {_DEEPEST}.")
            return ()
        actions = read_actions(fields, self._job_name, self._depth + 1, basic_only=basic_only)
        if not actions and not fields.list("actions"):
            self._problems.error(fields.place, f"{fields.what} has no actions inside.", "Put them under actions.")
        return actions
