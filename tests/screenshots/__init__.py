"""Draws every page of the real window in light and dark, large and small, in good times and bad."""
