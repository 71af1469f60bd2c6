"""What a reactor model needs of a board."""

from __future__ import annotations

from dataclasses import dataclass

from core.reactor_models import ReactorModel

_ROLES = ("stirring", "media pump", "alt-media pump", "waste pump", "heater")


@dataclass(frozen=True)
class HardwareNeeds:
    """The channels and parts a board must have for one model.

    Attributes:
        photodiodes: channels that are wired: three measuring ones and the reference on XR models, else two.
        adc_per_photodiode: the converter each photodiode must have for itself, "" when any will do.
        pwm_roles: what must be connected to some PWM channel, in the board's words.
    """

    photodiodes: tuple[str, ...]
    adc_per_photodiode: str
    led_channels: tuple[str, ...]
    pwm_roles: tuple[str, ...]

    @classmethod
    def of(cls, model: ReactorModel) -> HardwareNeeds:
        """Return the needs of a model; those from version 1.5 on have a converter beside each photodiode."""
        return cls(
            photodiodes=("1", "2", "3", "4") if model.has_fused_density else ("1", "2"),
            adc_per_photodiode="" if model.is_legacy else "ADS1114",
            led_channels=("A", "B", "C", "D"),
            pwm_roles=_ROLES,
        )
