"""Turbidostat: dilute whenever the culture has reached its target density.

It acts on each new reading of its signal, not on a rhythm of its own. After a dose readings are ignored for half a
minute, until it has mixed.
"""

from __future__ import annotations

import math
from typing import Any

from core.automations.automation import AutomationEvent, EventName
from core.automations.dosing.dosing_automation import DOSING_OPTIONS, DOSING_SETTINGS, DosingAutomation
from core.automations.dosing.signals import AUTO, BIOMASS_SIGNALS, SIGNAL_WORDS, biomass_signal, resolve_biomass_signal
from core.plugins.api import (
    MEDIA,
    WASTE,
    BadRequestError,
    Config,
    Group,
    JobDeclaration,
    JobState,
    Option,
    Setting,
    SettingChanged,
    StopOrder,
)

_SECTION = "dosing_automation.turbidostat"
_IGNORED_AFTER_DOSE_S = 30.0
# So many doses in a row that do not thin the culture: nothing comes out of the pump.
_DOSES_WITHOUT_EFFECT = 3
_LEAST_SHARE_OF_EFFECT = 0.25


class Turbidostat(DosingAutomation):
    """The rule turbidostat."""

    pumps = (MEDIA, WASTE)
    amounts = ("exchange_volume_ml", "target_biomass", "duration")
    declaration = JobDeclaration(
        job_name="dosing_automation",
        automation_name="turbidostat",
        label="Turbidostat",
        help="Dilute the culture whenever it reaches a density.",
        group=Group.DOSE,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("target_biomass", "float", help="the culture is diluted whenever it is denser, by the signal below",
                   required=True, unit="OD/AU", label="Target density", first=True),
            Option("exchange_volume_ml", "float", help="medium added and waste removed in each dose",
                   required=True, unit="mL", label="Exchange volume", first=True),
            Option("biomass_signal", "string", label="Signal", choices=SIGNAL_WORDS, first=True,
                   help="the best there is: fused, else calibrated; without a calibration relative, 1 at the start"),
            Option("duration", "float", help="counts only with a wait before the first run", default=60.0, unit="min",
                   label="Time before the first dose"),
            *DOSING_OPTIONS,
        ),
        settings={
            **DOSING_SETTINGS,
            "exchange_volume_ml": Setting("float", settable=True, unit="mL", label="Exchange volume"),
            "target_biomass": Setting("float", settable=True, unit="OD/AU", label="Target density"),
            "biomass_signal": Setting("string", settable=True, label="Signal", choices=SIGNAL_WORDS),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        configured = config.text(_SECTION, "biomass_signal") or AUTO
        if configured not in BIOMASS_SIGNALS:
            raise config.refuse(_SECTION, "biomass_signal", ", ".join(BIOMASS_SIGNALS))
        name = options["biomass_signal"] or configured
        _refuse_unknown(name)
        self._signal_name = name
        self._signal = biomass_signal(name, config)
        self._biomass = 0.0
        self._ignored_until_s = -math.inf
        self._expected_biomass: float | None = None
        self._without_effect = 0

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse a signal that there is not."""
        super().check_settings(values)
        if "biomass_signal" in values:
            _refuse_unknown(values["biomass_signal"])

    async def set_up(self) -> None:
        """Choose the signal and listen to it."""
        await super().set_up()
        if self.options["skip_first_run"]:
            self._ignored_until_s = self.clock.monotonic_s() + self.options["duration"] * 60.0
        await self.set_biomass_signal(self._signal_name)
        self.listen(SettingChanged, self._hear_reading)
        if self.context.settings_of(self._signal.job_name) is None:
            self.log.warning("There is no %s yet: start %s.", self._signal.setting, self._signal.job_name)

    async def set_biomass_signal(self, name: str) -> None:
        """Go by another signal from now on; `auto` becomes the best there is."""
        name = resolve_biomass_signal(name, self.config, self.context.parts)
        self._signal_name, self._signal = name, biomass_signal(name, self.config)
        self._forget_effect()
        self.publish("biomass_signal", name)

    async def execute(self) -> AutomationEvent:
        """Dilute once."""
        volume_ml, target = float(self.settings["exchange_volume_ml"]), float(self.settings["target_biomass"])
        biomass, before_ml = self._biomass, self.volume_ml
        try:
            moved = await self.dose(media_ml=volume_ml, waste_ml=volume_ml)
        finally:
            self._ignored_until_s = self.clock.monotonic_s() + _IGNORED_AFTER_DOSE_S
        self._expected_biomass = biomass * before_ml / (before_ml + moved["media_ml"])
        return AutomationEvent(
            EventName.DILUTION,
            f"exchanged {moved['media_ml']:.3f} ml at {biomass:.3f}, target {target:g}",
            {
                "latest_biomass": biomass,
                "target_biomass": target,
                "resolved_biomass_signal": self._signal_name,
                "exchange_volume_ml": volume_ml,
                "volume_actually_moved_ml": moved["media_ml"],
            },
        )

    def _hear_reading(self, event: SettingChanged) -> None:
        told = (event.job_name, event.setting, event.experiment)
        if told != (self._signal.job_name, self._signal.setting, self.context.experiment) or event.value is None:
            return
        biomass = self._signal.number(event.value)
        is_deaf = self.is_running or self.clock.monotonic_s() < self._ignored_until_s
        if biomass is None or is_deaf or self.state is not JobState.READY or not self.context.board_link.is_usable:
            return
        self._note_effect(biomass)
        self._biomass = biomass
        if biomass >= self.settings["target_biomass"]:
            self.ask_for_run()

    def _note_effect(self, biomass: float) -> None:
        """See whether the first reading after a dose shows it."""
        expected, self._expected_biomass = self._expected_biomass, None
        if expected is None:
            return
        share = (self._biomass - biomass) / (self._biomass - expected) if self._biomass > expected else 1.0
        self._without_effect = 0 if share >= _LEAST_SHARE_OF_EFFECT else self._without_effect + 1
        if self._without_effect == _DOSES_WITHOUT_EFFECT:
            message = (
                f"{_DOSES_WITHOUT_EFFECT} doses in a row have not thinned the culture: dosing stops. Look whether the"
                " medium is used up or the media pump is blocked, then wake this job."
            )
            self._forget_effect()
            self.tell(AutomationEvent(EventName.ERROR, message, {"latest_biomass": biomass}))
            self.spawn(self.fall_asleep())

    def _forget_effect(self) -> None:
        self._expected_biomass, self._without_effect = None, 0


def _refuse_unknown(name: str) -> None:
    if name not in BIOMASS_SIGNALS:
        raise BadRequestError(
            f"{name!r} is no signal of biomass.",
            remedy="Use one of the names in `known`.",
            fields=["biomass_signal"],
            known=list(BIOMASS_SIGNALS),
        )
