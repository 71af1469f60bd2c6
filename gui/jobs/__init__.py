"""The Jobs page: what runs, with its settings, and what can be started."""
