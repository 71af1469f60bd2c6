"""`vialdesk dry-run PROFILE`: rehearse a profile from the command line."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from core.dry_run.plan import LONGEST_HOURS, DryRunPlan
from core.dry_run.process import DryRunFailedError, DryRunProcess
from core.dry_run.report import report
from core.errors import ServiceError
from core.exits import ExitCode, StartError
from core.profiles.library import ProfileLibrary


def dry_run(profile: str, data_dir: Path, hours: float | None, inputs: dict[str, Any], *, as_json: bool) -> None:
    """Rehearse a profile and print what came of it.

    Args:
        profile: a file, or the name of a profile in the data folder or among the examples.
        data_dir: the unit's data folder; read only.
        hours: how long at most.
        inputs: values instead of the profile's own.
        as_json: print the result as JSON.

    Raises:
        StartError: there is no such profile, it has errors, or the dry run failed.
    """
    if hours is not None and not 0 < hours <= LONGEST_HOURS:
        raise StartError(ExitCode.USAGE, f"--hours must be above 0 and at most {LONGEST_HOURS:g}.", "Choose another.")
    text = _text(profile, data_dir)
    with tempfile.TemporaryDirectory(prefix="vialdesk-dry-run-") as work_dir:
        plan = DryRunPlan(Path(profile).name, text, str(data_dir), work_dir, hours, inputs)
        process = DryRunProcess(plan.write(), None, _tell)
        try:
            result = process.finish()
        except DryRunFailedError as error:
            raise StartError(ExitCode.FAULT, f"{error.error} {error.cause}", error.remedy) from error
        finally:
            process.kill()
    print(json.dumps(result, indent=2) if as_json else report(result))
    if not result["valid"]:
        raise StartError(ExitCode.USAGE, f"{profile} has errors.", "Correct the lines named above.")


def _text(profile: str, data_dir: Path) -> str:
    path = Path(profile)
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8-sig")
        return ProfileLibrary(data_dir).get(profile).text or ""
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(ExitCode.USAGE, f"{profile} cannot be read ({error}).", "Choose another file.") from error
    except ServiceError as error:
        known = ", ".join(each.file for each in ProfileLibrary(data_dir).all())
        raise StartError(ExitCode.USAGE, error.error, f"Name a file, or one of {known}.") from error


def _tell(progress: dict[str, Any]) -> None:
    if sys.stderr.isatty():
        so_far = f"{progress['hours']:.1f} of {progress['of_hours']:.1f} h"
        print(f"\r{progress['phase']}: {so_far} ", end="", file=sys.stderr)
