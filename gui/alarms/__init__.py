"""Alarms in the window: the strip and the badge of every page, the Alarms page, notifications and sound."""
