"""The unit's record pushed to a TofuPilot server of the user's choice: what waits, how it is sent, what came of it."""
