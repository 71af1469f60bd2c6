"""Guided calibrations: the window leads a person through the steps that the service tells."""
