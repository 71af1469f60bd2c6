"""The Live page: curves on one time axis, and cards with the values of now."""
