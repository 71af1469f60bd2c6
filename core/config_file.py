"""The unit's own configuration file, `unit_config.ini`: read as text, replaced only by what the program can use."""

from __future__ import annotations

import configparser
import logging
import os
from collections.abc import Callable
from pathlib import Path

from core.config import Config, ConfigError, parse
from core.errors import BadRequestError
from core.jobs.interrupted import resume_rule
from core.jobs.job import Job
from core.jobs.values import read_options
from core.logs import LEVELS
from core.mqtt.broker_settings import broker_settings

UNIT_FILE = "unit_config.ini"
_log = logging.getLogger(__name__)
# Word processors and web pages make these of hyphens.
_DASHES = str.maketrans({"–": "-", "—": "-"})


def read_unit_file(data_dir: Path) -> str:
    """Return the text of the unit's file, empty when there is none."""
    try:
        return (data_dir / UNIT_FILE).read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return ""


def write_unit_file(data_dir: Path, text: str) -> None:
    """Replace the unit's file as a whole; raise OSError, having changed nothing, when that is not possible."""
    path = data_dir / UNIT_FILE
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def parse_unit_text(code: str) -> str:
    """Return the text to be written, its dashes made hyphens; raise BadRequestError when it is no configuration."""
    text = code.translate(_DASHES)
    try:
        parse(text, UNIT_FILE)
    except configparser.Error as error:
        cause = " ".join(str(error).split())
        raise BadRequestError("This is not a configuration file.", cause, fields=["code"]) from None
    if "\0" in text:
        raise BadRequestError("This is not a configuration file.", "It has a NUL character.", fields=["code"])
    return text


def check_usable(config: Config, present: Config, jobs: list[type[Job]]) -> None:
    """Raise BadRequestError, naming section and key, when a job or the service could not start with `config`.

    What could not be used in the present configuration either is let pass, so that faults can be mended one by one.
    """
    for use in [*_SERVICE_USES, *(_use_of(job) for job in jobs)]:
        fault = _fault(use, config)
        if fault is not None and _fault(use, present) is None:
            extra = {key: value for key, value in fault.extra.items() if key != "fields"}
            raise BadRequestError(
                fault.error, fault.cause, "Correct the value, then send it again.", fields=["code"], **extra
            )


def _fault(use: Callable[[Config], object], config: Config) -> ConfigError | None:
    try:
        use(config)
    except ConfigError as error:
        return error
    except BadRequestError:  # a job with options that have no default: it reads its configuration when it has them
        return None
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - a plug-in's job; told at its start
        _log.debug("A job could not be tried with the configuration (%s: %s).", type(error).__name__, error)
    return None


def _port(config: Config) -> None:
    if not 0 <= config.integer("http", "port") <= 65535:
        raise config.refuse("http", "port", "a port from 0 to 65535")


def _use_of(job: type[Job]) -> Callable[[Config], object]:
    def use(config: Config) -> None:
        job.outputs_needed(config)
        job(config, read_options(job.declaration, {}))

    return use


_SERVICE_USES: list[Callable[[Config], object]] = [
    _port,
    lambda config: config.boolean("system", "dedicated_host"),
    broker_settings,
    resume_rule,
    lambda config: config.choice("logging", "ui_log_level", LEVELS),
    lambda config: config.choice("logging", "console_log_level", LEVELS),
]
