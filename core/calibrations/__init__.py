"""Calibrations: curves that relate what a device is told to what it does, kept as files."""
