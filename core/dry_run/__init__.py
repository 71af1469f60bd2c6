"""Dry run: a profile on a simulated unit in bent time, in a process of its own; nothing real moves."""
