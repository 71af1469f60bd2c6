"""Which job holds which output, and which LEDs are locked while light is being measured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from core.errors import ConflictError


class OutputHolds:
    """Which job holds which output.

    Attributes:
        left_on: outputs that are to be off though the board has not said so; told again when the link is back.
    """

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self.left_on: set[str] = set()

    def claim(self, outputs: Iterable[str], holder: str) -> None:
        """Give all `outputs` to `holder`; raise ConflictError naming the holder when one of them is taken."""
        outputs = tuple(outputs)
        for output in outputs:
            if output in self._holders:
                other = self._holders[output]
                raise ConflictError(
                    f"{output} is held by {other}.",
                    cause="An output can be driven by one job at a time.",
                    remedy=f"Stop {other} first, then try again.",
                    holder=other,
                    output=output,
                )
        self._holders.update(dict.fromkeys(outputs, holder))

    def free(self, outputs: Iterable[str]) -> None:
        """Let go of `outputs`."""
        for output in outputs:
            self._holders.pop(output, None)

    def holder_of(self, output: str) -> str | None:
        """Return who holds an output, None when it is free."""
        return self._holders.get(output)


class LedLocks:
    """Short locks on LEDs while light is being measured: nobody else may write to a locked LED meanwhile.

    Attributes:
        darkenings: how often everything had to go dark; what was lit before is not renewed.
    """

    def __init__(self) -> None:
        self._owners: dict[str, object] = {}
        self.darkenings = 0

    @contextlib.contextmanager
    def locked(self, channels: Iterable[str]) -> Iterator[None]:
        """Lock those of `channels` that are not locked already, until the end of the block."""
        owner = object()
        taken = [channel for channel in channels if self._owners.setdefault(channel, owner) is owner]
        try:
            yield
        finally:
            for channel in taken:
                if self._owners.get(channel) is owner:
                    del self._owners[channel]

    def clear(self) -> None:
        """Take every lock away, because everything must go dark now."""
        self._owners.clear()
        self.darkenings += 1

    def is_locked(self, channel: str) -> bool:
        """Whether someone is measuring light with this LED dark, or lit by the measurement."""
        return channel in self._owners
