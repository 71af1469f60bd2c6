"""The command line of `vialdesk keys`; apart from what it does, because every command reads all the arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_LONGEST_NAME = 60


def add_keys_command(commands: Any) -> None:
    """Describe the command and its arguments."""
    keys = commands.add_parser("keys", help="keys to the unit's record, for TofuPilot clients")
    actions = keys.add_subparsers(dest="action", required=True)
    creating = actions.add_parser("create", help="make a key and print it, this once")
    whose = creating.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user", type=_name, metavar="NAME", help="name or e-mail address; made when not there")
    whose.add_argument("--station", type=_name, metavar="NAME", help="name of a station; made when not there")
    listing = actions.add_parser("list", help="list the keys")
    revoking = actions.add_parser("revoke", help="make a key worthless")
    revoking.add_argument("prefix", help="what names the key in the list")
    for each in (creating, listing, revoking):
        each.add_argument("--data", type=Path, metavar="DIR", help="data folder")


def _name(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"a name has 1 to {_LONGEST_NAME} characters")
    return text.strip()
