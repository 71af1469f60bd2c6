"""Jobs: long-lived activities and short actions that use the board."""
