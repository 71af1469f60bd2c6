"""The board and the wire: bytes, volts, pins and seconds. No HTTP, no Qt, no opinion about cultures."""
