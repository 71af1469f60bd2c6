"""Whatever happens to a dose: what is told of it is what the pump moved, and the vial's count keeps its limits."""

from __future__ import annotations

import asyncio

import pytest
from bent_service import bent, misbehave, truth
from dosed_vial import PERCENTS, doses, vial
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs.runner import StartRequest

_PUMPS = {"add_media": "media_ml", "add_alt_media": "alt_media_ml", "remove_waste": "waste_ml"}
# Each start of a pump moves a little more or less than its calibration says, by 2 % as a standard deviation.
_DOSE_ERROR = 0.08
_SPIN_UP_ML = 0.02
_PIECE_ML = 5.0 * 0.11
# A board that hangs with a pump on lets it run until it goes on, or its watchdog resets it after 2 s.
_WATCHDOG_ML = 2.0 * 0.11
_SECONDS = st.floats(0.3, 12).map(lambda seconds: round(seconds, 2))
# The board can say in the end how long it ran the pump.
_TOLD = st.one_of(st.just(""), st.sampled_from(["drop 0.2", "duplicate 0.5", "corrupt 0.2", "delay 0.1", "hang 1"]))
# What the board did last may stay unknown: it is counted as run.
_UNKNOWN = st.one_of(_SECONDS.map(lambda seconds: f"unplug {seconds}"), st.sampled_from(["reboot", "hang 9"]))


@given(
    name=st.sampled_from(sorted(_PUMPS)),
    ml=st.floats(0.05, 2.5),
    after_s=_SECONDS,
    trouble=st.one_of(_TOLD, _UNKNOWN),
    stop_s=st.one_of(st.none(), _SECONDS),
)
@settings(max_examples=25, deadline=None)
def test_what_is_told_is_what_was_pumped_also_with_early_stops_and_faults(
    tmp_path_factory: pytest.TempPathFactory, name: str, ml: float, after_s: float, trouble: str, stop_s: float | None
) -> None:
    async def run() -> None:
        # The waste tube takes air where there is no liquid above its tip, at 15 ml.
        really_ml = 17.9 if name == "remove_waste" else 15.0
        async with vial(tmp_path_factory.mktemp("data"), volume_ml=really_ml) as (service, told):
            job = service.jobs.start(StartRequest(name, {"ml": ml}))
            await asyncio.sleep(after_s)
            if trouble:
                misbehave(service, trouble)
            if stop_s is not None:
                await asyncio.sleep(stop_s)
                job.end()
            async with asyncio.timeout(300):
                await job.gone.wait()
            misbehave(service, "heal")
            await asyncio.sleep(60)
            state = truth(service)
            assert not any(state[percent] for percent in PERCENTS)
            told_ml = sum(doses(told, name))
            pumped_ml = state[_PUMPS[name]]
            assert -1e-9 <= told_ml <= ml + 1e-9
            unsaid_ml = _WATCHDOG_ML if trouble.startswith("hang") else 0.0
            assert pumped_ml <= told_ml * (1 + _DOSE_ERROR) + _SPIN_UP_ML + unsaid_ml, "more moved than was told"
            unknown_ml = _PIECE_ML if trouble.startswith(("unplug", "reboot", "hang 9")) else 0.0
            assert told_ml <= pumped_ml * (1 + _DOSE_ERROR) + _SPIN_UP_ML + unknown_ml
            values = service.bioreactor.values(job.context.experiment)
            added_ml = 0.0 if name == "remove_waste" else told_ml
            assert values["current_volume_ml"] == pytest.approx(15 + added_ml)
            assert 0 <= values["alt_media_fraction"] <= 1
            verb = "removed" if name == "remove_waste" else "added"
            total = values[f"cumulative_{_PUMPS[name].removesuffix('_ml')}_{verb}_ml"]
            assert total == pytest.approx(told_ml)

    bent(run())
