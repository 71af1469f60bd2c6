"""The status LED: error codes counted by eye, and "this one is me". It is lit while the button is down."""

_UNIT_US = 10000
# Alternately lit and dark, in hundredths of a second.
_IDENTIFY = (14, 14, 14, 45) * 4
_ERROR_START = (200, 25)
_ERROR_EACH = (25, 25)
_ERROR_PAUSE = 500


class Blinker:
    """Plays one pattern at a time; what is asked for meanwhile is dropped."""

    def __init__(self) -> None:
        self._pattern: "tuple[int, ...]" = ()
        self._index = 0
        self._until_us = 0

    def identify(self, now_us: int) -> None:
        """Blink four doubles."""
        self._play(_IDENTIFY, now_us)

    def error(self, code: int, now_us: int) -> None:
        """Blink `code` times after a long light, then pause."""
        flashes = _ERROR_EACH * code
        self._play(_ERROR_START + flashes[:-1] + (flashes[-1] + _ERROR_PAUSE,), now_us)

    def step(self, now_us: int) -> bool:
        """Return whether the status LED is to be lit now."""
        while self._index < len(self._pattern) and now_us >= self._until_us:
            self._index += 1
            if self._index < len(self._pattern):
                self._until_us += self._pattern[self._index] * _UNIT_US
        return self._index < len(self._pattern) and self._index % 2 == 0

    def next_due_us(self) -> "int | None":
        """Return when the LED changes next, None when no pattern is played."""
        return self._until_us if self._index < len(self._pattern) else None

    def _play(self, pattern: "tuple[int, ...]", now_us: int) -> None:
        if self._index < len(self._pattern):
            return
        self._pattern = pattern
        self._index = 0
        self._until_us = now_us + pattern[0] * _UNIT_US
