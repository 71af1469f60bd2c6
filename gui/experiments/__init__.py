"""The Experiments page: what was done on this unit, each experiment in detail, and several beside each other."""
