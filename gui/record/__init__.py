"""The Unit record page: what units are made of, and how their tests went."""
