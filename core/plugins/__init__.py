"""Plugins: jobs that others add to a unit."""
