"""What is in the vial by the count of what was pumped: volume, share of alt-medium, totals."""
