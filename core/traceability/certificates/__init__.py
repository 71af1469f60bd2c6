"""Documents that test engineers file: certificates of calibrations and reports of tests, as PDF."""
