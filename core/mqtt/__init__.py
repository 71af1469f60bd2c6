"""MQTT, optional: what happens on this unit told to a broker, and settings taken from it."""
