"""Which Vialdesk this is; the same as in pyproject.toml, which is not there once the program is frozen."""

from __future__ import annotations

VERSION = "0.1.0"
