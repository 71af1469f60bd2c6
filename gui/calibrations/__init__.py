"""The Calibrations page: devices with their calibrations and estimators, and their curves."""
