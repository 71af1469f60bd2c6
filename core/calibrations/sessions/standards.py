"""OD calibration by standards: suspensions of known OD600, and the blank medium, relate density to volts."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from core.calibrations.curves import PiecewiseCubic
from core.calibrations.fits import fit_spline
from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.naming import name_step, overwrite_step
from core.calibrations.sessions.od_meter import refuse_rpm, stirred
from core.calibrations.sessions.od_protocol import OdProtocol
from core.calibrations.sessions.steps import COMPLETE, Step, StepChoice, StepField, chart, series
from core.clock import timestamp
from core.errors import BadRequestError

_TOLERANCE_RPM = 120.0
_STIRRED_S = 1.0
_DISCARDED, _DISCARDED_EVERY_S = 3, 1.0
_AVERAGED, _AVERAGED_EVERY_S = 3, 3.0

# Readings that lie further from the curve than this share of what they span are doubtful.
_LARGE_RESIDUAL_SHARE = 0.1

_MORE, _BLANK = "record another standard", "continue to blank (media only)"
_REDO = {"action": "redo_last"}
_RPM = StepField("rpm", "Speed (rpm)", "float", minimum=0, maximum=10000, help_text="150 to 600 rpm are usual.")
_STANDARD = StepField("od600_value", "OD600 of this standard", "float", minimum=0, maximum=1000)
_BLANK_OD = StepField("od600_blank", "OD600 of the blank", "float", default=0.0, minimum=0, maximum=1000)
_NEXT = StepField("next_action", "Next", "choice", default=_MORE, options=(_MORE, _BLANK))


class Standards(OdProtocol):
    """Relates OD600 to volts, for every photodiode at 45, 90 or 135 degrees at once."""

    protocol_name = "standards"
    steps = (
        Step("intro", "info", "OD calibration",
             "This relates optical density to what the photodiodes see. Have ready: at least one standard, better five "
             "or more, whose OD600 was measured with a photometer, and the blank medium, each with a stir bar in a "
             "vial of the same kind."),
        name_step("name_input", "calibration_name", "calibration"),
        overwrite_step("name_overwrite_confirm"),
        Step("channel_confirm", "info", "Photodiodes"),
        Step("rpm_input", "form", "Stirring", "How fast is to be stirred while measuring?", (_RPM,)),
        Step("place_standard", "info", "Place a standard",
             "Put the vial with the next standard into the unit, from dense to thin or the other way round."),
        Step("measure_standard", "form", "Measure the standard",
             "Give its OD600. The unit stirs and measures when you continue; it takes half a minute.", (_STANDARD,)),
        Step("another_standard", "form", "Another standard?", None, (_NEXT,), (StepChoice("Redo last", _REDO),)),
        Step("place_blank", "info", "Place the blank", "Put the vial with medium and no cells into the unit."),
        Step("measure_blank", "form", "Measure the blank",
             "Give its OD600, 0 as a rule. The unit stirs and measures when you continue.", (_BLANK_OD,)),
        Step(COMPLETE, "result", "OD is calibrated", "It is active now."),
    )  # fmt: skip

    def check_start(self) -> None:
        """Insist on optics that can be calibrated."""
        if self.device not in self._devices().values():
            raise BadRequestError(
                f"No photodiode looks at the angle of {self.device}.",
                remedy="See section [od_config.photodiode_channel] of the configuration.",
                fields=["target_device"],
            )

    def default_name(self) -> str:
        """What it is, and the date."""
        return f"od-cal-{self.today}"

    def is_taken(self, name: str) -> bool:
        """Whether one of the devices has a calibration of that name."""
        return any(self.place.calibrations.has(device, name) for device in self._devices().values())

    async def on_name_input(self, inputs: dict[str, Any]) -> str:
        """Take the name; several photodiodes are named next."""
        return self._past_channels(await self.take_name(inputs))

    async def on_name_overwrite_confirm(self, inputs: dict[str, Any]) -> str:
        """Go on, or back to the name."""
        return self._past_channels(await self.take_overwrite(inputs))

    def show_channel_confirm(self, step: Step) -> Step:
        """Tell which photodiodes are calibrated together."""
        names = ", ".join(f"{device} (photodiode {channel})" for channel, device in self._devices().items())
        body = f"These are measured and calibrated together: {names}. Each gets a calibration, which becomes active."
        return dataclasses.replace(step, body=body)

    def show_rpm_input(self, step: Step) -> Step:
        """Offer the usual speed."""
        default = self.place.config.number("stirring.config", "initial_target_rpm")
        return dataclasses.replace(step, fields=(dataclasses.replace(_RPM, default=default),))

    async def on_rpm_input(self, inputs: dict[str, Any]) -> None:
        """Keep the speed."""
        refuse_rpm(inputs["rpm"])
        self.data |= {
            "rpm": inputs["rpm"],
            "standards": [],
        }
        self.keep_optics()

    async def run_measure_standard(self, inputs: dict[str, Any], action: CalibrationAction) -> None:
        """Measure one standard."""
        self._measured.append({"od600": inputs["od600_value"], "volts": await self._measure(action)})

    def show_another_standard(self, step: Step) -> Step:
        """Show what was measured so far."""
        body = f"{len(self._measured)} measured so far."
        return dataclasses.replace(step, body=body, metadata=self._chart({}))

    async def on_another_standard(self, inputs: dict[str, Any]) -> str:
        """Go on as chosen; "redo last" forgets the standard measured last."""
        if inputs == _REDO:
            self._measured.pop()
            return "place_standard"
        return "place_standard" if inputs["next_action"] == _MORE else "place_blank"

    async def on_measure_blank(self, inputs: dict[str, Any]) -> None:
        """Insist on two different densities before anything is measured."""
        if len({inputs["od600_blank"], *(each["od600"] for each in self._measured)}) < 2:
            raise BadRequestError(
                "The blank has the OD600 of every standard.",
                cause="A curve needs at least two different values.",
                remedy="Correct the value, or abort and begin again with other standards.",
                fields=["od600_blank"],
            )

    async def run_measure_blank(self, inputs: dict[str, Any], action: CalibrationAction) -> str:
        """Measure the blank, fit and save."""
        self._measured.append({"od600": inputs["od600_blank"], "volts": await self._measure(action)})
        return await self._save()

    def show_complete(self, step: Step) -> Step:
        """Show the points and the curves through them, and say what is doubtful."""
        body = " ".join(filter(None, [step.body, *(self.session.result or {}).get("warnings", [])]))
        return dataclasses.replace(step, body=body, metadata=self._chart(self.data["curves"]))

    @property
    def _measured(self) -> list[dict[str, Any]]:
        measured: list[dict[str, Any]] = self.data["standards"]
        return measured

    def _devices(self) -> dict[str, str]:
        """Return photodiode channel to device, as configured."""
        return _devices(self.optics.angles)

    @property
    def _measured_devices(self) -> dict[str, str]:
        """Photodiode channel to device, as this session measures them."""
        return _devices(self.data["optics"]["angles"])

    def _past_channels(self, step_id: str) -> str:
        is_asked = step_id != "channel_confirm" or len(self._devices()) > 1
        return step_id if is_asked else self.after(step_id)

    async def _measure(self, action: CalibrationAction) -> dict[str, float]:
        """Return the mean of some readings by photodiode channel."""
        meter = self.meter(action)
        async with stirred(action, self.data["rpm"], _TOLERANCE_RPM):
            await action.sleep(_STIRRED_S)
            await meter.prepare()
            for _ in range(_DISCARDED):
                await meter.read()
                await action.sleep(_DISCARDED_EVERY_S)
            readings = []
            for _ in range(_AVERAGED):
                readings.append(await meter.read())
                await action.sleep(_AVERAGED_EVERY_S)
        self.keep_light(meter)
        return {channel: sum(each[channel] for each in readings) / len(readings) for channel in readings[0]}

    def _points(self, channel: str) -> list[tuple[float, float]]:
        return [(each["od600"], each["volts"][channel]) for each in self._measured]

    def _chart(self, curves: dict[str, Any]) -> dict[str, Any]:
        shown = [
            series(channel, f"{device}, photodiode {channel}", self._points(channel), curves.get(channel))
            for channel, device in self._measured_devices.items()
        ]
        return chart("OD calibration", "OD600", "Voltage (V)", *shown)

    async def _save(self) -> str:
        curves: dict[str, Any] = {}
        links: list[dict[str, str]] = []
        warnings: list[str] = []
        for channel, device in self._measured_devices.items():
            x, y = map(list, zip(*self._points(channel), strict=True))
            curve = await asyncio.to_thread(fit_spline, x, y)
            curves[channel] = curve.model_dump()
            warnings += [f"{device}, photodiode {channel}: {doubt}" for doubt in _doubts(self._points(channel), curve)]
        self.data["curves"] = curves
        await self.settle_name()
        # The first photodiode of an angle comes last: it is the one that stays active.
        for channel, device in reversed(self._measured_devices.items()):
            data = self._calibration(channel, curves[channel])
            overwrite = self.data.get("overwrite", False)
            path = await self.place.calibrations.save(device, data, set_active=True, overwrite=overwrite)
            links.insert(0, {"device": device, "calibration_name": data["calibration_name"], "path": path})
        return self.complete({"calibrations": links, "warnings": warnings})

    def _calibration(self, channel: str, curve: dict[str, Any]) -> dict[str, Any]:
        optics, points = self.data["optics"], self._points(channel)
        angle = optics["angles"][channel]
        first = next(each for each, looks_at in optics["angles"].items() if looks_at == angle)
        return {
            "calibration_type": "od600",
            "calibration_name": self.name if channel == first else f"{self.name}-pd{channel}",
            "calibrated_on_pioreactor_unit": self.place.unit,
            "created_at": timestamp(self.place.clock.utc_s()),
            "curve_data_": curve,
            "x": "OD600",
            "y": "Voltage",
            "recorded_data": {"x": [x for x, _ in points], "y": [y for _, y in points]},
            "ir_led_intensity": optics["ir_led_intensity"],
            "angle": angle,
            "pd_channel": channel,
        }


def _doubts(points: list[tuple[float, float]], curve: PiecewiseCubic) -> list[str]:
    """Return what speaks against a calibration of one photodiode; `points` are OD600 and volts."""
    (_, thinnest_v), (_, densest_v) = min(points), max(points)
    if densest_v <= thinnest_v:
        return ["The densest standard scattered no more light than the thinnest. Calibrate again."]
    volts = [volt for _, volt in points]
    span_v = max(volts) - min(volts)
    farthest_v = max(abs(volt - curve.evaluate(od)) for od, volt in points)
    if farthest_v > _LARGE_RESIDUAL_SHARE * span_v:
        words = (
            "Readings lie up to {:.2g} V off the curve, of {:.2g} V in all: were standards mixed up? Calibrate again."
        )
        return [words.format(farthest_v, span_v)]
    return []


def _devices(angles: dict[str, str]) -> dict[str, str]:
    return {channel: f"od{angle}" for channel, angle in angles.items()}
