"""Where curves break off: found in the curves themselves, explained by what the record and the link tell of them."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QCoreApplication

from gui.live.series_buffer import SeriesBuffer
from gui.words import job_title

# A mark this many seconds before a break belongs to it: what was measured last may be younger than what was kept.
_SAME_S = 5.0
_ENDED, _SLEEPS = " ended", " sleeps"


@dataclass(frozen=True)
class Gap:
    """A span of UTC seconds without readings.

    Attributes:
        start_s, end_s: the last reading before and the first one after, or now.
        words: why, for a person.
        short: the same in a word, for narrow places.
        is_trouble: whether something failed; False when a job was paused, stopped or merely slow.
        is_explained: whether anybody told why.
    """

    start_s: float
    end_s: float
    words: str
    short: str
    is_trouble: bool
    is_explained: bool = True


class GapMarks:
    """What was told of one series' gaps: from when on readings are missing, and why."""

    def __init__(self) -> None:
        self._marks: list[tuple[float, str]] = []

    def add(self, utc_s: float, reason: str) -> None:
        """Note a mark; the same may be told live and again by the record."""
        mark = (round(utc_s, 3), reason)
        at = bisect.bisect_left(self._marks, mark)
        if self._marks[at : at + 1] != [mark]:
            self._marks.insert(at, mark)

    def clear(self) -> None:
        """Forget every mark."""
        self._marks.clear()

    def reason_of(self, start_s: float, end_s: float) -> str | None:
        """Return why a curve breaks between two times: the first trouble, else the first mark, None when none is."""
        first = bisect.bisect_left(self._marks, (start_s - _SAME_S, ""))
        last = bisect.bisect_left(self._marks, (end_s, ""))
        reasons = [reason for _, reason in self._marks[first:last]]
        return next((reason for reason in reasons if _is_trouble(reason)), reasons[0] if reasons else None)

    def gaps(self, buffer: SeriesBuffer, span: tuple[float, float], now_s: float) -> list[Gap]:
        """Return every break of a curve within a span, and the one that lasts until `now_s`."""
        found = [self._explain(start_s, end_s) for start_s, end_s in buffer.breaks(span)]
        latest = buffer.latest()
        if latest is not None and buffer.is_broken_off and latest[0] < now_s:
            reason = self.reason_of(latest[0], now_s)
            # After a job that was stopped the curve is over: nothing is missing.
            if reason is not None and not reason.endswith(_ENDED):
                found.append(self._explain(latest[0], now_s))
        return found

    def _explain(self, start_s: float, end_s: float) -> Gap:
        reason = self.reason_of(start_s, end_s)
        is_told = reason is not None
        return Gap(start_s, end_s, *_words(reason), reason is not None and _is_trouble(reason), is_told)


def merged(gaps: Iterable[Gap]) -> list[Gap]:
    """Return gaps in order and without overlap; where some overlap, the one of trouble gives the words."""
    whole: list[Gap] = []
    for gap in sorted(gaps, key=_start):
        if not whole or gap.start_s >= whole[-1].end_s:
            whole.append(gap)
            continue
        before = whole[-1]
        teller = gap if gap.is_trouble and not before.is_trouble else before
        whole[-1] = replace(teller, start_s=before.start_s, end_s=max(before.end_s, gap.end_s))
    return whole


def to_shade(own: Iterable[Gap], troubles: Iterable[Gap]) -> list[Gap]:
    """Return what to shade in a pane: the breaks of its own curves, and troubles elsewhere that touch none of them.

    A break nobody explained is explained by a trouble elsewhere at the same time.
    """
    breaks, others = merged(own), []
    for trouble in troubles:
        touched = [i for i, gap in enumerate(breaks) if gap.start_s < trouble.end_s and trouble.start_s < gap.end_s]
        for index in touched:
            if not breaks[index].is_explained:
                breaks[index] = replace(trouble, start_s=breaks[index].start_s, end_s=breaks[index].end_s)
        if not touched:
            others.append(trouble)
    return merged([*breaks, *others])


def _start(gap: Gap) -> float:
    return gap.start_s


def _is_trouble(reason: str) -> bool:
    return not reason.endswith((_ENDED, _SLEEPS))


def _words(reason: str | None) -> tuple[str, str]:
    if reason is None:
        return _tr("No readings"), ""
    for ending, words, short in ((_ENDED, "{job} stopped", "Stopped"), (_SLEEPS, "{job} paused", "Paused")):
        if reason.endswith(ending):
            return _tr(words).format(job=job_title(reason.removesuffix(ending))), _tr(short)
    if "link to the board" in reason:
        return _tr("Board lost"), _tr("Lost")
    return reason[:1].upper() + reason[1:], ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("live", text)
