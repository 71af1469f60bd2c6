"""The cards of the System page: what each shows of the unit and of the service's facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication, QDateTime

from gui import theme
from gui.connection_words import standing
from gui.moments import exact
from gui.service_client import ServiceClient
from gui.system.card import SystemCard
from gui.system.facts import SystemFacts, mqtt_words, space_words, up_words
from gui.unit import Unit, utc_s_of

# Clocks that differ by less than this agree for all a culture knows.
_SAME_CLOCK_S = 1.0
_SAME_CLOCK_DIGITS = 1


def _tr(text: str) -> str:
    return QCoreApplication.translate("system", text)


class BoardCard(SystemCard):
    """Which board is in use, and how it stands."""

    def __init__(self) -> None:
        super().__init__(_tr("Board"), "board", _tr("Name"), _tr("Serial number"), _tr("Firmware"), _tr("Port"))
        self.faults = self.add_note("")
        theme.set_tone(self.faults, "alarm")
        self.faults.hide()
        self.choose_button = self.add_button(
            _tr("Choose board…"), "board", _tr("A board plugged in, or a simulated one")
        )
        self.clear_button = self.add_button(
            _tr("Clear faults"), "check", _tr("Let the outputs that a fault switched off be used again")
        )
        self.clear_button.hide()

    def show_board(self, unit: Unit) -> None:
        """Show the board in use."""
        board = unit.board
        stands = standing(unit)
        self.state.show_state(stands.word, stands.icon, stands.tone, stands.detail)
        self.state.show()
        values = (
            board.get("board_name") or (_tr("Simulated board") if board.get("is_simulated") else ""),
            board.get("serial_number") or "",
            board.get("firmware_version") or "",
            _tr("none, simulated") if board.get("is_simulated") else board.get("url") or _tr("none"),
        )
        for caption, value in zip(self.facts.captions(), values, strict=True):
            self.facts.show_value(caption, str(value))
        faults = [str(fault).replace("_", " ") for fault in board.get("faults") or []]
        self.faults.setVisible(bool(faults))
        self.faults.setText(
            _tr("Faults: {}. What they concern is off until they are cleared.").format(", ".join(faults))
        )
        self.clear_button.setVisible(bool(faults))


class LinkCard(SystemCard):
    """How well frames come through between computer and board."""

    def __init__(self) -> None:
        counted = _tr("Frames lost"), _tr("Commands repeated")
        super().__init__(_tr("Link"), "link", _tr("Round trip"), *counted, _tr("Supply"), _tr("Heater board"))

    def show_board(self, unit: Unit) -> None:
        """Show the link's quality, with the time since when it is counted."""
        board = unit.board
        is_there = unit.service.is_live and board.get("state") in ("connected", "degraded")
        lost, repeated = int(board.get("frames_lost") or 0), int(board.get("commands_repeated") or 0)
        values = (
            _with_unit(board.get("round_trip_ms"), 1, "ms"),
            str(lost),
            str(repeated),
            _with_unit(board.get("supply_v"), 2, "V"),
            _with_unit(board.get("heater_celsius"), 1, "°C"),
        )
        for caption, value in zip(self.facts.captions(), values, strict=True):
            self.facts.show_value(caption, value if is_there else "")
        if not is_there:
            self.state.show_state(_tr("No link"), "disconnected", "quiet")
        elif board.get("state") == "degraded":
            self.state.show_state(_tr("Degraded"), "warning", "warn", str(board.get("detail") or ""))
        elif lost or repeated:
            self.state.show_state(_tr("Mended"), "note", "note", _tr("What was lost was sent again."))
        else:
            self.state.show_state(_tr("Clean"), "ok", "ok", _tr("Nothing was lost."))
        self.state.show()


class StorageCard(SystemCard):
    """Room on the disk and in memory, and the way into the data folder."""

    def __init__(self) -> None:
        super().__init__(_tr("Storage"), "storage", _tr("Disk"), _tr("Memory"))
        self.browse_button = self.add_button(
            _tr("Browse data folder"), "folder", _tr("Look at files, save copies, remove what is not needed")
        )
        self.backup_button = self.add_button(
            _tr("Back up…"), "backup", _tr("Save the whole data folder as one archive")
        )
        self.restore_button = self.add_button(_tr("Restore…"), "restore", _tr("Replace the data folder by an archive"))

    def show_facts(self, facts: SystemFacts) -> None:
        """Show how much room there is."""
        for caption, about in zip(self.facts.captions(), ("disk", "memory"), strict=True):
            words, tone = space_words(facts.answers.get(about))
            self.facts.show_value(caption, words, _hint(facts, about), tone)


class ClockCard(SystemCard):
    """The service's time beside this computer's."""

    def __init__(self) -> None:
        super().__init__(_tr("Clock"), "clock", _tr("Service"), _tr("This computer"), _tr("Difference"))
        self.add_note(_tr("The board keeps no clock: its readings get the service's time."))
        self.compare_button = self.add_button(
            _tr("Compare clocks…"), "clock", _tr("Tell the unit this computer's time, and see how far it is off")
        )

    def show_facts(self, facts: SystemFacts, speed: float) -> None:
        """Show both times and what lies between them."""
        told = facts.text("clock", "clock_time")
        here_s = QDateTime.currentMSecsSinceEpoch() / 1000
        here = datetime.fromtimestamp(here_s, UTC)
        if not told:
            values, tone = ("", exact(here), ""), ""
        else:
            apart_s = utc_s_of(told) - here_s
            words, tone = _apart_words(apart_s, speed)
            values = exact(datetime.fromisoformat(told)), exact(here), words
        for caption, value in zip(self.facts.captions(), values, strict=True):
            self.facts.show_value(
                caption, value, _hint(facts, "clock"), tone if caption == self.facts.captions()[2] else ""
            )


