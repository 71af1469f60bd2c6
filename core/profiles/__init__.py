"""Experiment profiles: what jobs do when, written down in YAML, read, checked and run."""
