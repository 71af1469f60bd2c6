"""The limits in force: the defaults, and what people have set instead, kept in the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

from core.alarms.signals import SIGNALS, SIGNALS_BY_KEY, Limit, WatchedSignal, default_limit
from core.errors import BadRequestError
from core.reactor_models import ReactorModels
from core.records.values import ValueStore

_STORE, _KEY = "alarms", "limits"
_NAMES = tuple(field.name for field in fields(Limit))


class AlarmLimits:
    """One limit for each signal.

    Attributes:
        changed: called with the signals whose limits were changed.
    """

    def __init__(self, store: ValueStore, models: ReactorModels) -> None:
        self._store = store
        self._models = models
        self._in_force: dict[str, Limit] = {}
        self.changed: Callable[[list[str]], None] = _nobody
        for signal in SIGNALS:
            self._in_force[signal.key] = self._with(signal, self._set_by_people().get(signal.key, {}))

    def of(self, signal: str) -> Limit:
        """Return the limit of a signal."""
        return self._in_force[signal]

    def items(self) -> list[dict[str, Any]]:
        """Return every limit with what it is about and its default, as the API does."""
        return [self._item(signal) for signal in SIGNALS]

    def change(self, wanted: dict[str, dict[str, Any] | None]) -> None:
        """Set limits: all that are given, or none when one is refused.

        Args:
            wanted: signal to what is to be changed of its limit; None gives it its default back.

        Raises:
            BadRequestError: an unknown signal, or limits that do not go together; names the fields.
        """
        unknown = [name for name in wanted if name not in SIGNALS_BY_KEY]
        if unknown:
            raise BadRequestError(
                f"There is no signal {', '.join(map(repr, unknown))}.",
                remedy="Use the names in `known`.",
                fields=[f"limits.{name}" for name in unknown],
                known=list(SIGNALS_BY_KEY),
            )
        new: dict[str, Limit] = {}
        for name, change in wanted.items():
            signal = SIGNALS_BY_KEY[name]
            default = default_limit(signal, self._models)
            new[name] = default if change is None else replace(self._in_force[name], **change)
            _refuse_unfit(signal, new[name])
        if not new:
            raise BadRequestError("There is no limit to change.", fields=["limits"], known=list(SIGNALS_BY_KEY))
        self._in_force.update(new)
        self._store.set(_STORE, _KEY, self._differing())
        self.changed(list(new))

    def _set_by_people(self) -> dict[str, Any]:
        kept = self._store.get(_STORE, _KEY, {})
        return kept if isinstance(kept, dict) else {}

    def _differing(self) -> dict[str, dict[str, Any]]:
        """Return what differs from the defaults: what stays at its default follows the reactor model."""
        differing = {}
        for signal in SIGNALS:
            default = asdict(default_limit(signal, self._models))
            own = {name: value for name, value in asdict(self._in_force[signal.key]).items() if value != default[name]}
            if own:
                differing[signal.key] = own
        return differing

    def _with(self, signal: WatchedSignal, kept: Any) -> Limit:
        """Return the default with what was kept; what cannot be used any more is left out."""
        default = default_limit(signal, self._models)
        known = {name: value for name, value in kept.items() if name in _NAMES} if isinstance(kept, dict) else {}
        limit = replace(default, **known)
        try:
            _refuse_unfit(signal, limit)
        except BadRequestError:
            return default
        return limit

    def _item(self, signal: WatchedSignal) -> dict[str, Any]:
        limit, default = self._in_force[signal.key], default_limit(signal, self._models)
        return {
            "signal": signal.key,
            "label": signal.label,
            "unit": signal.unit,
            "meaning": signal.meaning,
            "has_limits": signal.has_limits,
            "is_deviation": signal.is_deviation,
            "hysteresis": signal.hysteresis,
            **asdict(limit),
            "default": asdict(default),
        }


def _refuse_unfit(signal: WatchedSignal, limit: Limit) -> None:
    """Raise BadRequestError for limits that do not go together."""
    given = [name for name in ("low", "high") if getattr(limit, name) is not None]
    names = [f"limits.{signal.key}.{name}" for name in given]
    if given and not signal.has_limits:
        raise BadRequestError(
            f"{signal.label} has no low or high limit.", remedy="Set how long it must last: delay_s.", fields=names
        )
    if limit.low is not None and limit.high is not None and not limit.low < limit.high:
        raise BadRequestError(
            f"The low limit of {signal.label.lower()} must be below the high one.",
            cause=f"{limit.low:g} {signal.unit} is not below {limit.high:g} {signal.unit}.",
            fields=names,
        )
    if signal.has_limits and limit.enabled and not given:
        raise BadRequestError(
            f"{signal.label} cannot be watched without a limit.",
            remedy="Give a low or a high limit, or switch it off.",
            fields=[f"limits.{signal.key}.{name}" for name in ("low", "high", "enabled")],
        )


def _nobody(_: list[str]) -> None:
    """Nobody has asked to be told of changes yet."""