class SoftwareCard(SystemCard):
    """Versions, and updates."""

    def __init__(self) -> None:
        super().__init__(_tr("Software"), "update", _tr("Vialdesk"), _tr("Board's firmware"))
        self.add_note(_tr("The board takes no firmware over its link; that is changed by hand."))
        self.update_button = self.add_button(_tr("Update Vialdesk…"), "update")
        self.firmware_button = self.add_button(_tr("How to change firmware…"), "firmware")

    def show_facts(self, facts: SystemFacts, unit: Unit) -> None:
        """Show what runs."""
        self.facts.show_value(self.facts.captions()[0], facts.text("version", "version"), _hint(facts, "version"))
        self.facts.show_value(self.facts.captions()[1], str(unit.board.get("firmware_version") or ""))


class WebServerCard(SystemCard):
    """Where the service listens, and who may talk to it."""

    def __init__(self) -> None:
        captions = _tr("Address"), _tr("Reached from"), _tr("Token"), _tr("Running for"), _tr("MQTT")
        super().__init__(_tr("Web server"), "server", *captions)
        self.who = self.add_note("")
        self.token_button = self.add_button(_tr("Show a new token…"), "key")
        self.token_button.hide()
        self.restart_button = self.add_button(_tr("Restart web server…"), "refresh")

    def show_facts(self, facts: SystemFacts, client: ServiceClient) -> None:
        """Show the address, from where it is reached, and what a token is needed for."""
        access = facts.answers.get("access", {})
        values = (
            client.base_url,
            _reach(facts, access),
            _token_words(access),
            up_words(facts.text("web_server", "raw_status")),
        )
        hint = _hint(facts, "access")
        for caption, value in zip(self.facts.captions()[:4], values, strict=True):
            self.facts.show_value(caption, value, hint if not access else "")
        words, more, tone = mqtt_words(facts.answers.get("mqtt"))
        self.facts.show_value(self.facts.captions()[4], words, more or _hint(facts, "mqtt"), tone)
        state = facts.text("web_server", "state")
        if state == "ready":
            self.state.show_state(_tr("Ready"), "ok", "ok")
        elif state:
            self.state.show_state(_tr("Going down"), "warning", "warn")
        self.state.setVisible(bool(state))
        self.token_button.setVisible(bool(access.get("needs_token")))
        self.who.setText(_who_words(access))
        self.who.setVisible(bool(access))


def _reach(facts: SystemFacts, access: dict[str, Any]) -> str:
    """Say from where the service can be reached, with the addresses others use."""
    if not access:
        return ""
    if not access["beyond_this_computer"]:
        return _tr("this computer only")
    addresses = facts.text("addresses", "ipv4_address").replace(",", ", ")
    return _tr("other computers too, at {}").format(addresses) if addresses else _tr("other computers too")


def _token_words(access: dict[str, Any]) -> str:
    if not access:
        return ""
    if not access["needs_token"]:
        return _tr("not needed")
    if not access["has_token"]:
        return _tr("none given out yet")
    made = access.get("token_made_at")
    return _tr("made {}").format(exact(datetime.fromisoformat(made))) if made else _tr("given out")


def _who_words(access: dict[str, Any]) -> str:
    if not access.get("needs_token"):
        return _tr(
            "Every program on this computer may talk to it. To let other computers in, set host in section [http] of "
            "config.ini and start Vialdesk again: from then on requests need a token."
        )
    return _tr(
        "Whoever has the token may do everything that can be done here. It is shown once, when it is made, and only "
        "its fingerprint is kept; a new one shuts out whoever has the old one."
    )


class PowerCard(SystemCard):
    """Restarting, shutting down, and mending."""

    def __init__(self) -> None:
        super().__init__(_tr("Power and repair"), "power")
        self.facts.hide()
        self.add_note(_tr("Each says what will happen before it is done. Stop all, at the top, is always at hand."))
        self.reboot_button = self.add_button(_tr("Restart board and service…"), "refresh")
        self.repair_button = self.add_button(_tr("Check and repair…"), "repair")
        self.shutdown_button = self.add_button(_tr("Shut down…"), role="danger")


def _with_unit(value: float | None, digits: int, measure: str) -> str:
    return "" if value is None else f"{value:.{digits}f} {measure}".replace("-", "−")


def _hint(facts: SystemFacts, about: str) -> str:
    trouble = facts.troubles.get(about)
    return f"{trouble.error} {trouble.remedy}".strip() if trouble is not None else ""


def _apart_words(apart_s: float, speed: float) -> tuple[str, str]:
    if speed != 1.0:
        return f"The simulated time runs {speed:g} times as fast", "note"
    if abs(apart_s) < _SAME_CLOCK_S:
        return "less than 1 s", ""
    return f"service {abs(apart_s):.{_SAME_CLOCK_DIGITS}f} s {'ahead' if apart_s > 0 else 'behind'}", "warn"
