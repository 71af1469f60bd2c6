"""Estimators: one optical density out of photodiodes at several angles, kept as files."""
