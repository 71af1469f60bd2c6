"""Experiments: what readings, jobs and log lines belong to."""
