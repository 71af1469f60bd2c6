"""Pump calibration by run time: ten runs into a measuring vessel relate seconds to millilitres."""

from __future__ import annotations

import dataclasses
from typing import Any

from core.bioreactor.bioreactors import CALIBRATION_SOURCE
from core.bus import DosingEvent
from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.naming import NamingProtocol, name_step, overwrite_step
from core.calibrations.sessions.proportion import Proportion, fit_proportion
from core.calibrations.sessions.protocol import SessionFailedError
from core.calibrations.sessions.steps import COMPLETE, Step, StepChoice, StepField, chart, series
from core.clock import timestamp
from core.errors import BadRequestError
from core.output_names import pwm_channel, pwm_output

_TRACER_S = 1.0
# A pump that nothing is known of.
_USUAL_ML_PER_S = 0.0911
_LEAST_TRACER_ML = 1e-4
# From the tracer's rate: the shortest run gives 80 % of the least volume, the longest 110 % of the greatest.
_SHORTEST_SHARE, _LONGEST_SHARE = 0.8, 1.1
_RUNS_SHORT, _RUNS_MIDDLE, _RUNS_LONG = 4, 2, 4
_LEAST_RUN_S, _MOST_RUN_S = 0.1, 290.0
_LARGE_STD_SLOPE = 0.04

_REDO = {"action": "redo_last"}
_TARGETS = StepField("mls_to_calibrate_for", "Volumes to dose later (mL)", "float_list", default=[1.0], minimum=0.001,
                 maximum=1000, min_error_msg="each volume must be above 0 mL",
                 help_text="The runs span these volumes.")  # fmt: skip
_HZ = StepField("hz", "Frequency (Hz)", "float", default=250.0, minimum=0.1, maximum=10000)
_DC = StepField("dc", "Duty (%)", "float", default=100.0, minimum=0, maximum=100)
_PRIME = StepField("prime_duration_s", "Run time (s)", "float", default=15.0, minimum=5, maximum=_MOST_RUN_S)
_TRACER = StepField("volume_ml", "Volume (mL)", "float", minimum=_LEAST_TRACER_ML,
                min_error_msg="it must be above 0 mL; when nothing came, abort and look at pump and tubing",
                maximum=1000)  # fmt: skip
_VOLUME = StepField("volume_ml", "Volume (mL)", "float", minimum=0, maximum=10000)


