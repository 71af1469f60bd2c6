"""Guided calibrations: a person is led step by step, and the unit's hardware acts in between."""
