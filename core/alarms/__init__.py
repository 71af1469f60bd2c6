"""Alarms: what a person must know of, kept until somebody has said that they have seen it."""
