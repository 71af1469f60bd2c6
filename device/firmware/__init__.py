"""The firmware: the modules that run on the board, and in the simulated board."""
