"""What calibrations of optical density share: one optics and one first light from the first measurement to the last."""

from __future__ import annotations

from typing import Any

from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.naming import NamingProtocol
from core.calibrations.sessions.od_meter import OdMeter, OdOptics, od_optics
from core.calibrations.sessions.protocol import SessionFailedError
from core.output_names import OPTICS


class OdProtocol(NamingProtocol):
    """A protocol that measures optical density while nobody else stirs or measures."""

    jobs_in_the_way = ("od_blank", "od_reading", "self_test", "stirring")

    def outputs(self) -> tuple[str, ...]:
        """The optics; the stirrer is held by the job that stirs."""
        return (OPTICS,)

    @property
    def optics(self) -> OdOptics:
        """The optics as they are configured."""
        return od_optics(self.place.config)

    def keep_optics(self) -> None:
        """Note the optics that everything is measured with."""
        self.data["optics"] = self._noted()

    def meter(self, action: CalibrationAction) -> OdMeter:
        """Return the meter of this session.

        Raises:
            SessionFailedError: LED or photodiodes are configured otherwise than when the session began.
        """
        if self.data["optics"] != self._noted():
            raise SessionFailedError(
                "Infrared LED or photodiodes were configured otherwise while this calibration was under way. What was "
                "measured before does not fit any more: begin again."
            )
        return OdMeter(action, self.place.config, self.data.get("first_reference_v"))

    def keep_light(self, meter: OdMeter) -> None:
        """Note the session's first light, to which every later reading is compared."""
        self.data["first_reference_v"] = meter.first_reference_v

    def _noted(self) -> dict[str, Any]:
        optics = self.optics
        return {
            "ir_led_intensity": optics.intensity_percent,
            "reference": optics.reference,
            "angles": optics.angles,
        }
