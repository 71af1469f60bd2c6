"""The simulated board: the firmware on top of a model of the reactor's physics."""
