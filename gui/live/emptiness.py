"""What the Live page says while there is no curve: why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from gui.connection_words import standing
from gui.live.history import History
from gui.live.session import Session
from gui.unit import Unit

RETRY = "retry"
START = "start"


@dataclass(frozen=True)
class Emptiness:
    """Icon, headline, sentences, and the button's text; `does` is what the button means, "" without one."""

    icon: str
    headline: str
    words: str
    button: str = ""
    does: str = ""
    tone: str = "quiet"


def _tr(text: str) -> str:
    return QCoreApplication.translate("live", text)


def emptiness(unit: Unit, history: History, session: Session) -> Emptiness:
    """Return what to say instead of curves."""
    if history.trouble is not None and history.state == "failed":
        why = " ".join(part for part in (history.trouble.cause, history.trouble.remedy) if part)
        return Emptiness("warning", history.trouble.error, why, _tr("Try again"), RETRY, "warn")
    connection = standing(unit)
    if not unit.service.is_live:
        return Emptiness(connection.icon, connection.word, f"{connection.detail} {connection.remedy}".strip())
    if history.state == "loading":
        return Emptiness("working", _tr("Loading the experiment"), _tr("The curves so far are being fetched."))
    if connection.needs_attention:
        words = f"{connection.detail} {connection.remedy}".strip()
        return Emptiness(connection.icon, connection.word, words, tone=connection.tone)
    if session.is_pending and not session.is_measuring:
        words = _tr("The stir bar is brought to speed, then the light source warms up.")
        return Emptiness("working", _tr("Starting"), words, tone="note")
    if unit.is_running("od_reading"):
        words = _tr("The light source is warming up. The curve begins in a few seconds.")
        return Emptiness("optical-density", _tr("Waiting for the first reading"), words, tone="note")
    return Emptiness(
        "live",
        _tr("Nothing measured yet"),
        _tr("Start stirs the culture and measures its optical density. The curve grows here, and is kept for good."),
        _tr("Start"),
        START,
    )
