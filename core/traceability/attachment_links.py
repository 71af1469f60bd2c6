"""Links to upload and download an attachment without a key: each is signed, for one file and for a short time.

The secret lives as long as the service: a restart makes links worthless, and no copy of the data folder holds it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal

from core.clock import Clock
from core.errors import ForbiddenError

Action = Literal["upload", "download"]
_VALID_S = {"upload": 60, "download": 900}


class Signer:
    """Signs links and checks what it signed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def query(self, action: Action, attachment: str) -> str:
        """Return the query of a link that is valid from now on."""
        expires_s = int(self._clock.utc_s()) + _VALID_S[action]
        return f"expires={expires_s}&signature={self._sign(action, attachment, expires_s)}"

    def check(self, action: Action, attachment: str, expires_s: int, signature: str) -> None:
        """Raise ForbiddenError unless this is a link of ours that is still valid."""
        right = self._sign(action, attachment, expires_s)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise ForbiddenError("This link is not valid.", "Its signature is wrong.", "Ask for the link again.")
        if expires_s < self._clock.utc_s():
            cause = f"It was valid for {_VALID_S[action]} seconds."
            raise ForbiddenError("This link has expired.", cause, "Ask for the link again.")

    def _sign(self, action: Action, attachment: str, expires_s: int) -> str:
        what = f"{action} {attachment} {expires_s}".encode()
        return hmac.new(self._secret, what, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Links:
    """Makes links as whoever asked can follow them.

    Attributes:
        base: the API's own address in the asker's words, such as http://unit7.local:4999/v2.
    """

    base: str
    signer: Signer

    def upload(self, attachment: str) -> str:
        """Return where to PUT an attachment's bytes."""
        return f"{self.base}/attachments/{attachment}/content?{self.signer.query('upload', attachment)}"

    def download(self, attachment: str) -> str:
        """Return where to GET an attachment's bytes."""
        return f"{self.base}/attachments/{attachment}/content?{self.signer.query('download', attachment)}"
