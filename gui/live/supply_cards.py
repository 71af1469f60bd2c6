"""The cards of what is given to the culture: volume, doses, light."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel

from gui import background, theme
from gui.live.card import Card
from gui.live.curve import Curve
from gui.live.event_log import Dose, EventLog
from gui.live.event_spark import EventSpark
from gui.live.lane import row_title
from gui.live.session import Session
from gui.live.value_row import ValueRow, caption, figures, if_known, number_of
from gui.moments import ago, duration
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.value_label import ValueLabel
from gui.words import rule_title

_DOSING, _LIGHT, _BY_HAND = "dosing_automation", "led_automation", "led_intensity"
# Rules that dose at a rhythm of their own.
_RELATIVE = "normalized_od"
_DENSITIES = {
    _RELATIVE: "the relative density (1 at the start)",
    "od": "the optical density",
    "od_fused": "the fused optical density",
}
_TIMED = ("chemostat", "fed_batch", "pid_morbidostat")


class VolumeCard(Card):
    """What is in the vial by the count of what was pumped; nothing of it is measured.

    Signals:
        vial_wanted: a person wants to say what is in the vial.
    """

    vial_wanted = Signal()

    def __init__(self, curves: dict[str, Curve], unit: Unit, session: Session, client: ServiceClient) -> None:
        self._client = client
        super().__init__(self.tr("Volume"), None, unit, session, signals=("volume",))
        self.button.setText(self.tr("Change…"))
        self.button.setAccessibleName(self.tr("Change the volume…"))
        self.button.setToolTip(self.tr("Say how much is in the vial: liquid added by hand, or a count that is wrong"))
        self.button.show()
        self.row = ValueRow(unit, curves["current_volume_ml"], math.inf, named=False)
        self._share, self._totals = caption(), caption()
        for part in (self.row, self._share, self._totals):
            self.body.addWidget(part)
        self.setToolTip(
            self.tr(
                "Counted from what was pumped, not measured.\n"
                "The waste pump runs longer than needed, so it counts more than there was: the rest was air."
            )
        )
        self.button.clicked.connect(self.vial_wanted)
        unit.bioreactor_changed.connect(self.refresh_values)
        unit.experiment_changed.connect(self._ask)
        unit.experiment_changed.connect(self.refresh)
        self.refresh_values()
        self._ask()

    def refresh(self) -> None:
        """Offer to change the volume where there is an experiment whose it is."""
        self.button.setEnabled(self._unit.service.is_live and self._unit.experiment is not None)

    def refresh_values(self) -> None:
        """Show volume, share of alternative medium, and what went in and out."""
        self.row.refresh()
        values, most_ml = self._unit.bioreactor, self._unit.reactor.get("max_fill_volume_ml")
        volume_ml = values.get("current_volume_ml")
        if self.row.is_empty and volume_ml is not None:
            # No dose yet: the count stands where it began.
            self.row.value.show_value(volume_ml, self._unit.utc_s())
        of_most = [] if most_ml is None else [self.tr("of {ml:g} mL at most").format(ml=most_ml)]
        share = values.get("alt_media_fraction")
        of_alt = [] if share is None else [self.tr("{percent:.0f} % alternative medium").format(percent=100 * share)]
        self._share.setText(" · ".join(of_most + of_alt))
        self._totals.setText(self._passed())
        self._share.setVisible(bool(self._share.text()))
        self._totals.setVisible(bool(self._totals.text()))

    @property
    def words(self) -> str:
        """The lines below the value."""
        return f"{self._share.text()}\n{self._totals.text()}"

    def _passed(self) -> str:
        values = self._unit.bioreactor
        alternative_ml = values.get("cumulative_alt_media_added_ml") or None
        named = (
            (self.tr("medium {ml:.1f} mL"), values.get("cumulative_media_added_ml")),
            (self.tr("alternative {ml:.1f} mL"), alternative_ml),
            (self.tr("waste {ml:.1f} mL"), values.get("cumulative_waste_removed_ml")),
        )
        told = [words.format(ml=ml) for words, ml in named if ml is not None]
        return self.tr("So far: {}").format(", ".join(told)) if told else ""

    def _ask(self) -> None:
        """Ask for the count of an experiment that has just begun; the next change of it may be hours away."""
        if self._unit.experiment is not None and not self._unit.bioreactor and self._unit.service.is_live:
            background.run(self._load(self._unit.experiment), self, self._on_trouble)

    async def _load(self, experiment: str) -> None:
        answer = await self._client.get(f"/unit_api/bioreactor/experiments/{quote(experiment, safe='')}")
        if experiment == self._unit.experiment and not self._unit.bioreactor:
            self._unit.know_bioreactor(answer["values"])

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Show no volume: the next dose or snapshot tells it."""


