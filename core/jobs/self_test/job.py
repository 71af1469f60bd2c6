"""The self-test: runs the tests in order, tells and keeps what each found."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.jobs.od_reading.channels import read_channels
from core.jobs.self_test import board_tests, light_tests
from core.jobs.self_test.bench import Bench, LeftOutError, Verdict
from core.plugins.api import (
    BadRequestError,
    BoardError,
    Config,
    ConflictError,
    Group,
    Job,
    JobDeclaration,
    Option,
    PartTested,
    ServiceError,
    StartPlace,
    StopOrder,
    pwm_channel,
    pwm_output,
)

RESULTS_STORE = "self_test_results"
ALL_PASSED = "all_tests_passed"
_TEST_TIMEOUT_S = 180.0
_IN_THE_WAY = ("od_reading", "od_blank", "stirring", "self_test")
_AUTOMATION = "_automation"

# In the order they run; the names are those of Pioreactor software.
TESTS: dict[str, Callable[[Bench], Awaitable[Verdict]]] = {
    "test_pioreactor_HAT_present": board_tests.board_answers,
    "test_all_positive_correlations_between_pds_and_leds": light_tests.correlations_between_leds_and_photodiodes,
    "test_ambient_light_interference": light_tests.ambient_light,
    "test_dark_offset_correction_is_effective": light_tests.dark_offset,
    "test_REF_is_lower_than_0_dot_256_volts": light_tests.reference_level,
    "test_REF_is_in_correct_position": light_tests.reference_position,
    "test_PD_is_near_0_volts_for_blank": light_tests.blank_level,
    "test_detect_heating_pcb": board_tests.heater_board_answers,
    "test_positive_correlation_between_temperature_and_heating": board_tests.heat_follows_duty,
    "test_positive_correlation_between_rpm_and_stirring": board_tests.speed_follows_duty,
    "test_aux_power_is_not_too_high": board_tests.supply_is_not_too_high,
}


class SelfTest(Job):
    """The self_test action; it takes about three minutes, with water in the vial."""

    declaration = JobDeclaration(
        job_name="self_test",
        label="Self-test",
        help="Test light, heat, motion and supply, with a vial of water and a stir bar in its place.",
        group=Group.CHECK,
        stop_order=StopOrder.OUTPUTS,
        is_action=True,
        options=(
            Option("k", "text", help="only tests whose name has this in it", label="Only tests named"),
            Option("retry_failed", "boolean", help="only tests that failed last time", default=False,
                   label="Only what failed last time"),
        ),
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channels = read_channels(config)

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The channels of motor and heater."""
        return tuple(pwm_output(pwm_channel(config, role)) for role in ("stirring", "heating"))

    def check_start(self, place: StartPlace) -> None:
        """Refuse while something else measures or moves, and where no test is meant."""
        busy = [name for name in sorted(place.running) if name in _IN_THE_WAY or name.endswith(_AUTOMATION)]
        if busy:
            names = ", ".join(busy)
            raise ConflictError(f"{names} is running.", remedy=f"Stop {names} first.", holder=busy[0])
        if not self._named():
            raise BadRequestError(
                f"No test has {self.options['k']!r} in its name.",
                remedy="Use a part of one of the names in `known`.",
                fields=["k"],
                known=list(TESTS),
            )

    async def work(self) -> None:
        """Run the tests that are meant, one after the other."""
        names = [name for name in self._named() if not self.options["retry_failed"] or self._failed_before(name)]
        if not names:
            self.log.info("No test failed last time: there is nothing to try again.")
            return
        bench = Bench(self.context, self.config, self._channels, self.sleep)
        failed = [name for name in names if await self._run(name, bench) is False]
        await self._switch_off(bench)
        self._keep(ALL_PASSED, not failed)
        if failed:
            self.log.error("%d of %d tests failed: %s.", len(failed), len(names), ", ".join(failed))
        else:
            self.log.info("All of %d tests passed.", len(names))

    def _named(self) -> list[str]:
        return [name for name in TESTS if (self.options["k"] or "") in name]

    def _failed_before(self, name: str) -> bool:
        return bool(self.context.store.get(RESULTS_STORE, name) == 0)

    async def _run(self, name: str, bench: Bench) -> bool | None:
        """Run one test; return whether it passed, None when it does not apply."""
        try:
            async with asyncio.timeout(_TEST_TIMEOUT_S):
                await bench.prepare()
                verdict = await TESTS[name](bench)
        except LeftOutError as why:
            self.log.info("%s was left out: %s.", name, why)
            self.context.bus.publish(PartTested(name, None, str(why)))
            return None
        except TimeoutError:
            verdict = Verdict(False, f"it took longer than {_TEST_TIMEOUT_S:g} s")
        except (BoardError, ServiceError) as error:
            verdict = Verdict(False, f"{str(error).rstrip('.')}. {error.remedy}".strip())
        for setting, value in verdict.found.items():
            self.publish(setting, value)
        detail = verdict.detail if verdict.detail.endswith((".", "?")) else f"{verdict.detail}."
        if verdict.passed:
            self.log.info("%s passed: %s", name, detail)
        else:
            self.log.error("%s failed: %s", name, detail)
        self._keep(name, verdict.passed)
        self.context.bus.publish(PartTested(name, verdict.passed, detail, verdict.measured))
        await self._switch_off(bench)
        return verdict.passed

    async def _switch_off(self, bench: Bench) -> None:
        try:
            await bench.switch_off()
        except (BoardError, ServiceError) as error:
            self.log.warning("The board did not confirm that motor and heater are off: %s", error)

    def _keep(self, name: str, passed: bool) -> None:
        """Publish a result, and keep it for the next time."""
        self.publish(name, int(passed))
        self.context.store.set(RESULTS_STORE, name, int(passed))
