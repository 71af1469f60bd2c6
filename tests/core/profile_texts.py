"""Profiles for tests."""

from __future__ import annotations

HEAD = """\
version: "1.0"
experiment_profile_name: test
"""

# A stirrer that is started, changed and stopped within two minutes.
STIRRING = (
    HEAD
    + """\
common:
  jobs:
    stirring:
      actions:
        - type: start
          t: 0
          options: {target_rpm: 400}
        - type: update
          t: 60s
          options: {target_rpm: 500}
        - type: log
          t: 60s
          options: {message: "now ${{ ::stirring:target_rpm }} rpm at ${{ hours_elapsed() * 60 }} min"}
        - type: stop
          t: 2m
"""
)


def of_job(job_name: str, actions: str) -> str:
    """Return a profile of one job; `actions` is a YAML list in flow style or indented by eight."""
    return f"{HEAD}common:\n  jobs:\n    {job_name}:\n      actions:\n{actions}"
