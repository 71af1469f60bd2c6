"""How the program ends: its exit codes, and the error that carries one with a message a person can act on."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How the program ends."""

    OK = 0
    FAULT = 1
    USAGE = 2
    PORT_TAKEN = 3
    FOLDER_OWNED = 4
    BOARD_REFUSED = 5
    FOLDER_UNUSABLE = 6
    NO_DISPLAY = 7
    # The program was updated; whoever started it is to start it again.
    UPDATED = 8


class StartError(Exception):
    """The service did not start, or could not go on: what happened, what to do, and the program's exit code."""

    def __init__(self, code: ExitCode, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.code = code
