"""The command `vialdesk`: the window, or a command that needs none. The one file that imports core.embedded."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_COMMANDS = ("serve", "boards", "simulate-board", "dry-run", "keys")
# What only the program itself runs, each in a process of its own: the package installer, and what makes an export.
_INNER_COMMANDS = ("pip", "export-datasets", "rehearse", "make-pdfs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `vialdesk` with these arguments; return the process's exit code.

    Commands without a window never import Qt, so that they run where there is none.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in (*_COMMANDS, *_INNER_COMMANDS):
        from core.embedded import run_command

        return run_command(given)
    parser = _parser()
    options = parser.parse_args(given)
    if options.speed is not None and not options.simulate:
        parser.error("--speed needs --simulate: a real culture grows at its own pace")
    if not _has_display():
        from core.embedded import ExitCode

        sys.stderr.write(
            "vialdesk: there is no display to open a window on.\n"
            "Start it on a desktop, or run the service without a window:\n"
            "    vialdesk serve --simulate\n"
        )
        return ExitCode.NO_DISPLAY
    return _open_window(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vialdesk",
        description="Opens the Vialdesk window. Commands without a window: " + ", ".join(_COMMANDS) + ".",
    )
    parser.add_argument("--simulate", action="store_true", help="work with a simulated board")
    parser.add_argument(
        "--attach", type=_address, metavar="URL", help="attach to a running service, such as http://127.0.0.1:4999"
    )
    parser.add_argument("--token", help="the token of a service on the network (or VIALDESK_TOKEN)")
    parser.add_argument("--data", metavar="DIR", type=Path, help="the data folder of the window's own service")
    parser.add_argument("--speed", type=float, metavar="N", help="with --simulate: run time N times as fast")
    parser.add_argument("--no-plugins", action="store_true", help="leave every plug-in out of the window's own service")
    # For screenshots and tests; they change this run only.
    parser.add_argument("--theme", choices=("system", "light", "dark"), help=argparse.SUPPRESS)
    parser.add_argument("--page", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help=argparse.SUPPRESS)
    return parser


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text} is no address: use http://HOST:PORT, such as http://127.0.0.1:4999")
    return text


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError as error:
        raise argparse.ArgumentTypeError("must be WIDTHxHEIGHT, such as 1280x800") from error


def _has_display() -> bool:
    """Whether Qt has something to draw on; only X11 and Wayland systems can lack it."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "vnc")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open_window(options: argparse.Namespace) -> int:
    from core.embedded import EmbeddedError, EmbeddedService
    from gui.app import Start, run_window

    start = Start(
        simulate=options.simulate,
        attach=options.attach,
        token=options.token or os.environ.get("VIALDESK_TOKEN"),
        theme=options.theme,
        page=options.page,
        size_px=options.size,
    )
    speed = () if options.speed is None else ("--speed", f"{options.speed:g}")
    more = (*speed, *(("--no-plugins",) if options.no_plugins else ()))
    return run_window(lambda: EmbeddedService(options.data, more), start, (EmbeddedError, OSError))


if __name__ == "__main__":
    sys.exit(main())
