"""The records: every reading, event, setting change, log line and user action, kept in the data folder."""
