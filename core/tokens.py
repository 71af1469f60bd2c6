"""Access tokens: made here, and handed by a window to the service it starts. Light to load: the window needs it too."""

from __future__ import annotations

import secrets

# Environment variable in which a window tells the service it starts what its own requests will carry.
WINDOW_TOKEN = "VIALDESK_WINDOW_TOKEN"  # noqa: S105 - the variable's name


def new_token() -> str:
    """Return a token nobody can guess."""
    return secrets.token_urlsafe(32)