class DurationBased(NamingProtocol):
    """Relates the run time of one pump to volume: V = slope * t."""

    protocol_name = "duration_based"
    jobs_in_the_way = ("dosing_automation",)
    steps = (
        Step("intro_confirm_1", "info", "Pump calibration",
             "This relates the run time of one pump to the volume it moves. Have ready: water, and a scale or a "
             "measuring cylinder that reads 0.01 mL. It takes about ten minutes."),
        Step("intro_confirm_2", "info", "Take the tubing off the vial",
             "Both ends of the tubing must be free: nothing may be pumped into or out of a culture."),
        Step("intro_confirm_3", "info", "Keep electronics dry",
             "Set the water beside the unit, not above it, and have a cloth at hand."),
        name_step("name_input", "calibration_name", "calibration"),
        overwrite_step("name_overwrite_confirm"),
        Step("volume_targets", "form", "Volumes",
             "Which volumes will this pump dose? List them with commas.", (_TARGETS,)),
        Step("pwm_settings", "form", "Drive settings", "Change only if needed.", (_HZ, _DC)),
        Step("tubing_into_water", "info", "Tubing into the water",
             "Put the inlet of the pump into the water and its outlet over a waste vessel."),
        Step("prime_pump_duration", "form", "Fill the tubing",
             "The pump runs for this time when you continue. The tubing must be full of water and free of bubbles "
             "afterwards.", (_PRIME,)),
        Step("tracer_run", "action", "First run",
             "Hold the outlet over the empty measuring vessel. The pump runs for 1 s when you continue."),
        Step("tracer_volume", "form", "First volume", "How much water came out?", (_TRACER,)),
        Step("test_run", "action", "Run"),
        Step("test_volume", "form", "Volume", "How much water came out?", (_VOLUME,)),
        Step(COMPLETE, "result", "The pump is calibrated"),
    )  # fmt: skip

    def outputs(self) -> tuple[str, ...]:
        """The pump's PWM channel."""
        return (pwm_output(self._channel),)

    def default_name(self) -> str:
        """The device and the date."""
        return f"{self.device}-{self.today}"

    def is_taken(self, name: str) -> bool:
        """Whether the pump has a calibration of that name."""
        return self.place.calibrations.has(self.device, name)

    async def on_volume_targets(self, inputs: dict[str, Any]) -> None:
        """Keep the volumes."""
        self.data["volumes_ml"] = inputs["mls_to_calibrate_for"]

    async def on_pwm_settings(self, inputs: dict[str, Any]) -> None:
        """Keep how the pump is driven."""
        if inputs["dc"] == 0:
            raise BadRequestError("At 0 % the pump stands still.", remedy="Give a duty above 0 %.", fields=["dc"])
        self.data |= inputs

    async def run_prime_pump_duration(self, inputs: dict[str, Any], action: CalibrationAction) -> None:
        """Fill the tubing."""
        await self._pump(action, inputs["prime_duration_s"])

    async def run_tracer_run(self, _: dict[str, Any], action: CalibrationAction) -> None:
        """Run for a second, to learn about how fast the pump is."""
        self.data["voltage"] = round(await action.board.read_supply_v(), 1)
        self.data["tracer_s"] = await self._pump(action, _TRACER_S)

    async def on_tracer_volume(self, inputs: dict[str, Any]) -> None:
        """Plan the runs by the pump's speed."""
        ml_per_s = inputs["volume_ml"] / self.data["tracer_s"]
        self.data["tracer_ml"] = inputs["volume_ml"]
        self.data["durations_s"] = planned_durations(self.data["volumes_ml"], ml_per_s)
        self.data["recorded"] = []

    def show_test_run(self, step: Step) -> Step:
        """Tell which run this is and how long it takes; a run before it can be done again."""
        recorded, durations_s = self._recorded, self.data["durations_s"]
        number = len(recorded) + 1
        body = (
            f"Empty the measuring vessel and hold the outlet over it. The pump runs for "
            f"{durations_s[len(recorded)]:.2f} s when you continue."
        )
        return dataclasses.replace(
            step,
            title=f"Run {number} of {len(durations_s)}",
            body=body + self._note_of_range(),
            choices=(StepChoice("Redo last", _REDO),) if recorded else (),
            metadata=self._chart() if recorded else {},
        )

    async def on_test_run(self, inputs: dict[str, Any]) -> str | None:
        """Take the last run back, if that is wanted."""
        if inputs != _REDO:
            return None
        self._recorded.pop()
        return "test_run"

    async def run_test_run(self, _: dict[str, Any], action: CalibrationAction) -> None:
        """Run for the planned time."""
        self.data["ran_s"] = await self._pump(action, self.data["durations_s"][len(self._recorded)])

    def show_test_volume(self, step: Step) -> Step:
        """Tell which run the volume is of."""
        title = f"Volume of run {len(self._recorded) + 1} of {len(self.data['durations_s'])}"
        return dataclasses.replace(step, title=title, metadata=self._chart() if self._recorded else {})

    async def on_test_volume(self, inputs: dict[str, Any]) -> str:
        """Keep the point; go on with the next run, or fit and save."""
        self._recorded.append({"duration_s": self.data["ran_s"], "volume_ml": inputs["volume_ml"]})
        if len(self._recorded) < len(self.data["durations_s"]):
            return "test_run"
        return await self._save()

    def show_complete(self, step: Step) -> Step:
        """Show the points and the line through them."""
        result = self.session.result or {}
        low_ml, high_ml = result["recommended_volume_range_ml"]
        body = f"It is active now. The runs span {low_ml:.3g} to {high_ml:.3g} mL: dose within that."
        body = " ".join([body, *result["warnings"]])
        return dataclasses.replace(step, body=body, metadata=self._chart(result["calibration"]["curve_data_"]))

    @property
    def _channel(self) -> int:
        return pwm_channel(self.place.config, self._role)

    @property
    def _role(self) -> str:
        """What the configuration calls the pump: media, alt_media, waste."""
        return self.device.removesuffix("_pump")

    @property
    def _recorded(self) -> list[dict[str, float]]:
        recorded: list[dict[str, float]] = self.data["recorded"]
        return recorded

    async def _pump(self, action: CalibrationAction, duration_s: float) -> float:
        """Run the pump and tell of it; nothing is counted, because the water goes beside the vial."""
        ml_per_s = self.data["tracer_ml"] / self.data["tracer_s"] if "tracer_ml" in self.data else _USUAL_ML_PER_S
        event = "remove_waste" if self._role == "waste" else f"add_{self._role}"
        dose = (action.context.experiment, event, ml_per_s * duration_s, CALIBRATION_SOURCE)
        action.context.bus.publish(DosingEvent(action.clock.utc_s(), *dose))
        return await action.run_pump(self._channel, self.data["dc"], self.data["hz"], duration_s)

    def _note_of_range(self) -> str:
        if max(self.data["durations_s"]) < _MOST_RUN_S:
            return ""
        return f" Runs are limited to {_MOST_RUN_S:g} s: the greatest volume you asked for is beyond that."

    def _chart(self, curve: dict[str, Any] | None = None) -> dict[str, Any]:
        points = [(point["duration_s"], point["volume_ml"]) for point in self._recorded]
        return chart("Pump calibration", "Duration (s)", "Volume (mL)", series("runs", "Runs", points, curve))

    async def _save(self) -> str:
        durations_s = [point["duration_s"] for point in self._recorded]
        volumes_ml = [point["volume_ml"] for point in self._recorded]
        line = fit_proportion(durations_s, volumes_ml)
        if not line.slope > 0:
            raise SessionFailedError("No water came in any run. Look at pump and tubing, then begin again.")
        await self.settle_name()
        data = self._calibration(durations_s, volumes_ml, line)
        store = self.place.calibrations
        path = await store.save(self.device, data, set_active=True, overwrite=self.data.get("overwrite", False))
        return self.complete(
            {
                "calibration": store.item(self.device, self.name),
                "calibration_link": {"device": self.device, "calibration_name": self.name, "path": path},
                "stats": {"slope": line.slope, "bias": 0.0, "std_slope": line.std_slope, "std_bias": 0.0},
                "recommended_volume_range_ml": [
                    round(line.slope * min(durations_s), 4), round(line.slope * max(durations_s), 4),
                ],
                "warnings": _warnings(line),
            }
        )  # fmt: skip

    def _calibration(self, durations_s: list[float], volumes_ml: list[float], line: Proportion) -> dict[str, Any]:
        return {
            "calibration_type": "simple_peristaltic_pump",
            "calibration_name": self.name,
            "calibrated_on_pioreactor_unit": self.place.unit,
            "created_at": timestamp(self.place.clock.utc_s()),
            "curve_data_": {"type": "poly", "coefficients": [line.slope, 0.0]},
            "x": "Duration",
            "y": "Volume",
            "recorded_data": {"x": durations_s, "y": volumes_ml},
            "hz": self.data["hz"],
            "dc": self.data["dc"],
            "voltage": self.data["voltage"],
        }


def planned_durations(volumes_ml: list[float], ml_per_s: float) -> list[float]:
    """Return the run times in seconds: four of the shortest, two between, four of the longest."""
    shortest_s = _possible(_SHORTEST_SHARE * min(volumes_ml) / ml_per_s)
    longest_s = _possible(_LONGEST_SHARE * max(volumes_ml) / ml_per_s)
    middle_s = round((shortest_s + longest_s) / 2, 4)
    return [shortest_s] * _RUNS_SHORT + [middle_s] * _RUNS_MIDDLE + [longest_s] * _RUNS_LONG


def _possible(duration_s: float) -> float:
    return round(min(max(duration_s, _LEAST_RUN_S), _MOST_RUN_S), 4)


def _warnings(line: Proportion) -> list[str]:
    warnings = []
    if line.correlation < 0:
        warnings.append("Longer runs gave less water: the volumes do not fit the run times. Calibrate again.")
    if line.std_slope > _LARGE_STD_SLOPE:
        warnings.append(f"The runs differ a lot (slope {line.slope:.4f} ± {line.std_slope:.4f} mL/s). Calibrate again.")
    return warnings
