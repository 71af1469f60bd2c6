"""Times without readings: each is shaded where it is, says why where it fits, and no words lie on others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_bench import START_S, LiveBench, buckets, raw
from loop_driver import LoopDriver
from pytestqt.qtbot import QtBot
from stand_in_service import StandInService

from gui.live.gaps import Gap, merged, to_shade
from gui.live.utc_text import utc_text

LINK_LOST = "the link to the board was lost"


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def broken(*breaks_s: tuple[float, float], reason: str = LINK_LOST, step_s: float = 5.0) -> dict[str, Any]:
    """Return a record of 1000 s up to START_S without readings in these spans (seconds before START_S)."""
    answer = raw(int(1000 / step_s), step_s=step_s)
    kept = [t for t in answer["data"][0] if not any(START_S - a < t < START_S - b for a, b in breaks_s)]
    gaps = [{"t": START_S - a + 1.0, "reason": reason} for a, _ in breaks_s]
    return answer | {"data": [kept, [0.2] * len(kept)], "gaps": gaps}


def shaded(live: LiveBench, pane: str = "optical_density") -> list[tuple[float, float, str]]:
    """Return what is shaded in a pane: seconds before START_S, and why."""
    live.draw()
    gaps = live.page.stack.panes[pane].lost_times.gaps
    return [(START_S - gap.start_s, START_S - gap.end_s, gap.words) for gap in gaps]


def test_every_recorded_gap_is_shaded_in_every_pane(live: LiveBench) -> None:
    breaks = ((900.0, 800.0), (790.0, 700.0), (500.0, 490.0), (300.0, 200.0))
    live.begin(recorded={"od2": broken(*breaks), "measured_rpm": broken(*breaks, step_s=10.0)})
    assert shaded(live) == [(*span, "Board lost") for span in breaks]
    assert shaded(live, "temperature") == [(*span, "Board lost") for span in breaks]
    assert [words for _, _, words in shaded(live, "stirring")] == ["Board lost"] * 4


def test_a_gap_that_began_before_the_window_came_is_shaded_while_it_lasts_and_after(live: LiveBench) -> None:
    answer = raw(10) | {"gaps": [{"t": START_S - 4, "reason": LINK_LOST}]}
    live.at_s += 60
    live.begin(recorded={"od2": answer}, board={"link": "disconnected", "state": "lost", "since": utc_text(START_S)})
    [(start_s, end_s, words)] = shaded(live)
    assert (start_s, words) == (5.0, "Board lost")
    assert end_s == pytest.approx(-60, abs=2)
    live.at_s += 30
    live.tell("board", state="connected", link="connected", since=utc_text(live.at_s))
    live.read("od2", 0.2)
    assert shaded(live) == [(5.0, -95.0, "Board lost")]


def test_a_gap_known_from_buckets_only_keeps_its_reason(live: LiveBench) -> None:
    answer = buckets(100, 60.0)
    answer["data"] = [[*column[:50], *column[70:]] for column in answer["data"]]
    last_s = answer["data"][0][49]
    live.begin(recorded={"od2": answer | {"gaps": [{"t": last_s + 12, "reason": LINK_LOST}]}})
    assert shaded(live) == [(START_S - last_s - 6, START_S - last_s - 21 * 60, "Board lost")]


def test_gaps_seen_and_gaps_loaded_are_both_shaded(live: LiveBench) -> None:
    live.begin(recorded={"od2": broken((400.0, 300.0))})
    for lasts_s in (60.0, 120.0):
        live.read("od2", 0.2)
        live.tell("gap", series="od2", reason=LINK_LOST)
        live.tell("board", state="lost", link="disconnected", since=utc_text(live.at_s))
        live.at_s += lasts_s
        live.tell("board", state="connected", link="connected", since=utc_text(live.at_s))
        live.read("od2", 0.2)
    assert shaded(live) == [(400.0, 300.0, "Board lost"), (-5.0, -70.0, "Board lost"), (-75.0, -200.0, "Board lost")]


def test_a_gap_during_a_lost_service_is_shaded_when_it_is_back(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.tell("board", state="lost", link="disconnected", since=utc_text(START_S))
    live.unit.set_service("lost", "It ended.")
    live.at_s += 100
    late = {"t": START_S + 1, "reason": LINK_LOST}
    fresh = raw(2) | {"data": [[START_S - 5, START_S + 60], [0.2] * 2]}
    live.begin(recorded={"od2": fresh | {"gaps": [late]}})
    live.driver.until(lambda: len(live.page.stack.curves["od2"].buffer) == 11, "what came meanwhile is loaded")
    assert shaded(live) == [(5.0, -60.0, "Board lost")]


def test_a_paused_job_is_no_trouble_and_concerns_its_own_pane_only(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10), "measured_rpm": raw(10)})
    live.tell("gap", series="od2", reason="od_reading sleeps")
    live.read("od2", 0.2, after_s=100)
    live.draw()
    [paused] = live.page.stack.panes["optical_density"].lost_times.gaps
    assert (paused.words, paused.short, paused.is_trouble) == ("Optical density paused", "Paused", False)
    assert shaded(live, "stirring") == []


def test_what_was_stopped_is_over_and_lacks_nothing(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.tell("gap", series="od2", reason="od_reading ended")
    live.at_s += 600
    live.tell("reading", series="measured_rpm", value=500.0)
    assert shaded(live) == []
    live.read("od2", 0.2)
    assert shaded(live) == [(5.0, -605.0, "Optical density stopped")]


def test_words_stand_only_where_they_fit_and_never_on_others(live: LiveBench, qtbot: QtBot) -> None:
    breaks = tuple((980.0 - 20 * index, 968.0 - 20 * index) for index in range(20))
    live.begin(recorded={"od2": broken((500.0, 200.0), *breaks, step_s=2.0)})
    shades = live.page.stack.panes["optical_density"].lost_times
    for width_px in (700, 900, 1600):
        live.window.resize(width_px, 600)
        live.draw()
        assert len(shades.gaps) == 21
        assert [words.text for words in shades.words_shown()] == ["Board lost"]
    live.page.view.show_span(START_S - 1000, START_S - 900)
    live.draw()
    shown = shades.words_shown()
    assert {words.text for words in shown} <= {"Board lost", "Lost"}
    assert len(shown) >= 4
    for words in shown:
        assert any(gap.start_s <= words.left_s and words.right_s <= gap.end_s for gap in shades.gaps)


def test_the_tooltip_tells_of_every_gap_however_narrow(live: LiveBench) -> None:
    live.begin(recorded={"od2": broken((500.0, 495.0))})
    live.draw()
    shades = live.page.stack.panes["temperature"].lost_times
    shades.explain(START_S - 497)
    assert shades.toolTip().startswith("Board lost, 5 s\n")
    shades.explain(START_S - 480)
    assert shades.toolTip() == ""


def gap(start_s: float, end_s: float, *, trouble: bool = True) -> Gap:
    return Gap(start_s, end_s, "trouble" if trouble else "paused", "", trouble)


def test_overlapping_gaps_become_one_told_by_the_trouble() -> None:
    whole = merged([gap(5, 9), gap(0, 6, trouble=False), gap(20, 21)])
    assert whole == [gap(0, 9), gap(20, 21)]
    assert to_shade([gap(0, 6)], [gap(1, 9), gap(20, 21)]) == [gap(0, 6), gap(20, 21)]


def test_a_break_nobody_explained_is_explained_by_a_trouble_of_that_time() -> None:
    silent = Gap(0, 6, "No readings", "", is_trouble=False, is_explained=False)
    assert to_shade([silent], [gap(1, 9)]) == [gap(0, 6)]
    assert to_shade([silent], [gap(8, 9)]) == [silent, gap(8, 9)]
    assert to_shade([gap(0, 6, trouble=False)], [gap(1, 9)]) == [gap(0, 6, trouble=False)]