class DosingCard(Card):
    """The last dose, which rule doses, and when it does again."""

    def __init__(self, log: EventLog, unit: Unit, session: Session) -> None:
        self._log = log
        super().__init__(self.tr("Dosing"), _DOSING, unit, session, by_form=True)
        self.value = ValueLabel(unit, "mL", 2, stale_after_s=math.inf)
        self._last, self._rule = caption(), caption()
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self.value, 1)
        self.spark = EventSpark(unit, log, of_light=False)
        row.addWidget(self.spark, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)
        self.body.addWidget(self._last)
        self.body.addWidget(self._rule)
        self.refresh_values()

    def refresh_values(self) -> None:
        """Show the newest dose that went in, and what is known of the next."""
        last = self._last_inflow()
        self.value.show_value(None if last is None else last.volume_ml, 0.0 if last is None else last.end_s)
        self._last.setText("" if last is None else self._last_words(last))
        self._last.setVisible(last is not None)
        self._rule.setText(if_known(self._unit, self._rule_words(last)))
        self.spark.update()

    @property
    def words(self) -> str:
        """The lines below the value."""
        return f"{self._last.text()}\n{self._rule.text()}".strip()

    def _last_inflow(self) -> Dose | None:
        return next((dose for dose in reversed(self._log.doses) if dose.event.startswith("add_")), None)

    def _last_words(self, last: Dose) -> str:
        return self.tr("last dose: {name}").format(name=row_title(last.event).lower())

    def _rule_words(self, last: Dose | None) -> str:
        if not self._unit.is_running(_DOSING):
            return self.tr("nothing doses by itself")
        rule = str(self._unit.settings.get(_DOSING, {}).get("automation_name") or "")
        parts = [rule_title(rule)]
        exchange_ml = number_of(self._unit, _DOSING, "exchange_volume_ml")
        if exchange_ml is not None:
            parts.append(self.tr("{ml:g} mL each").format(ml=exchange_ml))
        target = number_of(self._unit, _DOSING, "target_biomass")
        if rule == "turbidostat" and target is not None:
            parts.append(self._target_words(target))
        minutes = number_of(self._unit, _DOSING, "duration")
        if rule in _TIMED and minutes is not None:
            parts.append(self._next_words(last, minutes * 60))
        return " · ".join(parts)

    def _target_words(self, target: float) -> str:
        """Say by which density is diluted: a relative one is another number than the optical density shown above."""
        name = str(self._unit.settings.get(_DOSING, {}).get("biomass_signal") or "")
        density = QCoreApplication.translate("live", _DENSITIES.get(name, "the density"))
        told = self.tr("next when {density} reaches {target:g}").format(density=density, target=target)
        filtered = self._unit.settings.get("growth_rate_calculating", {}).get("od_filtered")
        now = filtered.get("od_filtered") if isinstance(filtered, dict) else None
        if name == _RELATIVE and isinstance(now, int | float):
            told += self.tr(", now {}").format(figures(now, 2))
        return told

    def _next_words(self, last: Dose | None, every_s: float) -> str:
        every = self.tr("every {}").format(duration(every_s))
        left_s = None if last is None else last.start_s + every_s - self._unit.utc_s()
        if left_s is None or left_s < 0 or self._unit.state_of(_DOSING) != "ready":
            return every
        return self.tr("{every}, next in about {left}").format(every=every, left=duration(left_s))


class LightCard(Card):
    """Which LEDs light the culture."""

    def __init__(self, log: EventLog, unit: Unit, session: Session) -> None:
        self._log = log
        super().__init__(self.tr("Light"), _LIGHT, unit, session, by_form=True)
        self._shown, self._since, self._rule = QLabel(), caption(), caption()
        theme.set_role(self._shown, "heading")
        self._shown.setFont(theme.value_font(15))
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self._shown, 1)
        self.spark = EventSpark(unit, log, of_light=True)
        row.addWidget(self.spark, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)
        self.body.addWidget(self._since)
        self.body.addWidget(self._rule)
        unit.led_changed.connect(self.refresh_values)
        self.refresh_values()

    def refresh(self) -> None:
        """Show the state of whatever job drives the LEDs: a rule, or a person by hand."""
        by_hand = self._unit.is_running(_BY_HAND) and not self._unit.is_running(_LIGHT)
        self.job = _BY_HAND if by_hand else _LIGHT
        super().refresh()

    def refresh_values(self) -> None:
        """Show the LEDs that are on, and since when."""
        lit = {channel: percent for channel, percent in sorted(self._unit.leds.items()) if percent > 0}
        words = " · ".join(f"{channel} {percent:g} %" for channel, percent in lit.items())
        self._shown.setText(words or if_known(self._unit, self.tr("dark")) or "–")
        stale = not self._unit.service.is_live
        if self._shown.property("stale") != stale:
            self._shown.setProperty("stale", stale)
            self._shown.style().unpolish(self._shown)
            self._shown.style().polish(self._shown)
        changed_s = self._changed_s()
        self._since.setText("" if changed_s is None else self.tr("since {}").format(self._age(changed_s)))
        self._since.setVisible(changed_s is not None)
        self._rule.setText(if_known(self._unit, self._rule_words()))
        self.spark.update()

    @property
    def words(self) -> str:
        """What is shown of the LEDs, and the line of the rule."""
        return f"{self._shown.text()}\n{self._rule.text()}"

    def _age(self, utc_s: float) -> str:
        age = ago(self._unit.utc_s() - utc_s)
        return age.removesuffix(" ago") if age != "now" else self.tr("just now")

    def _changed_s(self) -> float | None:
        moments = [light.start_s if light.end_s is None else light.end_s for light in self._log.lights]
        return max(moments, default=None)

    def _rule_words(self) -> str:
        settings: dict[str, Any] = self._unit.settings.get(_LIGHT, {})
        if self._unit.is_running(_LIGHT):
            light, dark = (number_of(self._unit, _LIGHT, f"{kind}_duration_minutes") for kind in ("light", "dark"))
            parts = [rule_title(str(settings.get("automation_name") or ""))]
            if light is not None and dark is not None:
                words = self.tr("{light} light, {dark} dark")
                parts.append(words.format(light=duration(light * 60), dark=duration(dark * 60)))
            return " · ".join(parts)
        return self.tr("set by hand") if self.job == _BY_HAND else self.tr("no rule for light")
