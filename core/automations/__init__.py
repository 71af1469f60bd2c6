"""Automations: jobs that follow one rule each, for temperature, light and dosing.

A job hosts one rule: `temperature_automation`, `led_automation` and `dosing_automation` are three kinds of job, and the
option `automation_name` chooses the rule.
"""
