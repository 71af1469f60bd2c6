"""Dosing: pumps, how long one must run for a volume, and the run itself, told slice by slice."""
