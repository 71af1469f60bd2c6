"""Descriptors: how jobs, automations and settings are to be shown to people."""
