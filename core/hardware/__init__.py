"""Whether the connected board suits a reactor model."""
