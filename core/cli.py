"""The command line of everything that needs no window: `serve`, `boards`, `simulate-board`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from core.clock import new_loop
from core.config import Config, ConfigError
from core.exits import ExitCode, StartError
from core.folders import default_data_dir
from core.tokens import WINDOW_TOKEN
from core.traceability.keys_arguments import add_keys_command

COMMANDS = ("serve", "boards", "simulate-board", "dry-run", "keys")
# What only the program itself runs, each in a process of its own: the package installer, what makes an export or a PDF.
INNER_COMMANDS = ("pip", "export-datasets", "rehearse", "make-pdfs")
_FASTEST = 10_000.0
_T = TypeVar("_T")


def run_command(arguments: Sequence[str]) -> int:
    """Run one of `COMMANDS` with its arguments and return the program's exit code; says on stderr what went wrong."""
    if list(arguments[:1]) == ["pip"]:
        from core.plugins.pip_process import run_pip

        return run_pip(arguments[1:])
    if list(arguments[:1]) == ["export-datasets"]:
        from core.experiment_export.worker import make_export

        return make_export(arguments[1:])
    if list(arguments[:1]) == ["rehearse"]:
        from core.dry_run.worker import run_worker

        return run_worker(arguments[1:])
    if list(arguments[:1]) == ["make-pdfs"]:
        from core.traceability.certificates.worker import make_pdfs

        return make_pdfs()
    faulthandler.enable()
    try:
        given = _parser().parse_args(arguments)
        run = {
            "serve": _serve,
            "boards": _boards,
            "simulate-board": _simulate_board,
            "dry-run": _dry_run,
            "keys": _keys,
        }[given.command]
        run(given)
    except StartError as error:
        print(f"vialdesk: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return ExitCode.OK
    return ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("vialdesk", description="A bench bioreactor station without its window.")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run the service")
    serving.add_argument("--simulate", action="store_true", help="use a simulated board")
    serving.add_argument("--board", metavar="URL", help="serial port or socket://HOST:PORT of the board")
    serving.add_argument("--host", help="address to listen on; beyond this computer requests need a token")
    serving.add_argument("--port", type=_port, help="port to listen on, 0 for a free one")
    serving.add_argument("--data", type=_folder, metavar="DIR", help="data folder")
    serving.add_argument("--speed", type=_speed, metavar="N", help="with --simulate: run time N times as fast")
    serving.add_argument("--seed", type=int, default=1, help="seed of the simulated board")
    serving.add_argument("--start", action="append", default=[], metavar="JOB", help="start this job; repeatable")
    serving.add_argument("--readings", action="store_true", help="print every reading")
    serving.add_argument("--new-token", action="store_true", help="make a new access token")
    serving.add_argument("--no-plugins", action="store_true", help="leave every plug-in out")
    serving.add_argument("--has-parent", action="store_true", help=argparse.SUPPRESS)
    boards = commands.add_parser("boards", help="list what is plugged in")
    boards.add_argument("--json", action="store_true", help="as JSON")
    simulating = commands.add_parser("simulate-board", help="run a simulated board for other programs")
    where = simulating.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=_port, metavar="PORT", help="listen on this port, 0 for a free one")
    where.add_argument("--pty", action="store_true", help="make a pseudo terminal")
    simulating.add_argument("--seed", type=int, default=1)
    add_keys_command(commands)
    rehearsing = commands.add_parser("dry-run", help="see what an experiment profile would do; nothing real moves")
    rehearsing.add_argument("profile", metavar="PROFILE", help="file, or name of a profile in the data folder")
    rehearsing.add_argument("--json", action="store_true", help="as JSON")
    rehearsing.add_argument("--hours", type=float, metavar="N", help="how long at most")
    rehearsing.add_argument("--data", type=_folder, metavar="DIR", help="data folder; it is only read")
    rehearsing.add_argument(
        "--input", type=_input, action="append", default=[], metavar="NAME=VALUE", help="value of an input; repeatable"
    )
    return parser


