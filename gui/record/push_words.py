"""How pushing the record stands, and what waits, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from gui.moments import ago, duration
from gui.record.outcomes import outcome_shown
from gui.record.run import day_words, procedure_title
from gui.service_client import ServiceTroubleError
from gui.unit import utc_s_of
from gui.words import listing, sentences

PUSH = "/unit_api/record/push"


@dataclass(frozen=True)
class Standing:
    """How it stands: an icon, a tone, one line, when it goes on or was last, and what more there is to know."""

    icon: str
    tone: str
    headline: str
    when: str = ""
    detail: str = ""


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("push", text)


def host_of(url: str) -> str:
    """Return a server for people, such as tofupilot.example."""
    return urlsplit(url).netloc or url


def waiting_count(state: dict[str, Any]) -> int:
    """Return how many things wait for their turn."""
    return int(state["waiting_runs"] + state["waiting_files"] + state["waiting_units"])


def waiting_words(state: dict[str, Any]) -> str:
    """Say what waits: "3 runs and 1 file"."""
    counted = (
        (state["waiting_runs"], tr("1 run"), tr("{} runs")),
        (state["waiting_files"], tr("1 file"), tr("{} files")),
        (state["waiting_units"], tr("1 unit"), tr("{} units")),
    )
    return listing([one if count == 1 else many.format(count) for count, one, many in counted if count])


def standing(state: dict[str, Any], now_s: float) -> Standing:
    """Say how pushing stands at a moment of the service's clock, in UTC seconds."""
    host = host_of(state["url"])
    if state["state"] == "off":
        return Standing("push", "quiet", tr("The record is not pushed"))
    if state["state"] == "paused":
        trouble = state["paused"]
        return Standing("pause", "warn", tr("Pushing is paused"), "", sentences(trouble["what"], trouble["remedy"]))
    trouble = state["last_error"]
    refused = _refused_words(state, host)
    detail = sentences(*(() if trouble is None else (trouble["what"], trouble["remedy"])), refused)
    count = waiting_count(state)
    if state["state"] == "waiting":
        words = tr("{} waits to be sent to {}") if count == 1 else tr("{} wait to be sent to {}")
        left_s = utc_s_of(state["next_try_at"]) - now_s if state["next_try_at"] else 0.0
        when = tr("Next try in {}").format(duration(left_s)) if left_s >= 1 else tr("Next try now")
        headline = words.format(waiting_words(state), host)
        return Standing("clock", "warn" if trouble else "quiet", headline, when, detail)
    if state["state"] == "sending":
        return Standing("working", "note", tr("Sending {} to {}").format(waiting_words(state), host))
    return _at_rest(state, host, count, now_s)


def _at_rest(state: dict[str, Any], host: str, count: int, now_s: float) -> Standing:
    if refused := _refused_words(state, host):
        hint = tr("Mark a refused line to see why; when that is put right, try again.")
        return Standing("warning", "warn", refused, "", hint)
    if count:
        return Standing("clock", "quiet", tr("{} to be sent to {}").format(waiting_words(state), host))
    if state["left_out_count"]:
        words = tr("{} things did not fit into the queue").format(state["left_out_count"])
        return Standing("warning", "warn", words, "", tr("Send earlier runs to have them sent."))
    if state["last_sent_at"] is None:
        return Standing("ok", "ok", tr("Pushing to {}").format(host), tr("Nothing sent yet"))
    when = ago(max(0.0, now_s - utc_s_of(state["last_sent_at"])))
    return Standing("ok", "ok", tr("All sent to {}").format(host), tr("Last sent {}").format(when))


def _refused_words(state: dict[str, Any], host: str) -> str:
    count = state["stopped_count"]
    words = tr("{} refused 1 thing") if count == 1 else tr("{} refused {} things")
    return words.format(host, count) if count else ""


def refusal_words(trouble: ServiceTroubleError) -> str:
    """Say what the service refused, why, and what to do: of two fields nobody must be told which."""
    return sentences(trouble.error, trouble.cause if trouble.cause != trouble.error else "", trouble.remedy)


def item_words(item: dict[str, Any]) -> str:
    """Say what it is that waits: "Failed · Self-test, 3 March 14:05", "File raw.csv", "Unit"."""
    if item["kind"] == "unit":
        return tr("Unit")
    if item["kind"] == "run":
        when = day_words(utc_s_of(item["started_at"]))
        return f"{outcome_shown(item['outcome'])[0]} · {procedure_title(item['procedure_name'])}, {when}"
    return tr("File {}").format(item["file_name"])


def state_words(item: dict[str, Any]) -> tuple[str, str, str]:
    """Return word, icon and tone of how something stands that waits."""
    if item["is_stopped"]:
        return tr("Refused"), "refused", "warn"
    if item["reason"]:
        return tr("Tried, waits"), "clock", "quiet"
    return tr("Waits"), "clock", "quiet"