def _port(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= (port := int(text)) <= 65535:
            return port
    raise argparse.ArgumentTypeError(f"{text[:60]} is not a port: use 0 to 65535")


def _speed(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (speed := float(text)) <= _FASTEST:
            return speed
    raise argparse.ArgumentTypeError(f"{text[:60]} is not a speed: use a number above 0, at most {_FASTEST:g}")


def _folder(text: str) -> Path:
    if not text.strip():  # such as a variable that is not set: it must not fill the folder one happens to be in
        raise argparse.ArgumentTypeError("an empty name is no folder: give one, or leave --data out")
    return Path(text)


def _input(text: str) -> tuple[str, bool | float | str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text[:60]} is not NAME=VALUE")
    if value in ("true", "false"):
        return name, value == "true"
    try:
        return name, float(value)
    except ValueError:
        return name, value


# What only one command needs is imported by it: the window asks this module too, and must not wait for a web server.


def _serve(given: argparse.Namespace) -> None:
    from core.serve import ServeOptions, serve
    from core.service import ServiceOptions

    if given.simulate and given.board and not given.board.startswith("simulated:"):
        _refuse("--simulate and --board exclude each other.", "Leave one of them out.")
    board_url = given.board or ("simulated:" if given.simulate else None)
    is_simulated = (board_url or "").startswith("simulated:")
    speed = 1.0 if given.speed is None else given.speed
    if speed != 1.0 and not is_simulated:
        _refuse("--speed needs --simulate: a real culture grows at its own pace.", "Add --simulate, or leave it out.")
    data_dir = (given.data or default_data_dir()).absolute()
    host, port = _address(given, data_dir)
    to_terminal = not given.has_parent
    service = ServiceOptions(
        data_dir, board_url, given.seed, speed, log_to_terminal=to_terminal, plugins=not given.no_plugins
    )
    start, has_parent = tuple(given.start), given.has_parent
    # Whatever this process starts need not know it.
    window_token = os.environ.pop(WINDOW_TOKEN, None) if has_parent else None
    options = ServeOptions(service, host, port, start, given.readings, given.new_token, has_parent, window_token)
    port_to_go_on = _run(serve(options), speed)
    if port_to_go_on is not None:
        _start_anew(port_to_go_on, given.has_parent)


def _start_anew(port: int, has_parent: bool) -> NoReturn:
    """Go on as the program that an update put in the place of this one, or have the window do it."""
    if has_parent:
        raise StartError(ExitCode.UPDATED, "Vialdesk was updated.", "The window starts it again.")
    sys.stdout.flush()
    command = [*sys.orig_argv[1:], "--port", str(port)]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - as this program was started


def _refuse(what: str, remedy: str) -> NoReturn:
    raise StartError(ExitCode.USAGE, what, remedy)


def _address(given: argparse.Namespace, data_dir: Path) -> tuple[str, int]:
    """Return host and port, from the command line or the configuration."""
    config = Config.load(data_dir)
    try:
        host = given.host if given.host is not None else config.text("http", "host")
        port = given.port if given.port is not None else config.integer("http", "port")
    except ConfigError as error:
        _refuse(error.error, error.remedy)
    if not 0 <= port <= 65535:
        _refuse(config.refuse("http", "port", "a port from 0 to 65535").error, "Correct it there.")
    return host, port


def _boards(given: argparse.Namespace) -> None:
    from device.discovery import find_boards

    found = find_boards()
    if given.json:
        print(json.dumps([vars(board) for board in found], indent=2))
    elif not found:
        print("No board found. Plug one in, or use the simulated one: vialdesk serve --simulate")
    for board in () if given.json else found:
        print(f"{board.url}  {board.description}  {board.serial_number or ''}".rstrip())
        if board.problem:
            print(f"    {board.problem}. {board.remedy}")


def _simulate_board(given: argparse.Namespace) -> None:
    from device.board import BoardError
    from device.discovery import serve_simulated_board

    async def until_told() -> None:
        task = asyncio.current_task()
        if task is not None and sys.platform != "win32":
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await serve_simulated_board(tcp_port=given.tcp, seed=given.seed)

    try:
        _run(until_told(), 1.0)
    except asyncio.CancelledError:
        return
    except BoardError as error:
        raise StartError(ExitCode.USAGE, f"{error}.", error.remedy) from error
    except OSError as error:
        remedy = "Choose another port, or 0 for any free one."
        raise StartError(ExitCode.PORT_TAKEN, f"The simulated board cannot listen ({error}).", remedy) from error


def _keys(given: argparse.Namespace) -> None:
    from core.traceability.keys_command import run_keys
    from core.unit_name import unit_name

    data_dir = given.data or default_data_dir()
    _run(run_keys(given, data_dir, unit_name(Config.load(data_dir))), 1.0)


def _dry_run(given: argparse.Namespace) -> None:
    from core.dry_run.command import dry_run

    data_dir = (given.data or default_data_dir()).absolute()
    dry_run(given.profile, data_dir, given.hours, dict(given.input), as_json=given.json)


def _run(work: Coroutine[Any, Any, _T], speed: float) -> _T:
    with asyncio.Runner(loop_factory=lambda: new_loop(speed)) as runner:
        return runner.run(work)


if __name__ == "__main__":
    sys.exit(run_command(sys.argv[1:]))
